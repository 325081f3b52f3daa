"""Full size over a hub on loopback: pinned revisions, its cache, folders; rows and cards told.

The weights are the miniature's; names, layout and settings are those of the published ones: a base
in shards with an index, an adapter under transformers 4's names, rows as parquet.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from paper_repro.errors import UserError
from paper_repro.study import load_study
from paper_repro.training import precision
from paper_repro.training.context import Options
from paper_repro.training.recipes import defaults
from paper_repro.training.record import read_record
from paper_repro.training.run import train
from paper_repro.training.soundness import CONFIG, WEIGHTS
from tests.adapters import broken
from tests.data import paper_rows
from tests.hub_server import COMMIT, HubServer, pointing_at
from tests.training.runs import Heard, differences, go_on, killed

STUDY = load_study()
BASE, LEVEL_1 = "Qwen/Qwen2-VL-2B-Instruct", "mmrech/pitvqa-qwen2vl-unified"
DATA = "mmrech/pitvqa-comprehensive-spatial"
PINNED = {BASE: STUDY.model("qwen2-vl-2b").revision, LEVEL_1: "a" * 40, DATA: "d" * 40}
GONE = "e" * 40
PINS = {"level1_revision": PINNED[LEVEL_1], "data_revision": PINNED[DATA]}
PREFIX = "base_model.model.model."


@dataclass(frozen=True)
class Published:
    """Folders as the repositories hold them."""

    base: Path
    level1: Path
    data: Path

    @property
    def folders(self) -> dict[str, Path]:
        return {BASE: self.base, LEVEL_1: self.level1, DATA: self.data}

    def moved_on(self, hub: HubServer, main: Path) -> HubServer:
        """What is pinned is no longer what ``main`` points to."""
        hub.models, hub.datasets = {BASE: main, LEVEL_1: main}, {DATA: main}
        hub.commits = dict.fromkeys(PINNED, COMMIT)
        hub.earlier = {(n, commit): self.folders[n] for n, commit in PINNED.items()}
        return hub


@pytest.fixture(scope="module")
def published(small, tmp_path_factory):
    from transformers import Qwen2VLForConditionalGeneration

    from paper_repro.data.processor import load_processor

    root = tmp_path_factory.mktemp("published")
    model = Qwen2VLForConditionalGeneration.from_pretrained(small.base / "base")
    model.save_pretrained(root / "base", max_shard_size="2MB")
    load_processor(small.base / "base").save_pretrained(root / "base")
    assert len(list((root / "base").glob("model-*-of-*.safetensors"))) > 1
    adapter = broken(
        small.level1 / "adapter",
        root / "level1",
        lambda found: {n.replace(f"{PREFIX}language_model.", PREFIX): t for n, t in found.items()},
        base_model_name_or_path=BASE,
    )
    data = paper_rows.write_parquet(paper_rows.with_problems(), root / "data")
    return Published(root / "base", adapter, data)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def settings(**changes):
    start = defaults(STUDY, 2, "full", "stated", on_card=False)
    return replace(start, **{"max_steps": 2, "batch": 1, "accumulation": 4, **changes})


def command(out, *words, **variables):
    """The command in a new process, which reads its environment when it starts."""
    done = subprocess.run(
        [
            sys.executable, "-m", "paper_repro", "train", "2", "--size", "full", "--device", "cpu",
            "--max-steps", "2", "--batch", "1", "--accumulation", "4", "--out", str(out), *words,
        ],
        capture_output=True, text=True, env=os.environ | variables,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return read_record(out), " ".join((done.stdout + done.stderr).split())


def test_hub_cache_and_folders_give_the_same_run(published, tmp_path):
    home = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    pins = ["--level1", f"{LEVEL_1}@{PINNED[LEVEL_1]}", "--data", f"{DATA}@{PINNED[DATA]}"]
    with published.moved_on(HubServer(), tmp_path / "empty") as hub:
        first, said = command(tmp_path / "a", *pins, HF_ENDPOINT=hub.url, **home)
        fetched = {request.path for request in hub.requests if "/resolve/" in request.path}
        assert {commit for path in fetched for commit in PINNED.values() if commit in path} == {
            *PINNED.values()
        }
        assert all(any(commit in path for commit in PINNED.values()) for path in fetched)
        hub.requests.clear()
        second, _ = command(tmp_path / "b", *pins, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="1", **home)
        assert hub.requests == []
    folders = {"base": published.base, "level1": published.level1, "data": published.data}
    given = {name: str(folder) for name, folder in folders.items()}
    third = train(settings(**given, base_revision=None), tmp_path / "c", Options())
    assert len(first.losses) == 2 and first.status == "finished"
    assert differences(tmp_path / "a", tmp_path / "b") == []
    assert differences(tmp_path / "a", tmp_path / "c") == []
    pinned = dict(zip(("base", "level1", "data"), PINNED.values(), strict=True))
    assert first.revisions == second.revisions == pinned
    assert third.revisions == dict.fromkeys(pinned, "")
    assert (first.base_changed, first.earlier_changed) == (0, 0) and first.earlier_tensors == 56
    assert first.counts["by_adapter"].keys() == {"unified", "spatial"}
    assert "56 tensors of the adapter in" in first.warnings[0]
    for words in ("left out, no image: 1 (row 9)", "leak: 2 frames stand in both", "float32"):
        assert words in said


@pytest.mark.parametrize("what", ["base", "level1", "data"])
def test_a_revision_that_is_not_there_is_named(published, cache, tmp_path, what):
    name = {"base": BASE, "level1": LEVEL_1, "data": DATA}[what]
    with (
        published.moved_on(HubServer(), tmp_path / "empty") as hub,
        pointing_at(hub.url),
        pytest.raises(UserError, match=f"{name} at revision {GONE} cannot be read") as error,
    ):
        train(settings(**(PINS | {f"{what}_revision": GONE})), tmp_path / "run", Options())
    assert error.value.got == "no such revision"
    assert read_record(tmp_path / "run").status == "failed"


@pytest.mark.parametrize("what", ["base", "level1", "data"])
def test_offline_what_is_not_in_the_cache_is_named(published, cache, tmp_path, monkeypatch, what):
    from huggingface_hub import constants

    folders = {"base": published.base, "level1": published.level1, "data": published.data}
    local = {name: str(folder) for name, folder in folders.items() if name != what}
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="is not in the hub's cache on this machine") as error:
        train(settings(**local), tmp_path / "run", Options())
    assert {"base": BASE, "level1": LEVEL_1, "data": DATA}[what] in error.value.problem
    assert "HF_HUB_OFFLINE" in error.value.next_command


def test_a_resumed_run_keeps_the_commits_that_it_began_with(published, cache, tmp_path):
    start = settings(base=str(published.base), base_revision=None, max_steps=4)
    models, data = {LEVEL_1: published.level1}, {DATA: published.data}
    with HubServer(models, data, commits=PINNED) as hub, pointing_at(hub.url):
        train(start, tmp_path / "whole", Options())
        with killed(start, tmp_path / "cut", at=3):
            published.moved_on(hub, tmp_path / "empty")
            go_on(tmp_path / "cut")
    assert differences(tmp_path / "whole", tmp_path / "cut") == []


def local(published, **changes):
    given = {"base": published.base, "level1": published.level1, "data": published.data}
    return settings(**{name: str(folder) for name, folder in given.items()}, **changes)


def test_a_base_in_four_bits_trains_and_goes_on_bit_for_bit(published, tmp_path):
    start = local(published, precision="nf4", max_steps=4)
    whole = train(start, tmp_path / "whole", Options())
    with killed(start, tmp_path / "cut", at=3):
        go_on(tmp_path / "cut")
    assert differences(tmp_path / "whole", tmp_path / "cut") == []
    assert whole.settings["compute"] == "float32" and len(set(whole.losses)) == 4
    assert (whole.base_changed, whole.earlier_changed) == (0, 0)
    plain = train(local(published), tmp_path / "plain", Options())
    assert whole.counts == plain.counts and whole.hashes != plain.hashes
    assert whole.base_tensors > plain.base_tensors  # the scales of the 4-bit blocks


def test_four_bits_with_the_tower_at_every_pass_leave_the_base_as_it_was(published, tmp_path):
    start = local(published, precision="nf4", max_steps=1, features=False)
    record = train(start, tmp_path, Options())
    assert (record.base_changed, record.earlier_changed) == (0, 0)


def test_on_a_base_in_16_bits_the_stack_is_saved_as_it_was_trained(published, tmp_path):
    start = local(published, precision="bf16", learning_rate=1e-2)
    assert train(start, tmp_path, Options()).settings["compute"] == "bfloat16"
    parts = [updates(tmp_path / "parts" / name) for name in ("unified", "spatial-on-unified")]
    whole = updates(tmp_path / "adapter")
    assert whole.keys() == parts[0].keys() > parts[1].keys()
    for name, update in whole.items():
        expected = sum(part[name] for part in parts if name in part)
        assert (update - expected).abs().max() < 1e-6 * expected.abs().max()


def updates(folder):
    """Scaled B · A of every layer; the matrices are float32."""
    r, alpha = (json.loads((folder / CONFIG).read_text())[key] for key in ("r", "lora_alpha"))
    found = load_file(folder / WEIGHTS)
    assert {tensor.dtype for tensor in found.values()} == {torch.float32}
    pairs = {name: name.replace("lora_A", "lora_B") for name in found if "lora_A" in name}
    return {a: alpha / r * found[b] @ found[a] for a, b in pairs.items()}


def test_fp16_on_a_card_without_bf16_units_is_said(published, tmp_path, monkeypatch):
    t4 = precision.Card("Tesla T4", (7, 5), bf16=False)
    chosen = precision.choose("cuda", "bf16", t4)
    monkeypatch.setattr("paper_repro.training.prepare.precision_of", lambda *_: chosen)
    heard = Heard()
    record = train(local(published, precision="bf16"), tmp_path, Options(), heard)
    assert chosen.compute == "float16" and chosen.reason in heard.lines
    assert record.settings["compute"] == "float16" and record.status == "finished"
    (computed,) = [each for each in record.deviations if each["name"] == "compute"]
    assert computed["here"] == "float16" and computed["reason"] == chosen.reason


@pytest.mark.parametrize("text", [True, False], ids=["JSON text", "lists"])
def test_every_row_is_trained_on_or_named(published, tmp_path, text):
    rows, kinds = paper_rows.with_problems(), list(paper_rows.broken())
    if not text:  # a column of lists holds no text that is no JSON
        del rows["train"][6], kinds[0]
    data = paper_rows.write_parquet(rows, tmp_path / "rows", text=text)
    heard = Heard()
    start = replace(local(published), data=str(data), max_steps=1)
    found = train(start, tmp_path / "run", Options(), heard).data
    named = [(row, kind) for split, row, kind, _ in found["problems"] if split == "train"]
    assert named == list(enumerate(kinds, 6))
    assert found["usable"]["train"] == 6 and found["rows"]["train"] == 6 + len(kinds)
    assert found["left_out"]["train"] == dict.fromkeys(kinds, 1)
    for row, kind in named:
        assert f"train: left out, {kind}: 1 (row {row})" in heard.lines
    shared = {"train": 2, "validation": 3}
    assert (found["leaks"]["frames"], found["leaks"]["rows_with_shared_frames"]) == (2, shared)
    said = "leak: 2 frames stand in both train and validation: "
    assert f"{said}2 of 6 rows of train and 3 of 5 rows of validation" in heard.lines
    assert found["repeated_rows"] == {"train": 0, "validation": 1}
