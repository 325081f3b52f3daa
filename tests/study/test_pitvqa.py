"""The built-in study says everything that its document says, and nothing that it does not."""

from __future__ import annotations

import re
from collections import defaultdict
from fractions import Fraction

import pytest

from paper_repro.judging import Key, Printed, Verdict
from paper_repro.study import BUILT_IN, Study, load_study
from paper_repro.study.coverage import Covered, load_coverage
from paper_repro.study.quantities import QUANTITIES
from paper_repro.verify.settle import PLACEHOLDER

REQUIRED = {
    "L0.base.count",
    "L0.frozen",
    "L1.adapter.count",
    "L1.frozen",
    "L2.trainable.count",
    "L2.trainable.percent",
    "L2.option-a",
    "L2.hours",
}
QUOTED_IN_THE_TASK = [
    "original Qwen-VL2",
    "(Alibaba, 2024)",
    "2B",
    "2,000,000,000",
    "Total Model:",
    "0.9% of total",
    "175B",
    "Massive internet-scale data",
    "Months",
    "1000s",
    "$Millions",
    "$10M+",
    "32M",
    "is_trainable=True",
    "Classification tasks (phases, steps, instruments)",
    "18M",
    "18,000,000",
    "1% of model",
    "<1%",
    "0 parameters",
    "Train only the NEW adapters",
    "r=16",
    "lora_alpha=32",
    '["q_proj", "v_proj", "k_proj", "o_proj"]',
    "quantization_config",
    "Update all 2B parameters",
    "Multiple high-end GPUs",
    "Days to weeks",
    "5,184",
    "10,139",
    "on 10,139 surgical frames",
    "Base: mmrech/pitvqa-qwen2vl-unified",
    "(0 minutes)",
    "Ready to use!",
    "identical model",
    "(or very similar",
    "Anyone can reproduce",
    "Single T4 GPU",
    "6-8 hours",
    "Free",
    "downloads automatically",
    "10 days ago",
]
FENCE = re.compile(r"```")
SPEAKS = re.compile(r"[^\W_]")
NUMBER = re.compile(r"\d+")
CODE_PLACES = range(66, 93), range(185, 195)
"""Lines of the notebook's own cells and of Option B, which is judged as the notebook."""
AFTER_THE_CELLS = ("L2.save", "L2.option-a.effect", "L2.same-adapters", "L2.reproducible")
"""What follows from running the notebook, wherever it is said."""


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study()


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return (BUILT_IN / "source-document.md").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def coverage() -> dict[int, list[Covered]]:
    by_line = defaultdict(list)
    for entry in load_coverage():
        by_line[entry.line].append(entry)
    return by_line


def speaking(lines: list[str]) -> dict[int, str]:
    """Lines that say something: a letter or a digit outside a code fence's marks."""
    return {
        number: line
        for number, line in enumerate(lines, 1)
        if SPEAKS.search(line) and not FENCE.match(line)
    }


def test_every_line_of_the_document_is_covered(
    lines: list[str], coverage: dict[int, list[Covered]]
) -> None:
    uncovered = {
        number: line
        for number, line in speaking(lines).items()
        if not any(
            entry.kind == "sentence" and entry.text.split() == line.strip("│ ").split()
            for entry in coverage[number]
        )
    }
    assert uncovered == {}


def test_every_number_of_the_document_is_covered(
    lines: list[str], coverage: dict[int, list[Covered]]
) -> None:
    uncovered = []
    for number, line in enumerate(lines, 1):
        spans = [
            match.span()
            for entry in coverage.get(number, [])
            if entry.kind == "number"
            for match in re.finditer(re.escape(entry.text), line)
        ]
        uncovered += [
            (number, match[0])
            for match in NUMBER.finditer(line)
            if not any(low <= match.start() and match.end() <= high for low, high in spans)
        ]
    assert uncovered == []


def test_coverage_is_verbatim_and_names_only_claims(
    study: Study, lines: list[str], coverage: dict[int, list[Covered]]
) -> None:
    ids = {claim.id for claim in study.claims}
    for number, entries in coverage.items():
        for entry in entries:
            assert entry.text in lines[number - 1]
            assert set(entry.claims) <= ids, entry


def test_every_claim_covers_its_own_lines(study: Study, coverage: dict[int, list[Covered]]) -> None:
    for claim in study.claims:
        if claim.line is None:
            continue
        own = range(claim.line, claim.line + claim.quote.count("\n") + 1)
        assert any(claim.id in entry.claims for n in own for entry in coverage[n]), claim.id


def test_what_is_printed_stands_in_the_quote(study: Study) -> None:
    assert len(study.claims) >= 40
    for claim in study.claims:
        assert claim.printed is None or claim.printed in (claim.quote or claim.printed), claim.id


