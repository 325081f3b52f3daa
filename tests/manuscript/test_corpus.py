"""The checker's own error rate, on labelled texts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks import manuscripts
from paper_repro.manuscript.rule_names import NAMES
from paper_repro.site.inserts.manuscripts import WANTED
from tests.manuscript.texts import found


@pytest.fixture(scope="module", params=manuscripts.PARTS)
def part(request):
    return request.param


def test_there_are_enough_texts_and_every_rule_is_in_them(tmp_path, part):
    texts = list(manuscripts.corpus(part, tmp_path))
    assert len({text.name for text in texts}) == len(texts)
    labelled = {label.rule for text in texts for label in text.labels}
    assert labelled == set(NAMES)
    correct = [text for text in texts if all(each.severity == "note" for each in text.labels)]
    assert 0.4 < len(correct) / len(texts) < 0.8
    assert sum(text.path.suffix != ".md" or text.path.parent != tmp_path for text in texts) >= 4


def test_all_parts_together_are_what_was_asked_for(tmp_path):
    texts = [text for part in manuscripts.PARTS for text in manuscripts.corpus(part, tmp_path)]
    whole = [text for text in texts if text.path.parent != tmp_path]
    assert len(whole) >= 12 and len(texts) - len(whole) >= 120


@pytest.fixture(scope="module")
def current():
    return manuscripts.record()


def test_precision_and_recall(part, current):
    counts = current["parts"][part]["rules"]
    precision, recall = manuscripts.precision_recall(manuscripts.summed(counts))
    least_precision, least_recall = WANTED
    assert precision >= least_precision
    assert recall >= least_recall


def test_the_record_is_of_this_checker(current):
    kept = json.loads(manuscripts.RECORD.read_text(encoding="utf-8"))
    assert kept == current, "renew it: python -m benchmarks.manuscripts --write"


def test_a_finding_fits_a_label_of_its_rule_place_severity_and_verdict():
    (finding,) = found("The PitVQA adapter has 18M LoRA weights.", "pitvqa")
    label = manuscripts.Label("trained-parameters", "error", "contradicted", 1, 24, 27)
    assert manuscripts.fits(finding, label)
    for field, value in (
        ("rule", "rank"),
        ("severity", "note"),
        ("verdict", "holds"),
        ("line", 2),
        ("start", 27),
        ("end", 24),
    ):
        assert not manuscripts.fits(finding, replace(label, **{field: value}))


def test_precision_and_recall_of_counts():
    counts = {"a": {"right": 3, "false": 1}, "b": {"right": 1, "missed": 4}}
    assert manuscripts.summed(counts) == {"right": 4, "false": 1, "missed": 4}
    assert manuscripts.precision_recall(manuscripts.summed(counts)) == (0.8, 0.5)
