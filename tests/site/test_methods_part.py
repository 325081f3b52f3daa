"""The page of methods texts: generated texts, and the document's sentences beside their claims."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from paper_repro.judging import Verdict
from paper_repro.site.inserts.methods import FORMATS, methods_parts
from paper_repro.site.inserts.sentences import AGAINST, examples, sentence_parts
from paper_repro.study import BUILT_IN, load_study
from paper_repro.study.coverage import load_coverage
from paper_repro.verify.finding import Stage
from paper_repro.verify.report.markdown import escape
from paper_repro.verify.report.style import labelled
from paper_repro.verify.run import verify
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_variant
from paper_repro.writing.formats import render
from paper_repro.writing.provenance import provenance
from paper_repro.writing.text import LENGTHS

STUDY = load_study()
PAGE = (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")
LINES = (BUILT_IN / "source-document.md").read_text(encoding="utf-8").splitlines()
VARIANTS = [variant.id for variant in STUDY.variants]
RIGHT, WRONG, OPEN = "What is right", "What to change", "What is open"


@pytest.fixture(scope="module")
def report():
    return verify(STUDY, [Stage.ARITHMETIC])


@pytest.fixture(scope="module")
def texts():
    return methods_parts(STUDY)


def groups(part):
    """The items of a part below each of its headings."""
    pieces = re.split(r"^\*\*(.+)\*\*$", part, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def test_the_three_sentences_stand_word_for_word():
    found = examples(STUDY)
    assert [example.title for example in found] == ["Misleading", "Correct", "Even Better"]
    for example in found:
        assert "\n".join(LINES[example.first - 1 : example.last]) == example.words
        assert LINES[example.first - 2] == "```" == LINES[example.last]
    assert found[0].said == "This implies you pre-trained from scratch!" == LINES[294]


def test_every_claim_on_their_lines_stands_in_the_group_of_its_verdict(report):
    parts = sentence_parts(STUDY, report)
    claims = {claim.id: claim for claim in report.claims}
    seen = set()
    for example in examples(STUDY):
        assert example.words in parts[f"quote-{example.name}"]
        found = groups(parts[f"found-{example.name}"])
        inside = [e for e in load_coverage() if example.first <= e.line <= example.last]
        for id in {id for entry in inside for id in entry.claims}:
            held = claims[id].verdict in (Verdict.HOLDS, Verdict.HOLDS_ROUNDED)
            where = RIGHT if held else OPEN
            where = WRONG if claims[id].verdict is Verdict.CONTRADICTED else where
            (item,) = (line for line in found[where].splitlines() if f"(claims.md#{id})" in line)
            assert item.startswith(f"- **{labelled(claims[id].verdict)}:** [“")
            assert escape(claims[id].explanation.partition("`")[0].strip())[:60] in item
            seen.add(id)
    assert {"L2.sentence.count", "L2.frames.distinct", "L2.even-better.rank-and-count"} <= seen


def test_another_verdict_moves_the_claim_and_another_number_changes_it(report):
    def other(claim):
        if claim.id != "L2.sentence.count":
            return claim
        new = {"verdict": Verdict.HOLDS, "explanation": "It gives 1,234 parameters."}
        return claim.model_copy(update=new)

    changed = report.model_copy(update={"claims": [other(claim) for claim in report.claims]})
    found = groups(sentence_parts(STUDY, changed)["found-correct"])
    assert "L2.sentence.count) It gives 1,234 parameters." in found[RIGHT]
    assert "L2.sentence.count" not in found[WRONG]


def test_what_the_page_says_in_its_own_words_rests_on_reviewed_verdicts():
    """Where one of these changes, the prose of docs/methods.md has to be read again."""
    assert {id: STUDY.claim(id).reviewed for id in BEHIND_THE_PROSE} == BEHIND_THE_PROSE
    assert set(AGAINST["misleading"]) <= BEHIND_THE_PROSE.keys()


BEHIND_THE_PROSE = {
    "L0.pretrained": Verdict.HOLDS,
    "L0.frozen": Verdict.HOLDS,
    "L0.base.count": Verdict.HOLDS_ROUNDED,
    "L0.base.identity": Verdict.HOLDS,
    "L0.base.publisher": Verdict.HOLDS,
    "L2.frames": Verdict.CONTRADICTED,
    "L2.frames.distinct": Verdict.CONTRADICTED,
    "L2.sentence.count": Verdict.CONTRADICTED,
    "L2.sentence.percent": Verdict.CONTRADICTED,
    "L2.even-better.rank": Verdict.HOLDS,
    "L2.even-better.rank-and-count": Verdict.CONTRADICTED,
}


def test_no_number_of_the_findings_is_typed_on_the_page(report, texts):
    start, end = PAGE.index("## The document's own sentences"), PAGE.index("## The texts")
    prose = re.sub(r"<!--.*?-->|`[^`]*`", "", PAGE[start:end])
    assert not re.search(r"\d", prose)
    wanted = set(re.findall(r"<!-- insert: (\S+) -->", PAGE))
    assert wanted == {*sentence_parts(STUDY, report), *texts} - {"the-sentence"}


def section(texts, variant, length):
    start = texts.index(f"{{ #{variant}-{length} }}")
    return re.split(r"^(?:#|\?)", texts[start:], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_each_text_is_what_the_package_writes_and_each_number_has_its_source(
    texts, variant, length
):
    text = compose(of_variant(STUDY, STUDY.variant(variant)), length)
    made = section(texts["methods-texts"], variant, length)
    blocks = re.findall(r"^    ```\{ [^\n]*\n(.*?)^    ```$", made, flags=re.MULTILINE | re.DOTALL)
    expected = [render(text, form, length == "supplement") for form in FORMATS]
    assert [dedent(block) for block in blocks] == expected
    rows = made.partition("| --- | --- |")[2]
    for number in provenance(STUDY, text, variant)["numbers"]:
        shown = f"**{escape(number['words'])}** {escape(number['quantity'])}"
        ends = tuple(f"| {escape(number['source'])}{end}" for end in ("<br>Claims: ", " |"))
        (row,) = (row for row in rows.splitlines() if any(end in row for end in ends))
        assert shown in row
        assert all(f"(claims.md#{id})" in row for id in number["claims"])


def test_each_reading_has_its_own_sentence(texts):
    found = texts["reading-sentences"].split("If it was ")[1:]
    counts = ("32,571,392", "4,358,144", "18,464,768")
    for variant, count, said in zip(VARIANTS, counts, found, strict=True):
        assert said.startswith(f"`{variant}` (") and said.count(count) == 1
        assert all(other not in said for other in counts if other != count)