FIGURES = {
    "L2.reported.accuracy": ("80.3%", "0.803"),
    "L2.reported.interval": ("2.4", "0.803 ± 0.024"),
    "L2.reported.rows": ("1,014", "1014"),
    "L2.reported.before": ("35.9%", "0.359"),
    "L2.reported.gain": ("124%", "+124%"),
    "L2.reported.mae-x": ("12.1%", "0.121"),
    "L2.reported.mae-y": ("11.8%", "0.118"),
}


def test_figures_from_elsewhere_name_file_place_and_digits_and_are_no_quotations(
    study: Study, lines: list[str], coverage: dict[int, list[Covered]]
) -> None:
    figures = {claim.id: claim for claim in study.claims if claim.source}
    assert set(figures) == set(FIGURES)
    covering = {id for entries in coverage.values() for entry in entries for id in entry.claims}
    for id, (printed, as_typed) in FIGURES.items():
        claim = figures[id]
        assert claim.printed == printed
        assert claim.source.endswith(f"({as_typed})")
        assert "CORRECTED_VALIDATION_REPORT.json at addc7d8, " in claim.source
        assert (claim.quote, claim.line) == ("", None)
        assert study.places[id] == claim.source
        assert id not in covering
    assert not any("80.3" in line or "+124" in line for line in lines)


def test_the_ids_that_others_rely_on_exist(study: Study) -> None:
    assert {claim.id for claim in study.claims} >= REQUIRED


@pytest.mark.parametrize("phrase", QUOTED_IN_THE_TASK)
def test_every_phrase_of_the_task_has_a_claim(study: Study, phrase: str) -> None:
    assert any(phrase in claim.quote for claim in study.claims) or any(
        phrase in entry.text and entry.claims for entry in load_coverage()
    )


def test_the_place_decides_the_variant(study: Study) -> None:
    """Quantities that differ by variant are judged as the notebook in its own cells only."""
    for claim in study.claims:
        if claim.variant:
            in_code = any(claim.line in place for place in CODE_PLACES)
            about_the_cells = claim.quote.endswith("(what the notebook trains)")
            after_the_cells = claim.id in AFTER_THE_CELLS
            at_notebook = in_code or about_the_cells or after_the_cells
            assert claim.variant == ("notebook" if at_notebook else "stated"), claim.id


def test_a_percentage_names_its_denominator(study: Study) -> None:
    for claim in study.claims:
        assert bool(claim.denominator) == (claim.unit == "percent"), claim.id


def test_explanations_quote_known_quantities_and_are_a_few_sentences(study: Study) -> None:
    variants = {variant.id for variant in study.variants} | {""}
    for claim in study.claims:
        for placeholder in PLACEHOLDER.findall(claim.explanation):
            quantity, of, variant, _ = [*placeholder.split("|"), "", "", ""][:4]
            assert quantity in QUANTITIES, claim.id
            assert variant in variants, claim.id
            assert bool(of) == (QUANTITIES[quantity].of != "run"), claim.id
        assert 1 <= len(re.findall(r"[.?!](?:\s|$)", claim.explanation)) <= 4, claim.id
        assert claim.consequence.endswith("."), claim.id


def test_only_what_no_default_stage_decides_is_reviewed_as_not_checked(study: Study) -> None:
    for claim in study.claims:
        hub_alone = claim.decided_by == ("hub",)
        assert hub_alone == (claim.reviewed is Verdict.NOT_CHECKED), claim.id
        assert not hub_alone or claim.mutation_exempt, claim.id


def test_the_sum_is_read_as_its_parts_round(study: Study) -> None:
    parts = [study.claim(id).stated() for id in study.document.breakdown]
    intervals = [part.interval for part in parts if isinstance(part, Printed)]
    whole = study.claim("L2.total.count").stated()
    assert isinstance(whole, Printed)
    assert whole.interval.low == sum((part.low or Fraction(0)) for part in intervals)
    assert whole.interval.high == sum((part.high or Fraction(0)) for part in intervals)


def test_the_three_variants_are_what_the_task_calls_them(study: Study) -> None:
    assert [variant.id for variant in study.variants] == ["notebook", "stated", "seven-modules"]
    assert [level.number for level in study.levels] == [0, 1, 2]
    assert study.variant("stated").quantized is None
    assert study.claim("L2.trainable.percent").key == Key("stated", "total")


def test_every_reference_is_in_the_bibliography(study: Study) -> None:
    keys = re.findall(r"^@\w+\{([^,]+),", (BUILT_IN / "references.bib").read_text("utf-8"), re.M)
    assert len(keys) == len(set(keys))
    assert {model.reference for model in study.models} <= set(keys)
