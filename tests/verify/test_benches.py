"""Records of a bench beside the claims on hours: on the study's card they decide, elsewhere not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paper_repro.errors import UserError
from paper_repro.judging import Verdict
from paper_repro.study import load_study
from paper_repro.verify.finding import Stage
from paper_repro.verify.records import Benched, read, read_run
from paper_repro.verify.run import load_stage, verify
from paper_repro.verify.stages.record import reading
from tests.verify.written_records import bent, record, written

STUDY = load_study()
RECORD = Path(__file__).parents[2] / "benchmarks" / "records" / "bench-h100-224x224.json"


def given(folder, name="one", hours=None, **changed):
    """The committed record on another card, with other hours."""
    raw = json.loads(RECORD.read_text(encoding="utf-8")) | changed
    if card := raw.pop("named", None):
        raw["card"]["name"] = raw["hardware"]["name"] = card
    if hours:
        low, high = hours
        seconds = [(low + high) / 2 * 3600 / raw["samples"]] * 6
        raw["ways"]["notebook"] |= {
            "seconds": seconds, "hours_low": low, "hours": (low + high) / 2, "hours_high": high,
        }  # fmt: skip
    path = folder / f"{name}.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def judged(*paths, claim="L2.hours"):
    admitted = [read(path, STUDY) for path in paths]
    report = verify(
        STUDY,
        (Stage.ARITHMETIC, Stage.RECORD),
        only=[claim],
        load=lambda stage: reading(admitted) if stage is Stage.RECORD else load_stage(stage),
    )
    return report.claims[0]


@pytest.mark.parametrize(
    ("hours", "verdict"),
    [
        ((6.3, 7.6), Verdict.HOLDS),
        ((7.0, 9.0), Verdict.UNDERDETERMINED),
        ((11.0, 12.0), Verdict.CONTRADICTED),
        ((3.0, 4.0), Verdict.CONTRADICTED),
    ],
)
def test_on_the_studys_card_its_interval_decides(tmp_path, hours, verdict):
    found = judged(given(tmp_path, hours=hours, named="Tesla T4"))
    assert found.verdict is verdict and found.evidence == "measured here"
    assert "frames of 224 × 224" in found.formula and "Tesla T4, steps timed" in found.formula


def test_on_another_card_it_is_told_with_the_estimate_and_decides_nothing(tmp_path):
    found = judged(given(tmp_path, hours=(6.3, 7.6), named="NVIDIA T400"))
    assert found.verdict is Verdict.UNDERDETERMINED
    assert "by the notebook's cells 6.3 – 7.6 h" in found.formula
    assert "the study names the NVIDIA T4, for which the estimate is" in found.formula


def test_records_of_several_sizes_make_a_span(tmp_path):
    small = given(tmp_path, "small", (6.1, 6.5), named="Tesla T4")
    large = given(tmp_path, "large", (7.0, 7.9), named="Tesla T4", width=1280, height=720)
    assert judged(small, large).found == {"low": pytest.approx(6.1), "high": pytest.approx(7.9)}
    later = given(tmp_path, "later", (70.0, 79.0), named="Tesla T4", width=1280, height=720)
    assert judged(small, later).verdict is Verdict.UNDERDETERMINED


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"width": 64, "height": 64}, "no frames of the study are 64 × 64"),
        ({"size": "mini", "base": "the miniature"}, "says nothing of an NVIDIA T4"),
    ],
)
def test_what_is_not_the_studys_run_decides_nothing(tmp_path, changed, said):
    found = judged(given(tmp_path, hours=(6.3, 7.6), named="Tesla T4", **changed))
    assert found.verdict is Verdict.UNDERDETERMINED and said in found.formula


def test_a_way_that_the_card_had_no_room_for_is_named(tmp_path):
    raw = json.loads(RECORD.read_text(encoding="utf-8"))
    ways = {name: way for name, way in raw["ways"].items() if name != "notebook"}
    path = given(tmp_path, named="Tesla T4", ways=ways, failed={"notebook": "out of memory"})
    assert "the notebook's cells were not timed (out of memory)" in judged(path).formula


def test_a_whole_run_on_the_card_stands_before_timed_steps(tmp_path):
    path = given(tmp_path, hours=(11.0, 12.0), named="Tesla T4")
    full = bent(record(), "times.seconds", 7 * 3600.0)
    full = bent(full, "data.rows.train", 9125)
    found = judged(path, written(full, tmp_path / "run"))
    assert found.verdict is Verdict.HOLDS and "7.00 h" in found.formula
    assert "steps timed" not in found.formula


def test_it_speaks_at_its_own_variant_and_of_hours_alone(tmp_path):
    path = given(tmp_path, hours=(11.0, 12.0), named="Tesla T4")
    assert judged(path, claim="L2.hours.run-all").verdict is Verdict.UNDERDETERMINED
    admitted = read(path, STUDY)
    assert isinstance(admitted, Benched) and admitted.variant.id == "stated"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"variant": "other"}, "one of the variants"),
        ({"samples": 100}, "27,375 samples"),
        ({"base": "someone/else"}, "Qwen/Qwen2-VL-2B-Instruct"),
        ({"card": {}}, "on a card"),
    ],
)
def test_a_record_of_another_study_is_refused(tmp_path, changed, said):
    raw = json.loads(RECORD.read_text(encoding="utf-8"))
    if "samples" in changed:
        for way in raw["ways"].values():
            scale = (way["hours"] * 3600 - way["once_seconds"]) / raw["samples"] * 100
            hours = (scale + way["once_seconds"]) / 3600
            way |= {"hours_low": hours, "hours": hours, "hours_high": hours}
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(raw | changed), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read(path, STUDY)
    assert said in str(caught.value)


def test_other_files_are_read_as_records_of_runs(tmp_path):
    path = written(record(), tmp_path)
    assert read(path, STUDY) == read_run(path, STUDY)
    for text in ("{", "[]"):
        (tmp_path / "bad.json").write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match="record of a run"):
            read(tmp_path / "bad.json", STUDY)
