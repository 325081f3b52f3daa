"""Rows come alike from every layout, from the hub by revision, and failures say what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paper_repro.data.problems import check
from paper_repro.data.source import load_rows
from paper_repro.errors import UserError
from tests.data import paper_rows as paper
from tests.hub_server import COMMIT, HubServer, pointing_at

ROOT = Path(__file__).parents[2]
NAME = "someone/paper-rows"
CARD = """---
license: mit
configs:
- config_name: default
  data_files:
  - {split: train, path: data/train-*}
  - {split: validation, path: data/validation-*}
dataset_info:
  splits:
  - {name: train, num_examples: 4666}
  - {name: validation, num_examples: 518}
---
This card says more rows than there are, as the paper's does.
"""


def saved_to_disk(splits, folder):
    paper.as_dataset(splits).save_to_disk(folder)
    return folder


LAYOUTS = {
    "parquet, JSON text": paper.write_parquet,
    "parquet, lists": lambda splits, folder: paper.write_parquet(splits, folder, text=False),
    "parquet, two shards": lambda splits, folder: paper.write_parquet(splits, folder, shards=2),
    "save_to_disk": saved_to_disk,
    "JSON lines": paper.write_json_lines,
    "memory": lambda splits, folder: paper.as_dataset(splits),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_holds_the_same_rows(layout, tmp_path) -> None:
    memory = load_rows(paper.as_dataset(paper.good()))
    splits = load_rows(LAYOUTS[layout](paper.good(), tmp_path / "rows"))
    assert {split: len(rows) for split, rows in splits.raws.items()} == {
        "train": 6,
        "validation": 2,
    }
    assert splits.fingerprint == memory.fingerprint
    assert check(splits).usable == {"train": tuple(range(6)), "validation": (0, 1)}


def test_broken_rows_are_the_same_in_every_layout_too(tmp_path) -> None:
    rows = paper.with_problems()
    layouts = [
        load_rows(paper.as_dataset(rows, text=True)),
        load_rows(paper.write_parquet(rows, tmp_path / "parquet", shards=2)),
        load_rows(paper.write_json_lines(rows, tmp_path / "lines")),
    ]
    reports = [check(splits) for splits in layouts]
    assert len({report.fingerprint for report in reports}) == 1
    assert len({report.problems for report in reports}) == 1


def test_tracking_rows_keep_their_frames_in_columns(tmp_path) -> None:
    rows = {"train": [paper.pointing(1, 2, 3), paper.tracking([paper.frame(i) for i in (1, 2)])]}
    splits = load_rows(paper.write_parquet(rows, tmp_path / "rows"))
    report = check(splits)
    assert report.usable == {"train": (0, 1)} and report.frames == {"train": 2}
    assert report.tasks["train"]["temporal_tracking"] == 1


def changed() -> dict:
    """Sets of rows that differ from the good ones in one thing each."""
    rows = paper.good()
    other_answer = paper.good()
    other_answer["train"][0] = paper.pointing(1, 45.2, 68.4)
    other_frame = paper.good()
    other_frame["train"][0]["image"] = paper.frame(99)
    return {
        "answer": other_answer,
        "frame": other_frame,
        "order": rows | {"train": rows["train"][::-1]},
        "fewer": rows | {"train": rows["train"][:-1]},
        "splits": {"train": rows["validation"], "validation": rows["train"]},
        "names": {"train": rows["train"], "test": rows["validation"]},
        "broken frame": rows | {"train": [*rows["train"], paper.broken()["unreadable image"]]},
        "other broken frame": rows
        | {"train": [*rows["train"], paper.broken()["no image"] | {"image": paper.frame(3)[:50]}]},
    }


def test_the_fingerprint_is_another_for_any_change() -> None:
    sets = [paper.good(), *changed().values()]
    assert len({load_rows(paper.as_dataset(rows)).fingerprint for rows in sets}) == len(sets)


def test_one_dataset_is_the_split_it_says(tmp_path) -> None:
    rows = paper.as_dataset(paper.good())["validation"]
    assert list(load_rows(rows, name="drawn").raws) == ["train"]
    rows.save_to_disk(tmp_path / "one")
    assert len(load_rows(tmp_path / "one").train) == 2


def test_lines_that_are_no_rows_cost_only_themselves(tmp_path) -> None:
    folder = paper.write_json_lines(paper.good(), tmp_path / "rows")
    lines = (folder / "train.jsonl").read_text().splitlines()
    lines[1:2] = ['{"messages": [', "[]", "", lines[1].replace("train-1.png", "gone.png")]
    (folder / "train.jsonl").write_text("\n".join(lines))
    report = check(load_rows(folder))
    assert report.left_out["train"] == {"unreadable row": 2, "no image": 1}
    assert [problem.row for problem in report.problems] == [1, 2, 3]
    assert "gone.png" in report.problems[-1].said and str(tmp_path) not in report.problems[-1].said


def test_an_image_folder_with_metadata_is_json_lines_too(tmp_path) -> None:
    folder = paper.write_json_lines(paper.good(), tmp_path / "rows")
    for split in ("train", "validation"):
        (folder / split).mkdir()
        text = (folder / f"{split}.jsonl").read_text().replace('"image"', '"file_name"')
        text = text.replace("frames/", "../frames/")
        (folder / f"{split}.jsonl").unlink()
        (folder / split / "metadata.jsonl").write_text(text)
    expected = load_rows(paper.as_dataset(paper.good())).fingerprint
    assert load_rows(folder).fingerprint == expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_empty_split_is_an_error(layout, tmp_path) -> None:
    rows = paper.good() | {"validation": []}
    with pytest.raises(UserError, match=r"no rows in (validation|one of its splits)"):
        load_rows(LAYOUTS[layout](rows, tmp_path / "rows"))


def test_rows_without_messages_are_an_error_that_names_the_columns(tmp_path) -> None:
    rows = paper.as_dataset(paper.good()).rename_column("messages", "question")
    with pytest.raises(UserError, match="have no messages") as caught:
        load_rows(rows)
    assert "question" in caught.value.got
    (tmp_path / "train.jsonl").write_text('{"question": "a"}\n')
    with pytest.raises(UserError, match="have no messages"):
        load_rows(tmp_path)


def test_folders_that_hold_no_rows(tmp_path) -> None:
    with pytest.raises(UserError, match="holds no rows"):
        load_rows(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-00000-of-00001.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(UserError, match="cannot be read"):
        load_rows(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        load_rows(tmp_path / "none")


def test_a_split_that_is_not_there() -> None:
    splits = load_rows(paper.as_dataset({"train": paper.good()["train"]}))
    with pytest.raises(UserError, match="no split 'validation'"):
        _ = splits.validation


@pytest.fixture
def hub(tmp_path):
    folder = paper.write_parquet(paper.good(), tmp_path / "served")
    (folder / "README.md").write_text(CARD)
    (folder / "rows.py").write_text("raise SystemExit('code of a data set was run')\n")
    with HubServer(datasets={NAME: folder}) as server, pointing_at(server.url):
        yield server


@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_from_the_hub(hub, revision) -> None:
    splits = load_rows(NAME, revision)
    assert (splits.name, splits.revision) == (NAME, COMMIT)
    assert splits.fingerprint == load_rows(paper.as_dataset(paper.good())).fingerprint
    assert not any("rows.py" in request.path for request in hub.requests if request.sent)


def test_json_lines_and_pictures_from_the_hub(tmp_path) -> None:
    folder = paper.write_json_lines(paper.good(), tmp_path / "served")
    with HubServer(datasets={NAME: folder}) as server, pointing_at(server.url):
        splits = load_rows(NAME)
    assert splits.fingerprint == load_rows(paper.as_dataset(paper.good())).fingerprint


def test_what_the_hub_refuses(hub) -> None:
    with pytest.raises(UserError, match="no-such") as caught:
        load_rows("someone/no-such")
    assert caught.value.got == "missing or private"
    with pytest.raises(UserError, match="revision v2") as caught:
        load_rows(NAME, "v2")
    assert caught.value.got == "no such revision"
    hub.gated.add(NAME)
    with pytest.raises(UserError) as caught:
        load_rows(NAME)
    assert caught.value.got == "it asks for access first"
    with pytest.raises(UserError, match="a b"):
        load_rows("a b")


def test_a_hub_that_does_not_answer(tmp_path) -> None:
    with HubServer() as server:
        url = server.url
    with pointing_at(url), pytest.raises(UserError, match="cannot be fetched from") as caught:
        load_rows(NAME)
    assert url in caught.value.problem and "Connect" in caught.value.got
    with HubServer(datasets={NAME: tmp_path}) as server, pointing_at(server.url):
        server.wrong.status = 500
        with pytest.raises(UserError, match="cannot be fetched from"):
            load_rows(NAME)


def in_a_new_process(cache: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import json\n"
        "from paper_repro.data.source import load_rows\n"
        "from paper_repro.errors import UserError\n"
        f"try: splits = load_rows({NAME!r}, {variables.pop('revision', COMMIT)!r})\n"
        "except UserError as error: print(json.dumps(str(error)))\n"
        "else: print(json.dumps([splits.revision, splits.fingerprint]))\n"
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    variables |= {"HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=kept | variables,
        timeout=120,
    )


def test_the_environments_variables_are_respected(hub, tmp_path) -> None:
    def said(**variables: str):
        done = in_a_new_process(tmp_path / "cache", **variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    before = said(HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in before and "not in the hub's cache" in before
    online = said(HF_ENDPOINT=hub.url)
    assert online == [COMMIT, load_rows(paper.as_dataset(paper.good())).fingerprint]
    hub.requests.clear()
    assert said(HF_HUB_OFFLINE="1", HF_ENDPOINT=hub.url) == online
    assert hub.requests == []
    other = said(HF_HUB_OFFLINE="1", revision="f" * 40)
    assert "not in the hub's cache" in other
