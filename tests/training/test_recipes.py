"""Defaults, what the paper's scripts set, and a reason for every difference."""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from paper_repro import study as study_room
from paper_repro.errors import UserError
from paper_repro.study import load_study
from paper_repro.training.precision import Card, choose
from paper_repro.training.recipes import (
    adapters_of,
    as_cut,
    defaults,
    deviations,
    paper,
    procedure_of,
    refuse_unused,
    words,
)
from paper_repro.training.settings import Settings, refuse_unusable

STUDY = load_study()
FOLDER = Path(study_room.__file__).parent / "pitvqa"
TOML = tomllib.loads((FOLDER / "training.toml").read_text(encoding="utf-8"))
RUNS = [(1, ""), (2, "stated"), (2, "seven-modules"), (2, "notebook")]
NEVER = {"selection", "remainder"}
"""What this package does in one way only."""


def written(level, variant):
    """What the study's own file says of a run, read without the package."""
    recipe = next(one for one in TOML["recipes"] if one["of"] == (variant or "unified"))
    said = {name: value for name, value in recipe.items() if name not in ("of", "words", "source")}
    for one in TOML["variants"]:
        if one["id"] == variant:
            said |= one["settings"]
    return said


@pytest.mark.parametrize(("level", "variant"), RUNS)
def test_the_papers_settings_are_those_of_the_studys_file(level, variant):
    theirs, said = paper(STUDY, level, variant), written(level, variant)
    shared = theirs.keys() & said.keys()
    assert {name: theirs[name] for name in shared} == {name: said[name] for name in shared}
    assert shared == {
        "batch", "accumulation", "epochs", "learning_rate", "max_length", "optimizer", "warmup",
        "weight_decay", "max_grad_norm", "precision", "checkpointing", "labels",
    }  # fmt: skip
    assert theirs["data"] == STUDY.dataset(said["dataset"]).hub
    assert theirs["base"] == "Qwen/Qwen2-VL-2B-Instruct"
    assert not any(name.endswith("_revision") for name in theirs)
    assert (theirs["seed"], theirs["features"], theirs["max_steps"]) == (None, False, None)
    stacked = variant in ("stated", "notebook")
    assert theirs.get("level1") == ("mmrech/pitvqa-qwen2vl-unified" if stacked else None)


def test_some_of_them_by_hand():
    """As the scripts have them, so that a slip in the file is seen."""
    keys = ("batch", "accumulation", "learning_rate", "epochs", "optimizer", "max_length")
    by_hand = {
        (1, ""): (1, 16, 1e-4, 3, "adamw_8bit", 512),
        (2, "notebook"): (1, 16, 2e-5, 3, "paged_adamw_8bit", 2048),
        (2, "stated"): (1, 16, 2e-5, 3, "paged_adamw_8bit", 2048),
        (2, "seven-modules"): (2, 4, 2e-4, 3, "adamw_8bit", 512),
    }
    for run, values in by_hand.items():
        theirs = paper(STUDY, *run)
        assert tuple(theirs[key] for key in keys) == values
    assert paper(STUDY, 0, "") == {}


@pytest.mark.parametrize(("level", "variant"), RUNS)
def test_full_size_starts_from_the_papers_settings(level, variant):
    here = defaults(STUDY, level, "full", variant, on_card=True)
    refuse_unusable(here)
    differing = {each["name"] for each in deviations(STUDY, here)} - NEVER
    cut = {"batch", "accumulation"}
    ours = {"seed"} if variant == "notebook" else {"seed", "labels", "features"} | cut
    assert differing == ours
    assert (here.level, here.size, here.variant, here.seed) == (level, "full", variant, 42)
    assert here.base_revision == STUDY.model("qwen2-vl-2b").revision is not None
    on_cpu = defaults(STUDY, level, "full", variant, on_card=False)
    assert on_cpu == replace(here, precision="fp32")


@pytest.mark.parametrize(("level", "variant"), [(0, ""), *RUNS])
def test_the_miniature_has_settings_of_its_own(level, variant):
    here = defaults(STUDY, level, "mini", variant, on_card=False)
    refuse_unusable(here)
    assert (here.size, here.variant, here.base, here.data, here.level1) == (
        "mini", variant, "", "", ""
    )  # fmt: skip
    assert here.features is (level > 0) and here.precision == "fp32"
    assert here.labels == ("sequence" if variant == "notebook" else "answer")
    assert (deviations(STUDY, here) == []) is (level == 0)


def test_a_variant_is_of_level_2_only():
    assert defaults(STUDY, 1, "mini", "stated", on_card=False).variant == ""


def test_level_0_at_full_size_was_trained_by_others():
    with pytest.raises(UserError, match="others did") as error:
        defaults(STUDY, 0, "full", "", on_card=True)
    assert "--size mini" in error.value.next_command


ANOTHER = {
    "labels": "answer", "optimizer": "adamw_torch", "precision": "bf16", "max_steps": 5,
    "batch": 3, "accumulation": 5, "epochs": 9, "max_length": 77,
    "checkpointing": False, "features": True, "seed": 7,
}  # fmt: skip


