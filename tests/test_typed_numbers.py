"""What ``verify`` computes is typed nowhere in prose: a generated part says it, or a quotation.

Read are README, CONTRIBUTING, the pages, the literate scripts and the words of generated parts;
passed over are blocks of code, what stands in quotation marks, and what the document itself prints.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from paper_repro.judging import Interval, Printed, Value, read_printed
from paper_repro.judging.printed import quantum
from paper_repro.manuscript.numbers.numerals import Numeral, numerals
from paper_repro.manuscript.quotations import is_quoted
from paper_repro.manuscript.readers import markdown
from paper_repro.site.inserts.steps import steps_parts
from paper_repro.study import load_study
from paper_repro.study.quantities import QUANTITIES
from paper_repro.verify.finding import Finding, Stage, Subject
from paper_repro.verify.run import load_stage, verify
from tests.documents import README, ROOT, scripts

PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PARTS = sorted((ROOT / "paper_repro" / "site").rglob("*.py"))
SMALLEST = 1000
"""Counts below it are other numbers too."""
SHARES = {"percent", "percentage points", "% more"}
ROUNDS_TO = re.compile(r"`(?P<printed>[^`]+)` is \[(?P<low>[^,\]]+), (?P<high>[^)]+)\)")
"""How a page says what a printed number stands for: no count, and held by a test of its own."""
COUNTED = re.compile(
    r"\b\d+ (?:of (?:the )?\d+ )?(?:claims|verdicts|contradicted|underdetermined|not checked)\b"
)


@cache
def findings() -> list[Finding]:
    """Everything that arithmetic finds for the built-in study; other stages agree or fail."""
    study = load_study()
    named = {"", *(each.id for each in (*study.models, *study.adapters, *study.datasets))}
    wanted = frozenset(Subject(quantity, of) for quantity in QUANTITIES for of in named)
    return list(load_stage(Stage.ARITHMETIC)(study, wanted, lambda message: None))


def numbers(value: Value) -> list[Fraction]:
    """A found number, or the ends of a found interval."""
    ends = (value.low, value.high) if isinstance(value, Interval) else (value,)
    return [Fraction(e) for e in ends if isinstance(e, int | Fraction) and not isinstance(e, bool)]


@cache
def computed(percent: bool) -> frozenset[Fraction]:
    """Percentages, or counts from ``SMALLEST`` on."""
    units = [(QUANTITIES[found.subject.quantity].unit, found.value) for found in findings()]
    if percent:
        return frozenset(n for unit, value in units if unit in SHARES for n in numbers(value))
    return frozenset(
        n for unit, value in units if unit != "year" for n in numbers(value) if n >= SMALLEST
    )


@cache
def printed_by_the_document() -> frozenset[Interval]:
    """What the numbers that claims quote stand for."""
    return frozenset(filter(None, (interval(claim.printed) for claim in load_study().claims)))


def interval(printed: str | None) -> Interval | None:
    try:
        return read_printed(printed or "").interval
    except ValueError:
        return None


def readings(numeral: Numeral) -> Iterator[Printed]:
    """A number in prose, or each end of a range or bound."""
    if numeral.printed.kind == "rounded":
        yield numeral.printed
        return
    unit = re.sub(r".*\d|\+", "", numeral.text)
    for digits in re.findall(r"\d[\d,]*(?:\.\d+)?", numeral.text):
        yield read_printed(digits.rstrip(",") + unit)


def is_telling(printed: Printed, percent: bool) -> bool:
    """Whether it has enough digits to be this number and hardly another."""
    exact = printed.exact
    if exact is None:
        return False
    figures = len(str(int(exact / quantum(printed.text))))
    if percent:
        return "." in printed.text or figures > 1
    scaled = exact >= 10**6 and re.search("[a-zA-Z]", printed.text)
    return bool(scaled) or figures > 2


def typed(text: str) -> Iterator[str]:
    """Each number in a page's prose that ``verify`` computes, with words around it."""
    text = ROUNDS_TO.sub(lambda match: f"`{match['printed']}`", text)
    for passage in markdown.passages(text, lambda raw: True):
        words = passage.text
        if passage.role == "quotation":
            continue
        yield from (match[0] for match in COUNTED.finditer(words))
        for numeral in numerals(words):
            if is_quoted(words, numeral.start, numeral.end):
                continue
            for each in readings(numeral):
                hit = any(value in each.interval for value in computed(numeral.percent))
                known = each.interval in printed_by_the_document()
                if hit and not known and is_telling(each, numeral.percent):
                    yield f"…{words[max(numeral.start - 30, 0) : numeral.end + 20]}…"


