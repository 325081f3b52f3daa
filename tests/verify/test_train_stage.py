"""The train stage on the miniature: what it finds, that it can go red, that it cleans up."""

from __future__ import annotations

import tempfile

import pytest

from paper_repro.judging import Key
from paper_repro.training import levels as training_levels
from paper_repro.training.bases import Bases
from paper_repro.training.digest import changed
from paper_repro.training.miniature import CONFIG
from paper_repro.verify.finding import Evidence, StageUnavailable, Subject
from paper_repro.verify.stages import train
from paper_repro.verify.stages.observed import OBSERVED
from paper_repro.verify.stages.train import trial
from paper_repro.verify.stages.train.answers import ANSWERS

EVERY = frozenset(
    Subject(name, of)
    for name in (*OBSERVED, *ANSWERS)
    for of in ("", "spatial-attention", "spatial-seven")
)


def run(study, wanted=EVERY, progress=lambda message: None):
    return list(train.findings(study, wanted, progress))


def by_variant(findings, variant):
    return {found.subject.quantity: found for found in findings if found.key == Key(variant)}


def only(study, *variants):
    return study.model_copy(update={"variants": tuple(study.variant(id) for id in variants)})


def test_a_full_disk_is_seen_before_anything_is_written(pitvqa, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(train, "ROOM", 10**18)
    with pytest.raises(StageUnavailable, match="GB free of the 1000000000") as caught:
        run(pitvqa)
    assert caught.value.command == "TMPDIR=FOLDER python -m paper_repro verify --stage train"
    assert not list(tmp_path.glob("paper-repro-*"))


def test_no_temporary_folder_is_no_failed_check(pitvqa, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(StageUnavailable, match="no temporary folder"):
        run(pitvqa)


@pytest.fixture(scope="module")
def found(pitvqa):
    return run(pitvqa)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (
            "notebook",
            {
                "base.unchanged": True,
                "base.trainable": 0,
                "lower.unchanged": False,
                "lower.trainable": True,
                "trainable.only": False,
                "adapter.is_new": False,
                "reload.same_outputs": False,
                "reload.changes_base": False,
                "run.identical": False,
            },
        ),
        (
            "stated",
            {
                "base.unchanged": True,
                "base.trainable": 0,
                "lower.unchanged": True,
                "lower.trainable": False,
                "trainable.only": True,
                "adapter.is_new": True,
                "reload.same_outputs": False,
                "reload.changes_base": True,
                "run.identical": False,
            },
        ),
        (
            "seven-modules",
            {
                "base.unchanged": True,
                "base.trainable": 0,
                "trainable.only": True,
                "adapter.is_new": True,
                "reload.same_outputs": True,
                "reload.changes_base": True,
                "run.identical": False,
            },
        ),
    ],
)
def test_what_is_found(found, variant, expected):
    at = by_variant(found, variant)
    assert {name: one.value for name, one in at.items()} == expected
    assert all(one.evidence is Evidence.MEASURED and not one.error for one in at.values())


def test_the_formulas_say_how_much_moved_and_what_peft_warned_of(found):
    notebook, stated = by_variant(found, "notebook"), by_variant(found, "stated")
    assert "miniature in NF4: SHA-256 of 304 base tensors" in notebook["base.unchanged"].formula
    assert "32 replaced by the last step and 24 trained on" in notebook["lower.unchanged"].formula
    effect = notebook["reload.changes_base"].formula
    assert "with a warning of missing keys, 0 of the file's 56 tensors arrive" in effect
    assert "miniature in float32 and NF4" in stated["lower.unchanged"].formula
    assert "with every named adapter loaded they are" in stated["reload.same_outputs"].formula


def test_the_same_study_gives_the_same_findings(pitvqa, found):
    again = run(only(pitvqa, "stated"))
    assert again == [one for one in found if one.key == Key("stated")]


def test_a_seed_makes_runs_identical(pitvqa):
    variant = pitvqa.variant("stated")
    seeded = variant.settings.model_copy(update={"seed": 42})
    again = variant.model_copy(update={"settings": seeded, "quantized": False})
    study = pitvqa.model_copy(update={"variants": (again,)})
    (one,) = run(study, frozenset({Subject("run.identical")}))
    assert one.value is True and "two runs seeded 42 end with 0 of 88" in one.formula


def test_a_run_depends_on_its_seed_alone(pitvqa, tmp_path):
    import torch

    bench = trial.Bench(pitvqa, tmp_path, Bases(CONFIG, tmp_path / "base"))
    variant = pitvqa.variant("stated")
    first = bench.run(variant, "float32", 7)[2]
    torch.rand(1)
    assert bench.run(variant, "float32", 7)[2] == first
    other = bench.run(variant, "float32", 8)[2]
    assert len(changed(first.after, other.after)) == other.newest == 32


@pytest.mark.parametrize(
    ("thawed", "broken"),
    [
        ("norm.weight", {"base.unchanged", "base.trainable", "trainable.only"}),
        (".unified.", {"lower.unchanged", "lower.trainable", "trainable.only"}),
    ],
)
def test_a_thaw_turns_the_findings(pitvqa, found, monkeypatch, thawed, broken):
    real = training_levels.put_on

    def thaw(base, procedure, adapters, saved=None):
        made = real(base, procedure, adapters, saved)
        for name, tensor in made.model.named_parameters():
            if procedure == "stack" and thawed in name:
                tensor.requires_grad = True
        return made

    monkeypatch.setattr(trial, "put_on", thaw)
    quick = pitvqa.variant("stated").model_copy(update={"quantized": False})
    now = by_variant(run(pitvqa.model_copy(update={"variants": (quick,)})), "stated")
    before = by_variant(found, "stated")
    assert {name for name in before if now[name].value != before[name].value} == broken


def test_precisions_that_disagree_are_a_failed_check(pitvqa, monkeypatch):
    monkeypatch.setitem(OBSERVED, "base.unchanged", lambda seen: (seen.base < 100, "looked"))
    (one,) = run(only(pitvqa, "stated"), frozenset({Subject("base.unchanged")}))
    assert one.error is not None and one.error.startswith("the precisions disagree")


def test_nothing_is_left_behind_and_nothing_is_said(pitvqa, monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    messages = []

    def interrupt(message):
        messages.append(message)
        if len(messages) == 3:
            assert list(tmp_path.glob("paper-repro-*/base/*.safetensors"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(pitvqa, progress=interrupt)
    assert messages[1] == "training the miniature in NF4: the notebook's cells, as written"
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


def test_unwanted_work_is_not_done(pitvqa):
    assert not run(pitvqa, frozenset({Subject("run.hours")}), pytest.fail)


def test_modules_that_the_miniature_lacks_make_it_unavailable(pitvqa):
    other = pitvqa.adapters[0].model_copy(update={"target_modules": ("c_attn",)})
    study = pitvqa.model_copy(update={"adapters": (other, *pitvqa.adapters[1:])})
    with pytest.raises(StageUnavailable, match=r"the miniature is a Qwen2-VL: No layer .* c_attn"):
        run(study)
