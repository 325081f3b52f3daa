"""The pages say what any record holds, not only what the committed ones happen to."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from statistics import mean, median
from xml.etree import ElementTree

import pytest

from paper_repro.site.inserts.full_size import full_size_part
from paper_repro.site.inserts.miniature import AFTER, ASKED, BEFORE, miniature_part, seeds_figure

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
STATED = "Level 2 (stated) on its rows"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def record():
    return json.loads((BENCHMARKS / "records" / "miniature.json").read_text(encoding="utf-8"))


@pytest.fixture
def full_size():
    return json.loads((BENCHMARKS / "records" / "full-size.json").read_text(encoding="utf-8"))


@pytest.fixture
def page(tmp_path):
    """The page of a record that is not a committed one."""

    def made(part, record) -> str:
        path = tmp_path / "record.json"
        path.write_text(json.dumps(record), encoding="utf-8")
        return part(path)

    return made


def test_what_changed_and_how_long_each_seed_took_are_the_records(record, page):
    for run, changed in zip(record["runs"], ((2, 3), (0, 0), (10, 20)), strict=True):
        run["base_changed"], run["level1_changed"] = changed
    said = page(miniature_part, record)
    seconds = [run["seconds"] for run in record["runs"]]
    assert "; 35 tensors of the base or of Level 1 had changed." in said
    assert f"took {max(each['1'] + each['2'] for each in seconds):.0f} s at most" in said
    one, two, seven = (f"{seconds[0][name]:.0f} s" for name in ("1", "2", "seven"))
    assert f"| 0 | {one} | {two} | {seven} | 2 | 3 |" in said
    assert "--seeds 0 1 2`" in said


def test_what_the_base_can_point_at_is_told_for_its_words_and_for_surgical_ones(record, page):
    names = record["before"]["Level 0 on Level 2's rows"]
    names["parse_rate"]["value"] = 0.41
    names["quadrant_accuracy_of_parsed"] |= {"value": 0.13, "chance": 0.29}
    said = page(miniature_part, record)
    assert "a point in 41%, and 13% of those are right, where a constant answer reaches 29%" in said


def test_scores_from_before_stand_with_those_of_every_seed(record, page):
    said = page(miniature_part, record)
    of = "Level 0 on Level 2's rows"
    for name, score in record["before"][of].items():
        assert f"| {of} | `{name}` | {score['value']:.3f} | {score['n']} |" in said


def test_the_figure_shows_each_value_at_its_place_its_range_and_a_constant_answer(record):
    record["runs"] = record["runs"][:2]
    for run, value in zip(record["runs"], (0.75, 0.5), strict=True):
        run["scores"][STATED]["quadrant_accuracy"] |= {"value": value, "chance": 0.25}
    figure = seeds_figure(record)
    drawn = ElementTree.fromstring(figure.svg())
    assert "0.500 – 0.750" in {text.text for text in drawn.iter(f"{SVG}text")}
    assert "Quadrant, Level 2 (stated): 0.50, 0.75; a constant answer 0.25" in figure.description
    dots = [(dot.get("fill"), float(dot.get("cx"))) for dot in drawn.iter(f"{SVG}circle")]
    assert {(AFTER, 12 + 0.75 * 516), (AFTER, 12 + 0.5 * 516)} <= set(dots)
    marks = [path.get("d") for path in drawn.iter(f"{SVG}path") if path.get("stroke-width") == "3"]
    assert len(marks) == len(ASKED) and sum(mark.startswith("M141.0 ") for mark in marks) == 1
    before = sum(
        1 if of in record["before"] else 2 for of, _, _, colour in ASKED if colour == BEFORE
    )
    assert [colour for colour, _ in dots].count(BEFORE) == before


def test_a_benchmark_gives_the_spread_of_all_its_seeds(record):
    path = BENCHMARKS / "miniature.py"
    spec = importlib.util.spec_from_file_location("benchmark_miniature", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    assert benchmark.spread(record["runs"]) == record["spread"]
    values = [0.9, 0.1, 0.2]
    for run, value in zip(record["runs"], values, strict=True):
        run["scores"][STATED]["quadrant_accuracy"]["value"] = value
    found = benchmark.spread(record["runs"])[STATED]["quadrant_accuracy"]
    assert found == {"least": 0.1, "median": median(values), "most": 0.9}
    assert found["median"] != mean(values)


def test_every_set_up_stands_with_its_own_figures(full_size, page):
    full_size["rows"] = 24
    cases = full_size["cases"]
    cases["bf16"] |= {"compute": "float32", "seconds_per_step": 3.21}
    several = full_size["processes"]
    said = page(full_size_part, full_size)
    assert "a step of 24 rows" in said
    found = {
        **cases,
        "nf4, one process, cut for several": several["one"],
        "nf4, several processes": several["several"],
    }
    for name, case in found.items():
        memory, seconds = case["peak_memory"]["device"] / 1e9, case["seconds_per_step"]
        assert f"| {name} | {memory:.2f} GB | {seconds:.2f} s | {case['compute']} |" in said


@pytest.mark.parametrize(
    ("losses", "state", "said"),
    [(True, True, "are"), (True, False, "are not"), (False, True, "are not")],
)
def test_a_resumed_run_is_the_same_only_where_all_of_it_is(full_size, page, losses, state, said):
    full_size["resumed"] |= {"losses_identical": losses, "state_identical": state}
    assert f"and optimizer {said} the same to the bit" in page(full_size_part, full_size)


def test_several_processes_are_the_same_to_the_bit_only_where_nothing_differs(full_size, page):
    for apart, said in ((0.0, "are the same to the bit"), (1e-9, "differ by 1.0e-09 at most")):
        full_size["processes"]["losses_apart"] = apart
        assert f"One process and 2, each with a card of its own: losses {said}." in page(
            full_size_part, full_size
        )
