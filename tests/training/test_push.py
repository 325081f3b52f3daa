"""Checkpoints on the hub: all of them arrive, and a hub that fails never fails the run."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from paper_repro.training import checkpoints
from paper_repro.training.context import Options
from paper_repro.training.record import read_record
from paper_repro.training.run import train
from tests.hub_server import HubServer, pointing_at
from tests.training.runs import Heard, differences, go_on, run

NAME = "someone/my-run"


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """With a token, and without waiting before another try."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    monkeypatch.setenv("HF_TOKEN", "hf_of_the_test")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(_http, "time", SimpleNamespace(**vars(_http.time) | {"sleep": abs}))


def pushed(small, folder, **changes):
    heard = Heard()
    options = Options(save_every=2, push=NAME)
    return train(small.settings(max_steps=4, **changes), folder, options, heard), heard


def test_every_checkpoint_arrives_whole_in_a_private_repository(small, tmp_path):
    with HubServer() as hub, pointing_at(hub.url):
        record, heard = pushed(small, tmp_path)
    received = hub.received
    assert received.private == {NAME: True}
    assert [words for words in [*record.warnings, *heard.lines] if "upload" in words] == []
    assert received.commits == ["Checkpoint step-00000002", "Checkpoint step-00000004"]
    files = received.files[NAME]
    for step in ("step-00000002", "step-00000004"):
        for name in (checkpoints.TENSORS, checkpoints.NUMBERS):
            here = tmp_path / "checkpoints" / step / name
            assert files[f"checkpoints/{step}/{name}"] == here.read_bytes()
    assert len(files) == 5 and json.loads(files["record.json"])["steps"] == 4
    api = [request for request in hub.requests if NAME in request.path or "create" in request.path]
    assert len(api) == 8 and all(request.authorized for request in api)


def test_a_run_goes_on_from_what_was_uploaded(small, tmp_path):
    with HubServer() as hub, pointing_at(hub.url):
        run(small.settings(max_steps=4), tmp_path / "whole", push=NAME)
    for name, content in hub.received.files[NAME].items():
        if "step-00000004" not in name:
            path = tmp_path / "fetched" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    go_on(tmp_path / "fetched")
    assert differences(tmp_path / "whole", tmp_path / "fetched") == []


def refusing():
    hub = HubServer()
    hub.wrong.status = 403
    return hub


@pytest.mark.parametrize("hub", [HubServer, refusing], ids=["unreachable", "refusing"])
def test_a_hub_that_fails_never_fails_the_run(small, tmp_path, hub):
    with hub() as server:
        url = server.url
        if hub is refusing:
            with pointing_at(url):
                record, heard = pushed(small, tmp_path / "pushed")
    if hub is HubServer:
        with pointing_at(url):
            record, heard = pushed(small, tmp_path / "pushed")
    assert record.status == "finished"
    said = [words for words in record.warnings if "was not uploaded" in words]
    assert [words.split(":")[0] for words in said] == [
        f"step-0000000{step} was not uploaded to {NAME}" for step in (2, 4)
    ]
    assert all("\n" not in words and "hf_of_the_test" not in words for words in said)
    assert set(said) <= set(heard.lines) and set(said) <= set(record.warnings)
    run(small.settings(max_steps=4), tmp_path / "alone")
    assert differences(tmp_path / "alone", tmp_path / "pushed") == []


def test_what_failed_stands_in_the_record_at_once(small, tmp_path):
    seen = []
    heard = Heard(lambda step: seen.append(read_record(tmp_path / "a").warnings))
    with refusing() as server, pointing_at(server.url):
        options = Options(save_every=1, push=NAME)
        train(small.settings(max_steps=2), tmp_path / "a", options, heard)
    assert any("step-00000001 was not uploaded" in words for words in seen[1])
