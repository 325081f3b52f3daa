"""Reading from the hub: only the bytes asked for, whatever the server does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from paper_repro.counting import source
from paper_repro.counting.checkpoint import read_checkpoint, read_json
from paper_repro.counting.rows import count_rows, parquet_rows
from paper_repro.counting.source import (
    HubRepository,
    HubUnreachable,
    RepoUnreadable,
    open_hub,
    open_source,
)
from paper_repro.errors import UserError
from tests.hub_server import COMMIT, HubServer, Misbehaviour, pointing_at

WEIGHTS = 32_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    root = tmp_path_factory.mktemp("hub")
    for name in ("model", "data", "adapter/deep"):
        (root / name).mkdir(parents=True)
    save_file({"w": np.ones(WEIGHTS // 8), "v": np.ones(2)}, root / "model/model.safetensors")
    (root / "model/config.json").write_text('{"model_type": "llama"}')
    (root / "adapter/deep/adapter_config.json").write_text('{"peft_type": "LORA"}')
    models = {"org/model": root / "model", "org/adapter": root / "adapter"}
    with HubServer(models, {"org/data": root / "data"}) as server, pointing_at(server.url):
        yield server


@pytest.fixture(autouse=True)
def fresh(hub: HubServer) -> None:
    hub.wrong = Misbehaviour()
    hub.gated, hub.private = set(), set()
    hub.requests.clear()


def test_a_mirror_that_gives_no_sizes_is_asked_for_the_tree(hub: HubServer) -> None:
    known = open_hub("org/model").files
    hub.wrong = Misbehaviour(no_sizes=True)
    assert open_hub("org/model").files == known
    assert any("/tree/" in request.path for request in hub.requests)


def test_a_header_is_all_that_travels(hub: HubServer) -> None:
    repository = open_hub("org/model")
    checkpoint = read_checkpoint(repository)
    assert isinstance(repository, HubRepository)
    assert repository.commit == COMMIT
    assert checkpoint.parameters == WEIGHTS // 8 + 2
    assert hub.sent == checkpoint.header_bytes == repository.received < 300
    assert {request.status for request in hub.requests if "resolve" in request.path} == {206}


def test_a_server_that_ignores_ranges_is_cut_off(hub: HubServer) -> None:
    hub.wrong = Misbehaviour(ignore_range=True)
    repository = open_hub("org/model")
    assert read_checkpoint(repository).parameters == WEIGHTS // 8 + 2
    assert isinstance(repository, HubRepository)
    assert repository.received < 300
    patience = time.monotonic() + 5
    while hub.sent > WEIGHTS and time.monotonic() < patience:
        time.sleep(0.01)
    assert hub.sent < WEIGHTS  # two answers of it all were begun, and cut off
    with pytest.raises(UserError, match="sends all of"):
        repository.read("model.safetensors", WEIGHTS // 2, WEIGHTS // 2 + 8)


def test_a_folder_inside_a_repository(hub: HubServer) -> None:
    deep = open_source("org/adapter/deep")
    assert read_json(deep, "adapter_config.json") == {"peft_type": "LORA"}


@pytest.mark.parametrize(
    ("name", "got"),
    [("org/none", r"missing or private \(status 401\)"), ("org/shut", "missing or private")],
)
def test_missing_and_private_repositories(hub: HubServer, name: str, got: str) -> None:
    hub.private = {"org/shut"}
    with pytest.raises(RepoUnreadable, match=got):
        open_hub(name)


def test_gated_repositories_open_with_a_token_only(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.gated = {"org/model"}
    with pytest.raises(RepoUnreadable, match="asks for access first"):
        read_checkpoint(open_hub("org/model"))
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    assert read_checkpoint(open_hub("org/model")).parameters > 0
    with pytest.raises(RepoUnreadable):
        read_checkpoint(open_hub("org/model", anonymous=True))


def test_an_unknown_revision(hub: HubServer) -> None:
    assert read_checkpoint(open_hub("org/model", revision=COMMIT)).parameters > 0
    with pytest.raises(RepoUnreadable, match="RevisionNotFound"):
        open_hub("org/model", revision="v9")


@pytest.mark.parametrize(
    "wrong", [Misbehaviour(status=500), Misbehaviour(status=429), Misbehaviour(html=True)]
)
def test_a_server_that_is_no_hub_today(hub: HubServer, wrong: Misbehaviour) -> None:
    hub.wrong = wrong
    with pytest.raises(HubUnreachable, match="no usable answer"):
        open_hub("org/model")


def test_an_answer_that_breaks_off(hub: HubServer) -> None:
    repository = open_hub("org/model")
    hub.wrong = Misbehaviour(truncate=20)
    with pytest.raises(HubUnreachable, match="RemoteProtocolError"):
        read_checkpoint(repository)


def test_a_slow_server_is_not_waited_for(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "TIMEOUT", 0.2)
    hub.wrong = Misbehaviour(delay=1.0)
    with pytest.raises(HubUnreachable, match="ReadTimeout"):
        open_hub("org/model")


def test_nothing_listens_there() -> None:
    with pointing_at("http://127.0.0.1:9"), pytest.raises(HubUnreachable, match="ConnectError"):
        open_hub("org/model")


@pytest.mark.parametrize("name", ["./no/such/folder", "a b", "--flag"])
def test_names_that_are_neither_folder_nor_hub_id(hub: HubServer, name: str) -> None:
    with pytest.raises(UserError):
        open_source(name)


def test_the_endpoint_variable_in_a_new_process(hub: HubServer, tmp_path: Path) -> None:
    script = (
        "from paper_repro.counting.checkpoint import read_checkpoint\n"
        "from paper_repro.counting.source import open_hub\n"
        "import sys\n"
        "print(read_checkpoint(open_hub('org/model')).parameters, 'torch' in sys.modules)\n"
    )
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [f"{WEIGHTS // 8 + 2}", "False"]
    assert hub.sent < 300
    offline = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert "HF_HUB_OFFLINE is set" in offline.stderr


def test_offline_a_copy_in_the_cache_is_read(hub: HubServer, tmp_path: Path) -> None:
    fetch = "from huggingface_hub import snapshot_download as get; get('org/adapter')"
    read = (
        "from paper_repro.counting.source import open_source as get\n"
        "print(*get('org/adapter/deep').files, get('org/adapter').name)"
    )
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path)}
    environment |= {"HF_HUB_DISABLE_XET": "1"}
    subprocess.run([sys.executable, "-c", fetch], env=environment, check=True, capture_output=True)
    hub.requests.clear()
    done = subprocess.run(
        [sys.executable, "-c", read],
        env=environment | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["adapter_config.json", "org/adapter"]
    assert hub.requests == []


CARD = """---
dataset_info:
  splits:
  - {name: train, num_examples: 39}
  - {name: test, num_examples: 8}
