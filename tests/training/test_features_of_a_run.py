"""A run's kept tower outputs: in its folder until it has finished, or in one that is named."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from paper_repro.errors import UserError
from paper_repro.miniature.config import fresh_base
from paper_repro.training.context import Options
from paper_repro.training.features import keep
from paper_repro.training.levels import put_on
from paper_repro.training.record import read_record
from paper_repro.training.reload import save
from paper_repro.training.run import resume, train
from paper_repro.training.settings import refuse_unusable
from tests.training import children, keeping
from tests.training.bench import adapter, stack
from tests.training.runs import (
    STEPS,
    Heard,
    differences,
    go_on,
    raw_record,
    run,
    stopping,
)
from tests.training.test_several_processes import ROOT, TORCHRUN

FRAMES = 6
"""Distinct ones of the small rows."""
RESUME = ["train", "--resume", "run", "--device", "cpu", "--save-every", "1"]


def shards(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


def counts(folder: Path) -> tuple[int, int, int]:
    made = read_record(folder).data["features"]
    return made["frames"], made["found"], made["computed"]


def interrupted(settings, folder):
    stop = stopping(2, lambda: signal.raise_signal(signal.SIGTERM))
    return train(settings, folder, Options(save_every=2), stop)


def test_they_are_in_the_runs_folder_until_it_has_finished(small, tmp_path):
    settings, whole, broken = small.settings(), tmp_path / "whole", tmp_path / "broken"
    run(settings, whole)
    assert not (whole / "features").exists() and counts(whole) == (FRAMES, 0, FRAMES)
    interrupted(settings, broken)
    assert len(shards(broken / "features")) == 1 and counts(broken) == (FRAMES, 0, FRAMES)
    heard = Heard()
    with keeping.small_files() as passes:
        record = go_on(broken, heard)
    assert passes == [] and record.data["features"] == {
        "frames": FRAMES,
        "found": FRAMES,
        "computed": 0,
        "bytes": record.data["features"]["bytes"],
    }
    place = broken / "features"
    assert f"Frozen tower: 6 frames, 6 found in {place}, 0 computed." in heard.lines
    assert differences(whole, broken) == [] and not place.exists()


def test_a_named_folder_keeps_them_for_other_runs(small, tmp_path):
    cache = tmp_path / "cache"
    settings = small.settings(features_cache=str(cache))
    run(small.settings(), tmp_path / "without")
    for name, found in (("first", 0), ("second", FRAMES)):
        run(settings, tmp_path / name)
        assert counts(tmp_path / name) == (FRAMES, found, FRAMES - found)
        assert len(shards(cache)) == 1 and not (tmp_path / name / "features").exists()
        assert differences(tmp_path / "without", tmp_path / name) == []


def test_going_on_without_the_option_finds_it_again(small, tmp_path):
    cache = tmp_path / "cache"
    interrupted(small.settings(features_cache=str(cache)), tmp_path / "run")
    assert go_on(tmp_path / "run").data["features"]["found"] == FRAMES
    assert len(shards(cache)) == 1


def test_another_folder_may_be_named_on_the_way(small, tmp_path):
    """What is in the run's own folder is forgotten then too."""
    folder, cache = tmp_path / "run", tmp_path / "cache"
    run(small.settings(), tmp_path / "whole")
    interrupted(small.settings(), folder)
    record = resume(folder, Options(save_every=2), Heard(), {"features_cache": str(cache)})
    assert counts(folder) == (FRAMES, 0, FRAMES) and len(shards(cache)) == 1
    assert record.settings["features_cache"] == str(cache) and not (folder / "features").exists()
    assert differences(tmp_path / "whole", folder) == []


@pytest.mark.parametrize("name", ["features", "features/below"])
def test_what_was_named_is_never_deleted(small, tmp_path, name):
    cache = tmp_path / "run" / name
    run(small.settings(features_cache=str(cache), max_steps=1), tmp_path / "run")
    assert len(shards(cache)) == 1


