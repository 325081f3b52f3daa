"""The reverse solver: what it must find, in which order, and what a match is worth."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import combinations
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper_repro.counting.bases import resolve_base
from paper_repro.counting.candidates import (
    RANKS,
    AdapterShape,
    Candidate,
    Stack,
    Tier,
    candidates,
    known_stacks,
    module_sets,
)
from paper_repro.counting.chance import PrintedValue, chance_of, rounded_to, truncated_to
from paper_repro.counting.denominators import denominators, percent
from paper_repro.counting.explain import ORDER, Explanation, explain
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_parameters
from paper_repro.errors import UserError
from paper_repro.judging import read_printed
from tests.counting.real import tiny

BASE = architecture_of(resolve_base("Qwen/Qwen2-VL-2B-Instruct")[1])
QKVO = ("q_proj", "k_proj", "v_proj", "o_proj")
MLP = ("gate_proj", "up_proj", "down_proj")
SEVEN = QKVO + MLP
NOTEBOOK = (AdapterShape(16, QKVO), AdapterShape(32, MLP))
STACKS = (
    Stack("notebook", NOTEBOOK, 32_571_392, 32_571_392),
    Stack("stated", (AdapterShape(16, QKVO),), 4_358_144, 36_929_536 + 4_358_144),
    Stack("seven-modules", (AdapterShape(16, SEVEN),), 18_464_768, 18_464_768),
)


def solve(printed: str, share: str | None = None) -> Explanation:
    return explain(
        printed,
        share,
        BASE,
        study_stacks=STACKS,
        nominal=2_000_000_000,
        document_sum=2_050_000_000,
    )


def test_18m_is_r16_on_seven_modules_and_nothing_simpler() -> None:
    best, second, *_ = solve("18M").matches
    assert best.adapters == (AdapterShape(16, SEVEN),)
    assert (best.count, best.variant, best.rounding) == (18_464_768, "seven-modules", "rounded")
    assert best.tier is Tier.USUAL
    assert second.tier > Tier.KNOWN


def test_32m_has_no_usual_rank() -> None:
    matches = solve("32M").matches
    assert matches[0].adapters == (AdapterShape(28, SEVEN),)
    assert (matches[0].count, matches[0].rounding) == (32_313_344, "rounded")
    mixed = next(match for match in matches if match.variant == "notebook")
    assert (mixed.count, mixed.rounding, mixed.adapters) == (32_571_392, "truncated", NOTEBOOK)
    assert not any(
        match.rounding == "rounded" and match.adapters[0].r & (match.adapters[0].r - 1) == 0
        for match in matches
    )


def test_a_count_does_not_identify_a_configuration() -> None:
    usual = [match for match in solve("4.36M").matches if match.tier is Tier.USUAL]
    assert [match.adapters[0] for match in usual] == [(16, QKVO), (32, ("q_proj", "v_proj"))]
    assert [match.variant for match in usual] == ["stated", None]


def test_a_percentage_picks_denominators() -> None:
    matches = solve("18M", "0.9").matches
    best = [match.denominator for match in matches if match.place == 0]
    assert best == ["document", "nominal", "non-embedding"]
    for match in matches:
        assert (
            match.percent in read_printed("0.9").interval
            if match.rounding == "rounded"
            else 0.85 <= match.percent < 1
        )
    assert [m for m in solve("18M", "7").matches if m.rounding == "rounded"] == []


def test_a_frozen_adapter_counts_in_the_total() -> None:
    both = [m for m in solve("4.36M", "0.1936").matches if m.variant == "stated"]
    assert [match.denominator for match in both] == ["total"]
    alone = [m for m in solve("4.36M", "0.1969").matches if m.place == 0]
    assert {(match.denominator, match.variant) for match in alone} == {("total", None)}


@pytest.mark.parametrize(
    ("printed", "share"),
    [("18M", "0.9"), ("32M", None), ("9.97M", "<1%"), ("123M", "5-6%"), ("77", None)],
)
def test_every_match_prints_so_and_none_is_missing(printed: str, share: str | None) -> None:
    value, part = read_printed(printed), read_printed(share or "<100%")
    found = {(m.adapters, m.denominator) for m in solve(printed, share).matches}
    expected = {
        (candidate.adapters, name)
        for candidate in candidates(BASE, STACKS)
        if any(candidate.parameters in i for i in (value.interval, value.truncation) if i)
        for name, whole in denominators(BASE, candidate.added, 2_050_000_000, 2_000_000_000).items()
        if share or name == "base"
        if any(
            percent(candidate.parameters, whole) in interval
            for interval in (part.interval, part.truncation)
            if interval
        )
    }
    assert found == expected


def test_simplest_first() -> None:
    for printed in ("18M", "32M", "9.7M"):
        places = [match.place for match in solve(printed).matches]
        assert places == sorted(places)
    assert ORDER[0] == (Tier.USUAL, "rounded")
    assert {tier for tier, _ in ORDER[-2:]} == {Tier.OTHER}
    assert len(set(ORDER)) == 2 * len(Tier)


def test_no_match_is_an_answer() -> None:
    nothing = solve("123B")
    assert nothing.matches == ()
    assert 0 < nothing.chance <= 1
    assert nothing.to_json()["matched"] == 0


def test_json() -> None:
    data = solve("32M", "1.5").to_json(limit=3)
    assert json.loads(json.dumps(data)) == data
    assert len(data["matches"]) == 3 < data["matched"]
    first = data["matches"][0]
    assert first["adapters"] == [{"r": 28, "modules": list(SEVEN)}]
    assert first.keys() >= {"count", "percent", "denominator", "variant", "rounding"}
    assert isinstance(first["count"], int) and isinstance(first["percent"], float)


@pytest.mark.parametrize(
    "printed",
    ["", "0", "0M", "-5", "1e40", "9" * 40, "9" * 5000, "NaN", "inf", "18%", "<18M", "1-2M", "M"],
)
def test_what_is_no_count_is_refused(printed: str) -> None:
    with pytest.raises(UserError, match="18M"):
        solve(printed)


@pytest.mark.parametrize("share", ["", "0", "0%", "-1", "1e40", "NaN", "500", ">1%", "M"])
def test_what_is_no_percentage_is_refused(share: str) -> None:
    with pytest.raises(UserError, match=r"0\.9"):
        solve("18M", share)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(st.text(st.sampled_from("0189.,~<%-+eMBk N$"), max_size=9), st.none() | st.just("0.9"))
def test_any_text_is_explained_or_refused(printed: str, share: str | None) -> None:
    try:
        assert 0 <= solve(printed, share).chance <= 1
    except UserError:
        return


@settings(max_examples=20, derandomize=True, deadline=None)
@given(
    st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128, 256]),
    st.sampled_from([("q_proj", "v_proj"), QKVO, MLP, SEVEN, ("all-linear",)]),
    st.integers(2, 9),
)
def test_whatever_is_printed_is_found(r: int, modules: tuple[str, ...], digits: int) -> None:
    count = lora_parameters(BASE, LoraSpec(r, modules))
    place = max(0, len(str(count)) - digits)
    printed = f"{(count + 10**place // 2) // 10**place * 10**place:,}"
    matches = [match for match in solve(printed).matches if match.place == 0]
    assert (AdapterShape(r, modules),) in [match.adapters for match in matches]


@pytest.mark.parametrize(("printed", "share"), [("32M", None), ("123M", "0.9"), ("32M", "1.5")])
def test_it_answers_at_once(printed: str, share: str | None) -> None:
    solve("18M")
    begun = process_time()
    solve(printed, share)
    assert process_time() - begun < 2.0  # 0.1 s on an idle core


def test_candidates_are_every_set_at_every_rank() -> None:
    found = {c.adapters[0]: c.parameters for c in candidates(BASE)}
    subsets = [s for size in range(1, 8) for s in combinations(SEVEN, size)]
    assert len(found) == (len(subsets) + 1) * len(RANKS)
    for modules in (("o_proj",), ("q_proj", "down_proj"), SEVEN, ("all-linear",)):
        assert found[AdapterShape(7, modules)] == lora_parameters(BASE, LoraSpec(7, modules))


def test_all_linear_is_not_listed_twice_without_a_tower() -> None:
    sets = [item.modules for item in module_sets(architecture_of(tiny("llama")))]
    assert SEVEN in sets and ("all-linear",) not in sets


def test_names_shared_with_the_tower_count_there_too() -> None:
    architecture = architecture_of(tiny("qwen2_5_vl"))
    unit = next(s.unit for s in module_sets(architecture) if s.modules == ("gate_proj",))
    assert unit == lora_parameters(architecture, LoraSpec(1, ("gate_proj",)))
    assert unit == 2 * (24 + 40) + 3 * (16 + 20)


def test_stacks_of_the_built_in_study() -> None:
    from paper_repro.study import load_study

    found = {stack.variant: stack for stack in known_stacks(load_study(), BASE)}
    assert found == {stack.variant: stack for stack in STACKS}
    assert known_stacks(load_study(), architecture_of(tiny("llama"))) == ()


def test_printed_values() -> None:
    assert rounded_to(18_464_768, 2) == (PrintedValue(18, 6),)
    assert rounded_to(18_500_000, 2) == (PrintedValue(19, 6),)
    assert truncated_to(18_999_999, 2) == (PrintedValue(18, 6),)
    assert rounded_to(7, 3) == (PrintedValue(700, -2),)
    assert rounded_to(9_970_000, 2) == (PrintedValue(10, 6),)
    assert rounded_to(9_700_000, 2) == (PrintedValue(97, 5), PrintedValue(10, 6))


@settings(derandomize=True)
@given(st.integers(1, 10**12), st.integers(1, 12))
def test_a_count_is_in_the_interval_of_what_it_prints_as(count: int, digits: int) -> None:
    for value in rounded_to(count, digits):
        step = Fraction(10) ** value.exponent
        assert (value.mantissa - Fraction(1, 2)) * step <= count
        assert count < (value.mantissa + Fraction(1, 2)) * step
    (cut,) = truncated_to(count, digits)
    step = Fraction(10) ** cut.exponent
    assert cut.mantissa * step <= count < (cut.mantissa + 1) * step
    assert len(str(cut.mantissa)) == digits


def test_chance_is_the_share_of_the_logarithm() -> None:
    everything = [PrintedValue(m, e) for m in range(10, 100) for e in range(6)]
    left_out = PrintedValue(50, 3)
    rest = [value for value in everything if value != left_out]
    apart = chance_of([left_out], 10, 10**6, 2)
    assert chance_of(everything, 10, 10**6, 2) == pytest.approx(1)
    assert chance_of(rest, 10, 10**6, 2) == pytest.approx(1 - apart)
    one = chance_of([PrintedValue(18, 6)], 10**6, 10**8, 2)
    assert one == pytest.approx(math.log(18.5 / 17.5) / math.log(100))
    assert chance_of([PrintedValue(18, 6)] * 2, 10**6, 10**8, 2) == one
    assert chance_of([PrintedValue(18, 9)], 10**6, 10**8, 2) == 0


def test_chance_agrees_with_trying_random_numbers() -> None:
    """A grid of equally likely counts, each printed with two digits and explained in full."""
    said = solve("18M").chance
    counts = [c.parameters for c in candidates(BASE, STACKS)]
    low, high = math.log(min(counts)), math.log(max(counts))
    usual = [c for c in candidates(BASE, STACKS) if c.tier is Tier.USUAL]
    grid = [math.exp(low + (high - low) * (step + 0.5) / 2000) for step in range(2000)]
    hits = sum(_prints_as_one_of(usual, number) for number in grid)
    assert said == pytest.approx(hits / 2000, abs=0.01)


def _prints_as_one_of(usual: list[Candidate], number: float) -> bool:
    digits, exponent = f"{number:.1e}".split("e")
    middle = float(digits) * 10 ** int(exponent)
    half = 0.05 * 10 ** int(exponent)
    return any(middle - half <= c.parameters < middle + half for c in usual)
