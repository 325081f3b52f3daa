"""From a folder, a file or a hub name to a config; the hub is a real server on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paper_repro.counting.bases import BUILT_IN, resolve_base
from paper_repro.counting.families import architecture_of
from paper_repro.errors import UserError
from tests.hub_server import HubServer

CONFIG = {"model_type": "llama", "auto_map": {"AutoConfig": "evil.Config"}}


def write(folder: Path, text: str, name: str = "config.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def resolve_elsewhere(
    name: str, cache: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Resolve in a new process, because the endpoint is read when the client is imported."""
    script = (
        "import sys, json; from paper_repro.errors import UserError\n"
        "from paper_repro.counting.bases import resolve_base\n"
        "try: print(json.dumps(resolve_base(sys.argv[1])[1]))\n"
        "except UserError as error: print(error, file=sys.stderr); sys.exit(2)"
    )
    settings = {**os.environ, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "0", **environment}
    settings.pop("HF_HUB_CACHE", None)
    return subprocess.run(
        [sys.executable, "-c", script, name],
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_built_in_base_needs_no_network() -> None:
    name, config = resolve_base("Qwen/Qwen2-VL-2B-Instruct")
    assert name == "Qwen/Qwen2-VL-2B-Instruct"
    assert config["vision_config"]["depth"] == 32
    assert all(path.is_file() for path in BUILT_IN.values())


PUBLISHED = {
    "Qwen/Qwen2-VL-2B-Instruct": 2_208_985_600,
    "Qwen/Qwen2-VL-7B-Instruct": 8_291_375_616,
    "Qwen/Qwen2.5-VL-3B-Instruct": 3_754_622_976,
    "Qwen/Qwen2.5-VL-7B-Instruct": 8_292_166_656,
    "Qwen/Qwen2.5-0.5B-Instruct": 494_032_768,
    "Qwen/Qwen2.5-1.5B-Instruct": 1_543_714_304,
    "Qwen/Qwen2.5-3B-Instruct": 3_085_938_688,
    "Qwen/Qwen2.5-7B-Instruct": 7_615_616_512,
    "meta-llama/Llama-3.2-1B": 1_235_814_400,
    "meta-llama/Llama-3.2-3B": 3_212_749_824,
    "meta-llama/Llama-3.1-8B": 8_030_261_248,
    "meta-llama/Llama-2-7b-hf": 6_738_415_616,
    "meta-llama/Llama-2-13b-hf": 13_015_864_320,
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": 1_100_048_384,
    "mistralai/Mistral-7B-v0.1": 7_241_732_096,
}
"""Parameters as the headers of the published files add up to, tied ones once."""


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_config_counts_as_its_publisher_does(name: str) -> None:
    assert architecture_of(resolve_base(name)[1]).parameters == PUBLISHED[name]


def test_a_folder_and_its_file_are_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "base", json.dumps(CONFIG))
    assert resolve_base(folder) == (str(folder), CONFIG)
    assert resolve_base(str(folder / "config.json"))[1] == CONFIG


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", '{"a": ' * 100_000, '{"a": ' + "9" * 5_000 + "}"]
)
def test_a_malformed_config_is_named(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path / "base", text)
    with pytest.raises(UserError, match=r"config\.json is not a model's config"):
        resolve_base(folder)


def test_a_huge_config_is_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "base", " " * 1_000_001)
    with pytest.raises(UserError, match="1,000,001 bytes"):
        resolve_base(folder)


def test_an_adapter_is_sent_to_the_doctor(tmp_path: Path) -> None:
    folder = write(tmp_path / "adapter", "{}", "adapter_config.json")
    with pytest.raises(UserError, match="doctor"):
        resolve_base(folder)


@pytest.mark.parametrize("name", ["", "/no/such/folder", "a/b/c", "../x", "a b", "config.json"])
def test_what_is_neither_a_place_nor_a_hub_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"No config\.json was found"):
        resolve_base(name)


def test_the_hub_gives_the_config_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "repository", json.dumps(CONFIG))
    write(folder, "0" * 100_000, "model.safetensors")
    write(folder, "raise SystemExit", "evil.py")
    with HubServer(models={"org/base": folder}) as hub:
        done = resolve_elsewhere("org/base", tmp_path / "cache", HF_ENDPOINT=hub.url)
        assert json.loads(done.stdout) == CONFIG, done.stderr
        asked = [request.path for request in hub.requests if "/resolve/" in request.path]
        assert [path.rpartition("/")[2] for path in asked] == ["config.json"]
        assert hub.sent == len(json.dumps(CONFIG))
        missing = resolve_elsewhere("org/none", tmp_path / "cache", HF_ENDPOINT=hub.url)
    assert missing.returncode == 2
    assert "no such public repository" in missing.stderr


def test_no_network_is_one_sentence(tmp_path: Path) -> None:
    done = resolve_elsewhere("org/base", tmp_path, HF_HUB_OFFLINE="1")
    assert done.returncode == 2
    assert "cannot be reached" in done.stderr and "Traceback" not in done.stderr


def test_nobody_answering_is_not_asked_again(tmp_path: Path) -> None:
    done = resolve_elsewhere("org/base", tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 2
    assert "cannot be reached" in done.stderr
    assert "Retrying" not in done.stderr and done.stderr.count("\n") == 4


def test_without_network_the_copy_in_the_cache_is_read(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--org--base"
    write(repository / "snapshots" / "abc", json.dumps(CONFIG))
    write(repository / "refs", "abc", "main")
    done = resolve_elsewhere("org/base", tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert json.loads(done.stdout) == CONFIG, done.stderr


@pytest.mark.parametrize(("text", "got"), [("[1]", "a JSON list"), (" " * 1_000_001, "1,000,001")])
def test_a_malformed_config_on_the_hub_is_named(tmp_path: Path, text: str, got: str) -> None:
    with HubServer(models={"org/base": write(tmp_path / "repository", text)}) as hub:
        done = resolve_elsewhere("org/base", tmp_path / "cache", HF_ENDPOINT=hub.url)
        assert hub.sent <= 1_000
    assert done.returncode == 2
    assert "org/base/config.json is not a model's config" in done.stderr and got in done.stderr


def test_a_wrong_endpoint_is_one_sentence(tmp_path: Path) -> None:
    done = resolve_elsewhere("org/base", tmp_path, HF_ENDPOINT="nonsense")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
