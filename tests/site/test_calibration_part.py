"""The page of hours lays every measured run beside its estimate, and shows others' timings."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from paper_repro.hardware import calibration as module
from paper_repro.hardware.calibration import Measured, calibration, error, estimated, measured
from paper_repro.hardware.calibration_figure import called, draw_calibration, ordered
from paper_repro.hardware.estimate import estimate
from paper_repro.hardware.flops import sample
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.published import CARD, faster, published, roofline
from paper_repro.hardware.words import ends, rounded, span
from paper_repro.site.build import INSERT
from paper_repro.site.inserts import calibration as site
from paper_repro.site.inserts.calibration import calibration_part
from paper_repro.study import load_study

ROOT = Path(__file__).parents[2]
STUDY = load_study()
T4 = gpus()[CARD]


@pytest.fixture(scope="module")
def page():
    return plain(calibration_part(STUDY))


def plain(markdown):
    return unescape(markdown).replace("\\", "")


def row(run):
    low, high = estimated(run).seconds
    off = error(run)
    dropout = "" if run.dropout else ", no dropout"
    cells = (
        f"{run.way}{dropout}, {run.gpu.upper()}, {run.width} × {run.height}",
        str(run.batch),
        rounded(1000 * run.seconds),
        f"{rounded(1000 * low)} – {rounded(1000 * high)}",
        f"{off.time:.2f}",
        f"{off.memory:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def of_runs(monkeypatch, *runs):
    calibration.cache_clear()
    monkeypatch.setattr(site, "measured", lambda: runs)
    monkeypatch.setattr(module, "measured", lambda: runs)
    page = plain(calibration_part(STUDY))
    calibration.cache_clear()
    return page


def test_every_run_is_a_row_beside_its_estimate(page):
    lines = page.splitlines()
    start = lines.index(next(line for line in lines if line.startswith("| run |"))) + 2
    shown = lines[start : lines.index("", start)]
    assert sorted(shown) == sorted(row(run) for run in measured())


def test_an_errors_middle_is_that_of_the_estimated_interval():
    for run in measured():
        low, high = estimated(run).seconds
        assert low < high and low < error(run).time * run.seconds < high
        assert (error(run).time * run.seconds) ** 2 == pytest.approx(low * high)
        assert error(run).memory == pytest.approx(estimated(run).bytes / run.peak_bytes)


@pytest.mark.parametrize("way", ["notebook", "notebook-today"])
def test_a_runs_interval_is_that_which_the_estimate_gives_for_the_same(way):
    of, card = STUDY.variant("stated"), gpus()["h100"]
    whole = estimate(STUDY, of, card, (224, 224), way)
    text = of.settings.text_tokens
    tokens = sample(STUDY.configs[STUDY.base(of).id], 224, 224, text).tokens
    run = Measured("", "", "", "", "h100", way, 224, 224, text, tokens, 1, True, True, 1.0, 1)
    assert whole.seconds.bound_by == "launches"
    wanted = [3600 * end / whole.passes for end in ends(whole.hours)]
    assert estimated(run).seconds == pytest.approx(wanted)
    assert estimated(run).bytes == sum(whole.memory.values())


def test_runs_go_by_way_then_by_size_then_by_card():
    one = measured()[0]
    wanted = [
        replace(one, way="notebook", width=1000, gpu="h200"),
        replace(one, way="default", width=100, gpu="h100"),
        replace(one, way="default", width=100, gpu="h200"),
        replace(one, way="default", width=200, gpu="h100"),
    ]
    assert ordered(wanted[::-1]) == wanted


def test_it_sums_up_how_many_intervals_hold_and_the_least_and_the_most(page):
    runs = measured()
    inside = [run for run in runs if estimated(run).seconds[0] <= run.seconds]
    inside = [run for run in inside if run.seconds <= estimated(run).seconds[1]]
    assert f"Of {len(runs)} measured runs the estimate's interval holds {len(inside)}**" in page
    for values in zip(*map(error, runs), strict=True):
        assert f"{min(values):.2f} – {max(values):.2f} of the measured" in page
    for way in {run.way for run in runs}:
        assert f"- `{way}`: {calibration(way).words}." in page


def test_a_run_outside_of_its_interval_is_not_counted(monkeypatch):
    one = measured()[0]
    low, high = estimated(one).seconds
    runs = [replace(one, seconds=seconds) for seconds in (low / 2, (low + high) / 2, high * 2)]
    page = of_runs(monkeypatch, *runs)
    assert "Of 3 measured runs the estimate's interval holds 1**" in page


def test_that_no_run_was_on_the_studys_card_is_said_while_it_is_so(monkeypatch):
    one = replace(measured()[0], gpu="h100")
    said = f"None of them ran on an {T4.name}"
    assert said in of_runs(monkeypatch, one)
    assert said not in of_runs(monkeypatch, one, replace(one, gpu="t4"))


def test_the_figure_has_a_row_for_every_run(page, tmp_path):
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    words = list(ElementTree.fromstring(svg).itertext())
    for run in measured():
        assert called(run) in words
    assert "as measured" in words and "estimated ÷ measured seconds" in words
    draw_calibration(measured(), tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("factor", [0.01, 100])
def test_a_figure_reaches_to_bars_that_lie_far_off(factor, tmp_path):
    one = measured()[0]
    draw_calibration([replace(one, seconds=factor * one.seconds)], tmp_path / "far.svg")
    assert "as measured" in (tmp_path / "far.svg").read_text()


def test_others_timings_stand_with_what_products_take_in_either_type(page):
    for one in published():
        start = f"| {one.model}; {one.bits} bits, {one.computed_in or 'type not stated'}; "
        line = next(line for line in page.splitlines() if line.startswith(start + one.trainer))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        spans = [roofline(one, T4, bf16) for bf16 in (False, True)]
        assert cells[1:3] == [f"{one.batch} × {one.accumulation}", span(one.seconds)]
        if one.tokens is None:
            assert cells[3:] == ["not published", "–", "–"]
        elif one.at_most:
            most = [f"up to {rounded(ends(each)[1])}" for each in spans]
            assert cells[3:] == [f"at most {one.tokens:,}", *most]
        else:
            assert cells[3:] == [f"{one.tokens:,}, assumed", *map(span, spans)]
        took = f"{one.steps} steps in {one.runtime_seconds:,.1f} s"
        assert f"- {one.model}: {one.source}, {took}" in page.splitlines()


def test_it_says_which_type_holds_each_and_on_what_that_rests(page):
    gemma, qwen = (
        next(line for line in page.splitlines() if line.startswith(f"- **{model}"))
        for model in ("Gemma-2B", "Qwen3-14B")
    )
    assert "2.2 seconds lie within what products in float16 take, and not within" in gemma
    assert "Tokens: 2,048, assumed; rows are packed" in gemma
    assert "35 seconds lie within what products in bfloat16 take, and not within" in qwen
    assert "Tokens: at most 1,024; max_length is 1,024" in qwen
    assert "Of the other 6 the tokens of a sample are not published" in page


def test_a_time_that_neither_type_holds_is_said_to_lie_outside_of_both(monkeypatch):
    one = replace(published()[5], runtime_seconds=4800.0)
    monkeypatch.setattr(site, "published", lambda: (one,))
    page = plain(calibration_part(STUDY))
    assert "5 seconds lie outside of what products in float16 or bfloat16 take. Tokens" in page


def test_that_none_is_of_this_model_and_unsloths_ratio_are_said(page):
    assert "None of these 8 is of `qwen2-vl-2b`" in page
    assert f"{faster().low} – {faster().high} × as fast as plain PEFT" in page
    assert faster().source in page


def test_a_page_takes_it():
    written = (ROOT / "docs" / "hours.md").read_text(encoding="utf-8")
    assert INSERT.format("calibration") in written.partition("## How far an estimate is off")[2]