@pytest.mark.parametrize("size", ["mini", "full"])
@pytest.mark.parametrize(("level", "variant"), RUNS)
def test_every_difference_stands_there_with_its_reason(level, variant, size):
    theirs = paper(STUDY, level, variant)
    changed = {name: ANOTHER.get(name, 0.123) for name in theirs if name not in ("base", "data")}
    changed |= {"base": "./base", "data": "./rows"}
    changed |= {"level1": "./level1"} if "level1" in theirs else {}
    here = replace(defaults(STUDY, level, size, variant, on_card=True), **changed)
    found = deviations(STUDY, here)
    assert [each["name"] for each in found] == [
        *(name for name in theirs if theirs[name] != changed[name]),
        "selection",
        "remainder",
    ]
    for each in found:
        assert each.keys() == {"name", "paper", "here", "reason"} and each["reason"].strip()
        if each["name"] not in NEVER:
            assert (each["paper"], each["here"]) == (
                theirs[each["name"]],
                changed[each["name"]],
            )


def test_reasons_tell_a_default_from_what_was_asked_for():
    def reason(name, **changed):
        here = replace(defaults(STUDY, 2, "full", "stated", on_card=True), **changed)
        return {each["name"]: each["reason"] for each in deviations(STUDY, here)}.get(name)

    assert "does not help answers" in reason("labels")
    assert reason("labels", labels="sequence") is None
    assert "no run can be repeated" in reason("seed")
    assert reason("seed", seed=7) == "asked for" == reason("batch", batch=8)
    assert "this machine computes in" in reason("precision", precision="fp32")


def test_what_it_computes_in_is_a_difference_too():
    here = defaults(STUDY, 2, "full", "stated", on_card=True)
    cards = (Card("NVIDIA A100", (8, 0), bf16=True), Card("Tesla T4", (7, 5), bf16=False))
    newer, older = (deviations(STUDY, here, choose("cuda", "nf4", card)) for card in cards)
    assert newer == deviations(STUDY, here)
    (more,) = [each for each in older if each not in newer]
    assert (more["name"], more["paper"], more["here"]) == ("compute", "bfloat16", "float16")
    assert "no bf16 units" in more["reason"]
    level_0 = defaults(STUDY, 0, "mini", "", on_card=False)
    assert deviations(STUDY, level_0, choose("cpu")) == []


@pytest.mark.parametrize(("level", "variant"), RUNS)
def test_the_words_are_the_documents_own(level, variant):
    document = (FOLDER / "source-document.md").read_text(encoding="utf-8")
    said = words(STUDY, level, variant)
    assert said
    named = {field.name for field in fields(Settings)} | {"r", "lora_alpha", "target_modules"}
    assert said.keys() <= named
    for sentence in said.values():
        assert sentence in document
    assert words(STUDY, 0, "") == {}


def test_what_is_put_on_the_base():
    assert adapters_of(STUDY, 0, "") == ()
    found = {run: [one.id for one in adapters_of(STUDY, *run)] for run in RUNS}
    assert found == {
        (1, ""): ["unified"],
        (2, "stated"): ["unified", "spatial-attention"],
        (2, "notebook"): ["unified", "spatial-attention"],
        (2, "seven-modules"): ["spatial-seven"],
    }
    procedures = [procedure_of(STUDY, *run) for run in [(0, ""), *RUNS]]
    assert procedures == ["", "single", "stack", "single", "second-wrap"]


@pytest.mark.parametrize(
    ("level", "variant", "changed", "what"),
    [
        (0, None, {"data": "x"}, "--data"),
        (0, None, {"level1": "x"}, "--level1"),
        (1, None, {"level1": "x"}, "--level1"),
        (2, "seven-modules", {"level1": "x"}, "--level1"),
        (1, "stated", {}, "no variant 'stated' of Level 1"),
        (2, "imagined", {}, "no variant 'imagined'"),
    ],
)
def test_an_option_that_would_not_be_looked_at_is_refused(level, variant, changed, what):
    with pytest.raises(UserError, match=what):
        refuse_unused(STUDY, level, variant, changed)


def test_other_options_pass():
    refuse_unused(STUDY, 0, None, {"max_steps": 3, "seed": 1, "base": "x", "epochs": 2})
    refuse_unused(STUDY, 1, None, {"data": "x", "base": "y"})
    refuse_unused(STUDY, 2, None, {"level1": "x"})
    refuse_unused(STUDY, 2, "notebook", {"level1": "x", "data": "y"})


def test_an_effective_batch_is_one_pass_for_each_process_that_it_can_be_shared_by():
    for processes, cut in ((1, (16, 1)), (2, (8, 2)), (4, (4, 4)), (3, (1, 16))):
        here = defaults(STUDY, 2, "full", "stated", on_card=True, processes=processes)
        assert (here.batch, here.accumulation) == cut
    as_written = defaults(STUDY, 2, "full", "notebook", on_card=True, processes=2)
    assert (as_written.batch, as_written.accumulation) == (1, 16)


@pytest.mark.parametrize(
    ("changed", "cut"),
    [
        ({"batch": 4}, (4, 4)),
        ({"accumulation": 2}, (8, 2)),
        ({"batch": 4, "accumulation": 1}, (4, 1)),
        ({"batch": 3}, (3, 1)),
        ({"seed": 3}, (16, 1)),
    ],
)
def test_of_an_effective_batch_the_half_that_is_not_said_follows(changed, cut):
    start = defaults(STUDY, 2, "full", "stated", on_card=True)
    here = replace(start, **as_cut(start, changed))
    assert (here.batch, here.accumulation) == cut
    reasons = {each["name"]: each["reason"] for each in deviations(STUDY, here)}
    assert ("same update" in reasons["batch"]) == (cut[0] * cut[1] == 16)
    mini = defaults(STUDY, 2, "mini", "stated", on_card=False)
    assert as_cut(mini, changed) == changed