def test_the_level_below_keeps_its_own_there_too(small, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("paper_repro.training.level.prepare", lambda here, *_: seen.append(here))
    with pytest.raises(AttributeError):
        run(small.settings(level1="", features_cache="somewhere"), tmp_path)
    assert [(here.level, here.features_cache) for here in seen] == [(1, "somewhere")]


def test_with_the_tower_at_every_pass_there_is_nothing_to_keep(small, tmp_path):
    run(small.settings(features=False, max_steps=1), tmp_path)
    assert "features" not in read_record(tmp_path).data and not (tmp_path / "features").exists()
    with pytest.raises(UserError, match="features_cache cannot be 'here'") as error:
        refuse_unusable(small.settings(features=False, features_cache="here"))
    assert "--features-cache" in error.value.expected
    refuse_unusable(small.settings(features_cache="here"))


def test_in_four_bits_a_base_is_hashed_as_when_the_tower_was_run(small, tmp_path):
    """A first pass changes the type of its biases; where all is found there was none."""
    settings = small.settings(precision="nf4", features_cache=str(tmp_path / "cache"), max_steps=1)
    first, second = (run(settings, tmp_path / name) for name in ("first", "second"))
    assert (first.data["features"]["found"], second.data["features"]["found"]) == (0, FRAMES)
    assert first.hashes == second.hashes and first.losses == second.losses


def test_a_spoiled_file_stands_in_the_record(small, tmp_path):
    interrupted(small.settings(), tmp_path)
    (spoiled,) = shards(tmp_path / "features")
    spoiled.write_bytes(spoiled.read_bytes()[:-1])
    heard = Heard()
    record = go_on(tmp_path, heard)
    (said,) = [line for line in heard.lines if line.startswith("Not used, in ")]
    assert said in record.warnings and record.data["features"]["computed"] == FRAMES


def test_killed_while_the_tower_is_run_it_goes_on_with_what_is_missing(small, tmp_path):
    """A file a frame, and the tower takes its time."""
    words, folder = small.words("--save-every", "1"), tmp_path / "broken"
    kept = folder / "run" / "features"
    child = keeping.start(words, folder, pause=0.3)
    assert children.wait_for(child, lambda: len(shards(kept)) >= 2)
    children.kill(child)
    assert child.exitcode == -signal.SIGKILL
    found = len(shards(kept))
    assert 2 <= found < FRAMES and raw_record(folder / "run")["status"] == "running"
    assert children.ended(keeping.start(RESUME, folder)) == 0
    assert counts(folder / "run") == (FRAMES, found, FRAMES - found)
    assert children.ended(keeping.start(words, tmp_path / "whole")) == 0
    assert counts(tmp_path / "whole" / "run") == (FRAMES, 0, FRAMES)
    assert len(read_record(folder / "run").losses) == STEPS
    assert differences(tmp_path / "whole" / "run", folder / "run") == []


def test_a_disk_without_room_for_them(small, tmp_path):
    """In a process that may write no file as large as a frame's outputs."""
    place = tmp_path / "run"
    child = children.start(small.words(), tmp_path, largest_file=8_000)
    assert children.ended(child) == 2
    said = " ".join((tmp_path / "err.txt").read_text().split())
    assert "The frozen tower's outputs cannot be kept in run/features." in said
    assert "File too large" in said and "Traceback" not in said
    assert "train --resume run --features-cache DIR" in said
    record = raw_record(place)
    assert record["status"] == "failed" and record["said"].startswith("The frozen tower's outputs")
    assert [path for path in (place / "features").rglob("*") if path.is_file()] == []
    assert children.ended(children.start(RESUME, tmp_path)) == 0


def test_a_lower_adapter_that_reaches_the_tower_is_refused_with_the_reason(small, tmp_path):
    reaching = adapter("unified").model_copy(update={"target_modules": ("q_proj", "qkv")})
    levels = put_on(fresh_base(0)[0], "single", [reaching])
    for name, tensor in levels.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(tensor)
    level1 = save(levels, tmp_path / "level1")
    settings = small.settings(level1=str(level1))
    with pytest.raises(UserError, match="do not stay the same") as error:
        run(settings, tmp_path / "run")
    assert error.value.got.startswith("blocks.0.attn.qkv.lora_")
    assert not (tmp_path / "run" / "features").exists()
    assert read_record(tmp_path / "run").said == str(error.value)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What two processes under torchrun saw."""
    folder = tmp_path_factory.mktemp("both")
    done = subprocess.run(
        [sys.executable, *TORCHRUN, "-m", "tests.training.keeping", str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


def test_two_processes_share_the_work_and_have_the_bits_of_one(both, tmp_path):
    with keeping.small_files():
        alone = keep(keeping.rows(), stack(), tmp_path).features
    for seen in both:
        shared = seen["shared"]
        assert shared["digest"] == keeping.digest(alone)
        assert shared["passes"] == [3, 3] and shared["again"] == 0
        assert (shared["said"]["found"], shared["said"]["computed"]) == (0, 12)


def test_where_they_do_not_see_one_anothers_files_each_does_all_of_it(both):
    for seen in both:
        apart = seen["apart"]
        assert sum(apart["passes"]) == 12 and apart["again"] == 0
        assert apart["digest"] == both[0]["shared"]["digest"]
        assert apart["said"]["computed"] == 12


def test_one_that_is_asked_to_stop_stops_both(both):
    said = ["running the frozen tower on each frame", "the second"]
    assert [seen["stopped"] for seen in both] == said
