"""The terminal report: every claim, no overflow at any width, nothing that drives a terminal."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from paper_repro.judging import Verdict
from paper_repro.verify.report import render
from paper_repro.verify.report import show as show_on_stdout
from paper_repro.verify.report.style import labelled
from paper_repro.verify.report.table import SHORT, _widths
from paper_repro.verify.report.terminal import make_console, show
from paper_repro.verify.report.wording import first_sentences, found, shorten, stated
from tests.verify.sample_report import ALL, CLAIMS, claim, sample_report

NASTY = st.text(
    st.one_of(
        st.sampled_from("a1 \n\t`|*[]/_-.…✅❌├│→×漢字👩‍🔬\u0301\u200d\ufe0f\x1b\x07\u202e"),
        st.characters(codec="utf-8"),
    ),
    max_size=80,
)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def widest(text: str) -> int:
    return max(cell_len(line) for line in text.split("\n"))


@pytest.mark.parametrize("width", [*range(40, 201, 8), 71, 72, 75, 76, 109, 110])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert widest(render(ALL, "text", width)) <= width
    assert widest(render(ALL, "text", width, full=True)) <= width


@settings(max_examples=60, deadline=None)
@given(NASTY, NASTY, NASTY, st.sampled_from(Verdict), st.integers(40, 200), st.booleans())
def test_no_text_makes_a_line_overflow(
    quote: str, printed: str, found: str, verdict: Verdict, width: int, full: bool
) -> None:
    odd = claim(
        "L1.a-very-long-claim-id.that-goes-on-and-on.count",
        quote,
        found,
        verdict,
        printed=printed,
        found_text=found,
        explanation=quote,
        reconciles=[found],
        reason=found,
    )
    text = render(sample_report([odd]), "text", width, full=full)
    assert widest(text) <= width
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_table_columns_share_the_width() -> None:
    for width in range(SHORT, 200):
        columns = _widths(width)
        assert sum(columns.values()) + 2 * (len(columns) - 1) <= width
        assert columns["claim"] >= 20


@pytest.mark.parametrize(("width", "full"), [(40, False), (71, False), (40, True), (120, True)])
def test_nothing_is_cut_off(width: int, full: bool) -> None:
    text = squeezed(render(ALL, "text", width, full=full))
    for one in CLAIMS:
        assert squeezed(stated(one)) in text and squeezed(found(one)) in text
        if full:
            for part in (one.quote, one.place, one.formula, one.consequence, one.command):
                assert squeezed(part) in text


@pytest.mark.parametrize("width", [40, 60, 80, 120, 160])
def test_every_claim_stands_with_its_verdict_in_words(width: int) -> None:
    text = squeezed(render(ALL, "text", width))
    for one in CLAIMS:
        assert one.id[:20] in text
    for verdict in Verdict:
        assert squeezed(labelled(verdict)) in text
    assert squeezed(ALL.closing) in text


def test_columns_follow_the_width() -> None:
    wide, short, narrow = (render(ALL, "text", width) for width in (120, 80, 50))
    assert re.search(r"^claim +printed +found +verdict +evidence$", wide, re.MULTILINE)
    assert "“trainer.train() # Only 18M parameters updated!”" in wide
    assert re.search(r"^claim +printed +found +verdict$", short, re.MULTILINE)
    assert not re.search(r"^claim +printed", narrow, re.MULTILINE)


def test_contradictions_say_what_reconciles_them() -> None:
    text = render(ALL, "text", 120)
    assert (
        "✗ L2.trainable.count  printed 18M, found 32,571,392 parameters\n"
        "  → variant seven-modules: 18,464,768 parameters\n"
    ) in text
    assert "  No reading in this study does. r=32 on seven modules." in text


def test_stages_that_did_not_run_come_with_their_command() -> None:
    text = render(ALL, "text", 120)
    assert "gpu: unavailable, PyTorch finds no CUDA device here\n  python -m paper_repro" in text
    assert "hub: not selected\n  python -m paper_repro verify --stage hub" in text
    assert "arithmetic: ran" not in text


def test_failed_checks_are_never_silent() -> None:
    text = render(ALL, "text", 120)
    assert "! L2.option-a\n  stage train: RuntimeError: no space left on device" in text


def test_one_claim_in_full() -> None:
    (one,) = (claim for claim in CLAIMS if claim.id == "L1.frozen")
    text = render(sample_report([one]), "text", 120, full=True)
    for line in one.quote.splitlines():
        assert line in text
    for part in (one.place, one.formula, one.evidence, one.consequence, one.command):
        assert part in text
    for name, result in one.by_variant.items():
        assert re.search(rf"{name}.* {result.found_text} +{labelled(result.verdict)}", text)
    assert "is_trainable=True unfreezes it" in text


def test_text_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = render(ALL, "text", 100)
    for name, value in {"COLUMNS": "44", "FORCE_COLOR": "1", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    assert render(ALL, "text", 100) == plain
    assert "\x1b" not in plain


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"TERM": "xterm-256color"}, True), ({"NO_COLOR": "1", "TERM": "xterm"}, False)],
)
def test_colour_obeys_no_color(environment: dict[str, str], coloured: bool) -> None:
    file = io.StringIO()
    show(ALL, Console(file=file, force_terminal=True, width=100, _environ=environment))
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", file.getvalue())) is coloured


def test_dumb_terminal_gets_plain_text() -> None:
    file = io.StringIO()
    show(ALL, Console(file=file, force_terminal=True, width=100, _environ={"TERM": "dumb"}))
    assert "\x1b" not in file.getvalue()


def test_markup_in_a_quote_stays_literal() -> None:
    odd = claim("L1.odd", "[bold red]x[/] :smile: \x1b[31m", "line 1", "holds", printed="1")
    text = render(sample_report([odd]), "text", 120)
    assert "[bold red]x[/] :smile: \N{REPLACEMENT CHARACTER}[31m" in text


def test_stdout_that_is_not_unicode_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    show_on_stdout(ALL)
    sys.stdout.flush()
    assert b"? contradicted" in raw.getvalue()
    assert make_console(stderr=True).stderr


@given(NASTY, st.integers(1, 60), NASTY)
def test_shortened_text_fits_and_comes_from_the_quote(text: str, limit: int, keep: str) -> None:
    line = " ".join(text.split())
    short = shorten(text, limit, keep, cell_len)
    assert cell_len(short) <= limit
    assert short.strip("… ") in line


def test_shortening_keeps_the_printed_value_and_whole_words() -> None:
    quote = "We employed parameter-efficient fine-tuning, training only 18M adapter parameters"
    assert shorten(quote, 30) == "We employed …"
    short = shorten(quote, 30, "18M")
    assert "18M" in short
    assert set(short.split()) - {"…"} <= set(quote.split())


def test_explanations_are_cut_between_sentences() -> None:
    assert first_sentences("One. Two words. Three.", 16) == "One. Two words."
    assert first_sentences("A sentence that is long.", 12) == "A sentence …"


def test_importing_the_reports_is_light() -> None:
    script = (
        "import sys, paper_repro.verify.report; "
        "print({'rich', 'jinja2', 'torch'} & set(sys.modules) or 'light')"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "light"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_verdict_that_fills_the_line_keeps_its_word_and_number(width: int) -> None:
    """Ninety-five claims that were not checked: the bar gives way, the words do not."""
    report = sample_report()
    one = next(c for c in report.claims if c.verdict is Verdict.NOT_CHECKED)
    claims = [one.model_copy(update={"id": f"L0.copy{number}"}) for number in range(95)]
    summary = {verdict.value: 95 * (verdict is Verdict.NOT_CHECKED) for verdict in Verdict}
    text = render(report.model_copy(update={"claims": claims, "summary": summary}), "text", width)
    assert re.search(r"not checked\s+95", text)
    assert widest(text) <= width
