"""Kept outputs in a folder: found again by what decides them, and by nothing else."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections import namedtuple
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from PIL import Image

from paper_repro.engine.model import unwrapped
from paper_repro.miniature.config import processor
from paper_repro.training import feature_shards, features
from paper_repro.training.examples import encode
from paper_repro.training.feature_key import tower_of
from paper_repro.training.feature_shards import Broken, Unwritable, read, scan, write
from paper_repro.training.features import keep
from tests.training.bench import stack
from tests.training.keeping import COUNT, FRAMES, digest, rows, small_files


@pytest.fixture(scope="module")
def model():
    return stack()


@pytest.fixture
def full(model, tmp_path):
    """A folder in which every frame is kept."""
    with small_files():
        keep(rows(), model, tmp_path)
    return tmp_path


def kept(folder, model, data=None):
    """What is kept, and the frames of every pass that it took."""
    with small_files() as passes:
        made = keep(data or rows(), model, folder).features
    return made, passes


def shards(folder):
    return sorted(folder.rglob("*.safetensors"))


def test_outputs_in_a_folder_are_those_in_memory(model, tmp_path):
    memory = keep(rows(), model, at_once=FRAMES).features
    filed, _ = kept(tmp_path, model)
    assert digest(filed) == digest(memory) and filed.grids.equal(memory.grids)
    assert filed.frames == memory.frames and filed.bytes == memory.bytes
    assert len(shards(tmp_path)) == COUNT / FRAMES
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".safetensors"}


def test_a_second_start_runs_the_tower_on_nothing_and_has_the_same_bits(model, full):
    before = [path.stat().st_mtime_ns for path in shards(full)]
    first, _ = kept(full.parent / "other", model)
    again, passes = kept(full, model)
    assert passes == [] and digest(again) == digest(first)
    assert [path.stat().st_mtime_ns for path in shards(full)] == before
    assert again.said == (f"Frozen tower: {COUNT} frames, {COUNT} found in {full}, 0 computed.",)


def test_bits_that_are_there_are_those_that_are_used(model, full):
    """Even where the tower would give others: they are what the run began with."""
    tower = tower_of(unwrapped(model), processor())
    there, _ = scan(full, tower)
    shutil.rmtree(full / tower.key)
    write(full, tower, {name: out._replace(tokens=out.tokens + 1) for name, out in there.items()})
    made, passes = kept(full, model)
    assert passes == []
    wanted = [out.tokens + 1 for out in there.values()]
    assert sorted(x.sum().item() for x in made.outputs) == sorted(x.sum().item() for x in wanted)


def test_only_what_is_missing_is_computed_and_to_the_same_bits(model, full):
    whole, _ = kept(full, model)
    for gone in shards(full)[1:3]:
        gone.unlink()
    made, passes = kept(full, model)
    assert passes == [FRAMES, FRAMES] and made.found == COUNT - 2 * FRAMES
    assert digest(made) == digest(whole)
    assert made.to_dict() == {
        "frames": COUNT, "found": 6, "computed": 6, "bytes": whole.bytes,
    }  # fmt: skip


def test_other_rows_find_the_frames_that_they_share(model, tmp_path):
    _, passes = kept(tmp_path, model, rows(8))
    assert passes == [3, 3, 2]
    made, passes = kept(tmp_path, model, rows(12))
    assert (made.found, sum(passes)) == (8, 4)


def one_weight_more(tower):
    with torch.no_grad():
        tower.blocks[1].mlp.fc1.weight[3, 4] += 2**-20


OTHER_TOWERS = {
    "one weight": one_weight_more,
    "its type": lambda tower: tower.to(torch.bfloat16),
    "its heads": lambda tower: setattr(tower.config, "num_heads", 2),
}


@pytest.mark.parametrize("what", OTHER_TOWERS)
def test_another_tower_has_outputs_of_its_own(full, what):
    model = stack()
    OTHER_TOWERS[what](unwrapped(model).model.visual)
    made, passes = kept(full, model)
    assert (made.found, sum(passes)) == (0, COUNT)
    assert kept(full, model)[1] == [] == kept(full, stack())[1]


def test_under_autocast_too(model, full):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made, passes = kept(full, model)
    assert (made.found, sum(passes)) == (0, COUNT)


OTHER_PICTURES = {
    "fewer pixels": {"size": {"shortest_edge": 56 * 56, "longest_edge": 84 * 84}},
    "at least": {"size": {"shortest_edge": 112, "longest_edge": 112 * 112}},
    "another light": {"image_mean": (0.5, 0.5, 0.5)},
    "another resampling": {"resample": Image.Resampling.BILINEAR},
}


@pytest.mark.parametrize("what", OTHER_PICTURES)
def test_pictures_that_are_prepared_otherwise_have_outputs_of_their_own(model, full, what):
    other = deepcopy(processor())
    for name, value in OTHER_PICTURES[what].items():
        setattr(other.image_processor, name, value)
    made, passes = kept(full, model, encode(rows().rows, other))
    assert (made.found, sum(passes)) == (0, COUNT)


def same_bytes(*sizes):
    """Rows whose frames are the same bytes, as pictures of several sizes."""
    data = bytes(place % 251 for place in range(112 * 56 * 3))
    frames = [Image.frombytes("RGB", size, data) for size in sizes]
    return encode([replace(rows().rows[0], frames=(frame,)) for frame in frames], processor())


def test_the_same_bytes_in_another_size_are_another_frame(model, tmp_path):
    one, _ = kept(tmp_path, model, same_bytes((112, 56)))
    two, passes = kept(tmp_path, model, same_bytes((56, 112)))
    assert passes == [1] and two.found == 0
    assert one.grids[0].tolist() != two.grids[0].tolist()
    made, passes = kept(tmp_path, model, same_bytes((112, 56), (56, 112)))
    assert (made.found, passes) == (2, []) and made.frames == ((0,), (1,))


def test_a_key_does_not_depend_on_the_process_or_on_where_a_base_was_loaded_from(model, tmp_path):
    from paper_repro.data.processor import load_processor

    processor().save_pretrained(tmp_path)
    some = tower_of(unwrapped(model), processor())
    unwrapped(model).model.visual.config._name_or_path = "elsewhere"
    assert tower_of(unwrapped(model), load_processor(tmp_path)) == some
    assert len(some.key) == 32 and (some.width, some.merge) == (128, 2)


SPOILED = {
    "cut short": lambda path: os.truncate(path, path.stat().st_size - 1),
    "empty": lambda path: os.truncate(path, 0),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "no such thing": lambda path: path.write_text("not tensors at all"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_file_that_is_not_whole_is_said_and_its_frames_are_computed_again(model, full, how):
    wanted = digest(kept(full, model)[0])
    spoiled = shards(full)[2]
    SPOILED[how](spoiled)
    if how == "a folder":
        with pytest.raises(Unwritable):
            kept(full, model)
        return
    made, passes = kept(full, model)
    assert passes == [FRAMES] and digest(made) == wanted
    (problem,) = made.problems
    assert problem.startswith(f"Not used, in {spoiled.parent}: {spoiled.name}: ")
    assert problem.endswith(" Those frames are computed again.") and made.said[0] == problem
    assert kept(full, model)[0].problems == ()


def renamed(path, tower):
    return path.rename(path.with_name("0" * 32 + ".safetensors"))


def rewritten(path, tower, **changes):
    """The same frames under the same name, with something else about them."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(path, "pt") as opened:
        about = opened.metadata() | changes.pop("about", {})
        tensors = {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118
    save_file(tensors | changes, path, metadata=about)


FOREIGN = {
    "of other frames": renamed,
    "of another tower": lambda path, tower: rewritten(path, tower, about={"key": "0" * 32}),
    "with fewer tokens": lambda path, tower: rewritten(path, tower, outputs=torch.zeros(3, 128)),
    "of another width": lambda path, tower: rewritten(path, tower, outputs=torch.zeros(48, 64)),
    "of another type": lambda path, tower: rewritten(
        path, tower, outputs=torch.zeros(48, 128, dtype=torch.bfloat16)
    ),
    "with fewer grids": lambda path, tower: rewritten(
        path, tower, grids=torch.ones(2, 3, dtype=torch.long)
    ),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_sound_file_of_something_else_is_not_trusted(model, full, what):
    whole, _ = kept(full, model)
    wanted = digest(whole)
    assert len(whole.outputs[0]) * FRAMES == 48
    tower = tower_of(unwrapped(model), processor())
    FOREIGN[what](shards(full)[1], tower)
    made, passes = kept(full, model)
    assert passes == [FRAMES] and digest(made) == wanted and len(made.problems) == 1


def test_several_such_files_are_one_sentence(model, full):
    for path in shards(full)[:3]:
        os.truncate(path, 100)
    made, _ = kept(full, model)
    assert len(made.problems) == 1 and ", and 2 more. Those frames" in made.problems[0]


def test_files_end_at_a_number_of_frames_or_of_bytes(model, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "MOST_BYTES", 2 * 16 * 128 * 4)
    _, passes = kept(tmp_path / "two", model)
    assert passes == [2] * 6 and len(shards(tmp_path / "two")) == 6
    monkeypatch.setattr(features, "MOST_BYTES", 1)
    _, passes = kept(tmp_path / "one", model)
    assert passes == [1] * 12


def test_maps_are_as_many_as_files_and_no_file_stays_open(model, full):
    def mapped():
        with open("/proc/self/maps") as lines:
            return sum(str(full) in line for line in lines)

    opened = len(os.listdir("/proc/self/fd"))
    made, _ = kept(full, model)
    assert mapped() == COUNT / FRAMES and len(os.listdir("/proc/self/fd")) == opened
    shutil.rmtree(full)
    made.of(list(range(COUNT)))


def test_the_first_of_two_writers_stays(model, full):
    """And where two files hold a frame, the older one is read."""
    tower = tower_of(unwrapped(model), processor())
    first = shards(full)[0]
    held, before = read(first, tower), first.read_bytes()
    other = {name: out._replace(tokens=out.tokens + 1) for name, out in held.items()}
    assert write(full, tower, other) == first and first.read_bytes() == before
    some = dict(list(other.items())[:2])
    newer = write(full, tower, some)
    for age, name in ((10, first), (5, newer)):
        os.utime(name, (time.time() - age,) * 2)
    assert all(scan(full, tower)[0][name].tokens.equal(held[name].tokens) for name in some)
    os.utime(newer, (time.time() - 20,) * 2)
    assert all(scan(full, tower)[0][name].tokens.equal(some[name].tokens) for name in some)


def test_what_a_killed_process_left_is_cleared_after_an_hour(model, full):
    place = shards(full)[0].parent
    old, new = (place / f".{name}{feature_shards.HALF_MADE}" for name in ("old", "new"))
    for path, age in ((old, 3700), (new, 3500)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    _, passes = kept(full, model)
    assert passes == [] and not old.exists() and new.exists()


def test_a_shared_folder_can_be_read_by_others(full):
    assert {path.stat().st_mode & 0o044 for path in shards(full)} == {0o044 & ~umask()}


def umask():
    now = os.umask(0)
    os.umask(now)
    return now


Usage = namedtuple("Usage", "free")


def test_too_little_room_is_said_before_anything_is_computed(model, tmp_path, monkeypatch):
    needed = COUNT * 16 * 128 * 4
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(needed - 1))
    with small_files() as passes, pytest.raises(Unwritable) as error:
        keep(rows(), model, tmp_path / "not" / "there")
    assert passes == [] and list(tmp_path.iterdir()) == []
    assert (error.value.expected, error.value.got) == ("a folder that takes 0.1 MB", "0.1 MB free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(needed))
    _, passes = kept(tmp_path, model)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0))
    assert len(passes) == 4 and kept(tmp_path, model)[1] == []


def test_a_disk_that_fills_up_leaves_whole_files_only(model, tmp_path, monkeypatch):
    flush, flushed = os.fsync, []

    def full(handle):
        flushed.append(handle)
        if len(flushed) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(handle)

    with monkeypatch.context() as patch, pytest.raises(Unwritable, match="No space left"):
        patch.setattr("os.fsync", full)
        kept(tmp_path, model)
    assert len(shards(tmp_path)) == 2 == len([p for p in tmp_path.rglob("*") if p.is_file()])
    made, passes = kept(tmp_path, model)
    assert made.found == 6 and passes == [3, 3] and made.problems == ()


def test_a_file_in_place_of_the_folder(model, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Unwritable):
        kept(tmp_path / "file", model)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_broken_file_is_an_error_of_its_own(full, model):
    with pytest.raises(Broken, match="No such file"):
        read(full / "none.safetensors", tower_of(unwrapped(model), processor()))