def typed_in_code(source: str) -> Iterator[str]:
    """The same of a module's text for readers, and of its whole numbers; docstrings apart."""
    tree = ast.parse(source)
    docstrings = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    formats = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue) and node.format_spec
        for part in ast.walk(node.format_spec)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in docstrings | formats:
            if isinstance(node.value, str):
                yield from typed(re.sub(r"\{[^{}]*\}", "", node.value))
            elif node.value in computed(percent=False):
                yield str(node.value)


def cells(path: Path) -> str:
    """The Markdown cells of a literate script."""
    found = re.findall(r"^# %% \[markdown\]\n((?:#.*\n)+)", path.read_text(), flags=re.MULTILINE)
    return "\n\n".join(re.sub(r"^# ?", "", cell, flags=re.MULTILINE) for cell in found)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_has_a_computed_number_typed_by_hand(page: Path) -> None:
    assert list(typed(page.read_text(encoding="utf-8"))) == [], "use a part of paper_repro.site"


@pytest.mark.parametrize("script", scripts(), ids=name)
def test_no_script_has_one(script: Path) -> None:
    assert list(typed(cells(script))) == [], "let a Sentence say it"
    assert list(typed_in_code(script.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("part", PARTS, ids=name)
def test_no_generated_part_has_one(part: Path) -> None:
    assert list(typed_in_code(part.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "words",
    [
        "It trains 4,358,144 weights.",
        "It trains 4358144 weights.",
        "It trains 4.36M weights.",
        "It trains 4.4 million weights.",
        "Level 1 is 36.9 million parameters.",
        "From 4.36 to 18.5M weights.",
        "Less than 32.6M weights.",
        "The base has 2.21B weights.",
        "The base has 2.209 billion weights.",
        "It saw 8.4 trillion tokens.",
        "That is 0.1973 % of the base.",
        "That is 0.197% of the base.",
        "That is 0.2 % of the base.",
        "That is 1.47 percent of the base.",
        "Training reads 9,125 rows.",
        "Training takes 1,710 steps.",
        "At least 123,700 GPU hours.",
        "36 of 102 contradicted.",
        "There are 102 claims.",
    ],
)
def test_one_that_is_typed_is_seen(words: str) -> None:
    for page in (words, f"# {words}", f"- {words}", f"| a | b |\n| --- | --- |\n| c | {words} |"):
        assert list(typed(page)) != []
    assert list(typed(f"We write `{words}` here.")) != []
    assert list(typed_in_code(f"said = f'{words} {{more}}'")) != []


@pytest.mark.parametrize(
    "words",
    [
        "The document prints 18M, 18,000,000, 0.9 %, 32M, 2B and 10,139.",
        '"It trains 4,358,144 weights"',
        "“It trains 4,358,144 weights”",
        "> It trains 4,358,144 weights.",
        "```console\n4,358,144\n```",
        "An interval of 95 %, 4,000 times, in 2024, with 224 × 224 pixels, within 1 %.",
        "`18M` is [17.5 M, 18.5 M)",
    ],
)
def test_others_are_left_alone(words: str) -> None:
    assert list(typed(words)) == []


def test_a_typed_whole_number_in_a_script_is_seen() -> None:
    assert list(typed_in_code("assert count == 18_464_768")) == ["18464768"]


def test_what_is_looked_for_is_what_verify_finds() -> None:
    def of(values: Iterable[object]) -> set[float]:
        return {float(value) for value in values if type(value) in (int, float) and value}  # type: ignore[arg-type]

    every = computed(percent=True) | computed(percent=False)
    looked_for = {float(value) for value in every}
    for claim in verify(load_study(), [Stage.ARITHMETIC]).claims:
        found = of([claim.found, *(at.found for at in claim.by_variant.values())])
        if claim.unit in SHARES:
            assert found <= looked_for, claim.id
        elif claim.unit != "year":
            assert {value for value in found if value >= SMALLEST} <= looked_for, claim.id
    assert len(looked_for) > 30


def test_what_a_printed_number_stands_for_is_said_right() -> None:
    said = [match for page in PAGES for match in ROUNDS_TO.finditer(page.read_text())]
    assert len(said) >= 2
    for match in said:
        stands_for = read_printed(match["printed"]).interval
        assert read_printed(match["low"]).exact == stands_for.low
        assert read_printed(match["high"]).exact == stands_for.high


def test_steps_by_the_cells_are_those_that_verify_finds() -> None:
    found = {f.value for f in findings() if f.subject == Subject("run.steps")}
    said = int(steps_parts(load_study())["steps-cells"].split()[0].replace(",", ""))
    assert said in found