configs:
- config_name: default
  data_files:
  - {split: train, path: data/train-*}
  - {split: test, path: data/test-*}
---
# Data
"""


def dataset(folder: Path, rows: dict[str, int], card: str = "") -> Path:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    (folder / "data").mkdir(exist_ok=True)
    for name, count in rows.items():
        table = pa.table({"image": [os.urandom(2_000) for _ in range(count)]})
        write_table(
            table, folder / f"data/{name}.parquet", row_group_size=10, write_statistics=False
        )
    (folder / "README.md").write_text(card)
    return folder


SPLITS = {"train-00000-of-00002": 30, "train-00001-of-00002": 11, "test-00000-of-00001": 7}


def test_rows_are_counted_in_footers_and_the_card_is_only_quoted(hub: HubServer) -> None:
    folder = dataset(hub.datasets["org/data"], SPLITS, CARD)
    (folder / "old.parquet").write_bytes(b"not in the card's configuration")
    repository = open_hub("org/data", "dataset")
    rows = count_rows(repository)
    (folder / "old.parquet").unlink()
    assert rows.counted == {"test": 7, "train": 41}
    assert rows.total == 48
    assert rows.formula == (
        "41 train + 7 test = 48 in the footers of 3 parquet files; "
        "its card says 39 train + 8 test = 47"
    )


def test_footers_alone_travel(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dataset(hub.datasets["org/data"], {"train-00000-of-00001": 500})
    monkeypatch.setattr("paper_repro.counting.rows._TAIL", 64)
    assert parquet_rows(open_hub("org/data", "dataset"), "data/train-00000-of-00001.parquet") == 500
    size = (folder / "data/train-00000-of-00001.parquet").stat().st_size
    assert 64 < hub.sent < size / 50


@pytest.mark.parametrize(
    "card", ["", "---\n: [\n---\n", "---\n- a\n---\n", "---\nconfigs: 3\n---\n"]
)
def test_a_card_that_says_nothing(tmp_path: Path, card: str) -> None:
    rows = count_rows(open_source(str(dataset(tmp_path, SPLITS, card))))
    assert (rows.total, rows.declared) == (48, {})


def test_a_data_set_without_parquet_has_its_cards_word(tmp_path: Path) -> None:
    rows = count_rows(open_source(str(dataset(tmp_path, {}, CARD))))
    assert (rows.total, rows.formula) == (47, "its card says 39 train + 8 test = 47")
    assert count_rows(open_source(str(dataset(tmp_path, {})))).total is None


@pytest.mark.parametrize(
    "tail",
    [b"", b"PAR1", b"\xff\xff\xff\xffPAR1", b"\0\0\0\0PAR1", b"\x04\0\0\0PAR1", b"\x04\0\0\0PAR2"],
)
def test_hostile_footers(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "train.parquet").write_bytes(b"PAR1" + b"\xff" * 50 * bool(tail) + tail)
    with pytest.raises(UserError, match="not a well-formed file"):
        count_rows(open_source(str(tmp_path)))


def test_json_that_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps([1]))
    with pytest.raises(UserError, match="expected: a JSON object"):
        read_json(open_source(str(tmp_path)), "adapter_config.json")
