"""What the miniature learned and what full size takes: the pages show the committed records."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from paper_repro.site.inserts.full_size import full_size_part
from paper_repro.site.inserts.miniature import ASKED, miniature_part, seeds_figure

RECORDS = Path(__file__).parents[2] / "benchmarks" / "records"
MINIATURE = RECORDS / "miniature.json"


@pytest.fixture(scope="module")
def record():
    return json.loads(MINIATURE.read_text(encoding="utf-8"))


def test_the_miniatures_page_says_when_where_and_that_frames_are_drawn(record):
    page = miniature_part(MINIATURE)
    assert record["where"]["date"] in page
    assert f"torch {record['where']['versions']['torch']}" in page
    assert "drawn frames, held out" in page


def test_what_it_comes_to_is_computed_from_the_record(record):
    page = miniature_part(MINIATURE)
    stated = [
        run["scores"]["Level 2 (stated) on its rows"]["quadrant_accuracy"]["value"]
        for run in record["runs"]
    ]
    assert f"between {min(stated):.3f} and {max(stated):.3f}; 0 tensors" in page
    lessons = record["before"]["Level 0 on Level 0's rows"]["quadrant_accuracy"]["value"]
    assert f"right quadrant in {lessons:.0%} of cases" in page


def test_where_the_number_of_answers_differs_by_seed_both_ends_stand(record):
    of = "Level 1 on Level 2's rows"
    numbers = [run["scores"][of]["quadrant_accuracy_of_parsed"]["n"] for run in record["runs"]]
    assert len(set(numbers)) > 1
    assert f"| {min(numbers)} – {max(numbers)} |" in miniature_part(MINIATURE)


def test_every_score_of_the_record_stands_in_a_table(record):
    page = miniature_part(MINIATURE)
    for of, metrics in record["spread"].items():
        for name, found in metrics.items():
            values = [run["scores"][of][name]["value"] for run in record["runs"]]
            assert (found["least"], found["most"]) == (min(values), max(values))
            assert f"{found['least']:.3f} / {found['median']:.3f} / {found['most']:.3f}" in page


def test_the_figure_has_a_dot_for_every_seed(record):
    figure = seeds_figure(record)
    drawn = ElementTree.fromstring(figure.svg())
    dots = drawn.findall(".//{http://www.w3.org/2000/svg}circle")
    before = sum(of in record["before"] for of, *_ in ASKED)
    assert len(dots) == before + (len(ASKED) - before) * len(record["runs"])
    assert all(12 <= float(dot.get("cx")) <= 528 for dot in dots)
    assert all(label in figure.description for _, _, label, _ in ASKED)


def test_several_seeds_learned_what_the_issue_asks_for_and_nothing_else_moved(record):
    assert len(record["runs"]) >= 3
    for run in record["runs"]:
        assert run["base_changed"] == run["level1_changed"] == 0
        stated = run["scores"]["Level 2 (stated) on its rows"]["quadrant_accuracy"]
        before = run["scores"]["Level 1 on Level 2's rows"]["quadrant_accuracy"]
        assert stated["value"] >= 0.8 > 0.5 > before["value"]
        for task, chance in (("phase", 0.25), ("step", 0.1)):
            learned = run["scores"]["Level 1 on its rows"][f"{task}_accuracy"]
            assert learned["low"] > 2 * chance
        assert run["seconds"]["1"] + run["seconds"]["2"] < 240


def test_level_2_at_full_size_fits_a_16_gb_card_and_comes_out_the_same_in_every_way():
    path = RECORDS / "full-size.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    page = full_size_part(path)
    assert record["side"] == 224 and record["rows"] == 16 and not record["tiny"]
    memory = record["cases"]["nf4"]["peak_memory"]["device"]
    assert memory < 12e9 and f"| nf4 | {memory / 1e9:.2f} GB |" in page
    assert record["where"]["hardware"]["name"] in page
    assert record["processes"]["losses_apart"] < 1e-5
    assert record["resumed"]["losses_identical"] and record["resumed"]["state_identical"]
    assert record["resumed"]["resumed_at"] and "Not checked" not in page


def test_what_a_record_does_not_compare_is_said(tmp_path):
    record = json.loads((RECORDS / "full-size.json").read_text(encoding="utf-8"))
    record |= {"processes": {}, "resumed": {}}
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert full_size_part(tmp_path / "record.json").count("Not checked on cards") == 2


def test_comparisons_stand_on_the_page_as_they_came_out(tmp_path):
    record = json.loads((RECORDS / "full-size.json").read_text(encoding="utf-8"))
    one = record["cases"]["nf4"]
    record["processes"] = {"one": one, "several": one, "losses_apart": 2.5e-4}
    record["cases"]["fp16"] = {"failed": "no card"}
    for same, said in ((True, "optimizer are the same"), (False, "optimizer are not the same")):
        record["resumed"] = {"losses_identical": True, "state_identical": same}
        (tmp_path / "record.json").write_text(json.dumps(record))
        page = full_size_part(tmp_path / "record.json")
        assert said in page and "differ by 2.5e-04 at most" in page
        assert "nf4, several processes" in page and "fp16" not in page
        assert "Not checked" not in page


def test_two_cards_take_the_same_steps_at_nearly_twice_the_speed():
    record = json.loads((RECORDS / "scale-out.json").read_text(encoding="utf-8"))
    (two,) = record["processes"]["2"]["sizes"].values()
    assert record["where"]["cards"] == 2 and record["settings"]["effective"] == 128
    assert two["efficiency"] >= 0.85 and two["losses_apart"] < 1e-5 and two["same_adapter"]


def test_the_package_is_the_fastest_and_every_first_update_agrees():
    record = json.loads((RECORDS / "speed.json").read_text(encoding="utf-8"))
    peers = ("trl", "ms-swift", "llamafactory")
    for size, notebook, peer in (("224x224", 300, 7), ("1288x728", 35, 5)):
        of = {name: found["sizes"].get(size) for name, found in record["contenders"].items()}
        own = of["package"]["step"]
        assert of["notebook"]["step"] / own >= notebook
        assert min(of[name]["step"] for name in peers) / own >= peer
        assert all(of[name]["agrees"] for name in ("package", "notebook", *peers))
    ours = record["contenders"]["package"]["sizes"]["224x224"]
    assert ours["peak"] <= 11 * 2**30
