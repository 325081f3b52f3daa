"""From what a user types to a model's ``config.json``: a folder, a file, a hub id.

``resolve_base("Qwen/Qwen2-VL-2B-Instruct")`` works offline; of other hub ids ``config.json`` alone
is read, without retries, or the copy in the hub's cache when the hub cannot be reached. Weights
are never read and remote code is never run.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from paper_repro.counting.source import HubUnreachable, RepoUnreadable, open_hub
from paper_repro.errors import UserError

_PACKAGE = Path(__file__).parent.parent
_SHIPPED = _PACKAGE / "counting" / "configs"
BUILT_IN: dict[str, Path] = {
    "Qwen/Qwen2-VL-2B-Instruct": _PACKAGE / "study/pitvqa/configs/qwen2-vl-2b-instruct.json",
    "Qwen/Qwen2-VL-7B-Instruct": _SHIPPED / "qwen2-vl-7b-instruct.json",
    "Qwen/Qwen2.5-VL-3B-Instruct": _SHIPPED / "qwen2.5-vl-3b-instruct.json",
    "Qwen/Qwen2.5-VL-7B-Instruct": _SHIPPED / "qwen2.5-vl-7b-instruct.json",
    "Qwen/Qwen2.5-0.5B-Instruct": _SHIPPED / "qwen2.5-0.5b-instruct.json",
    "Qwen/Qwen2.5-1.5B-Instruct": _SHIPPED / "qwen2.5-1.5b-instruct.json",
    "Qwen/Qwen2.5-3B-Instruct": _SHIPPED / "qwen2.5-3b-instruct.json",
    "Qwen/Qwen2.5-7B-Instruct": _SHIPPED / "qwen2.5-7b-instruct.json",
    "meta-llama/Llama-3.2-1B": _SHIPPED / "llama-3.2-1b.json",
    "meta-llama/Llama-3.2-3B": _SHIPPED / "llama-3.2-3b.json",
    "meta-llama/Llama-3.1-8B": _SHIPPED / "llama-3.1-8b.json",
    "meta-llama/Llama-2-7b-hf": _SHIPPED / "llama-2-7b.json",
    "meta-llama/Llama-2-13b-hf": _SHIPPED / "llama-2-13b.json",
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": _SHIPPED / "tinyllama-1.1b.json",
    "mistralai/Mistral-7B-v0.1": _SHIPPED / "mistral-7b-v0.1.json",
}
"""Configs that come with the package, by hub id."""

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_LARGEST = 1_000_000
_COUNT = "python -m paper_repro count {}"


def resolve_base(name_or_folder: str | Path) -> tuple[str, dict[str, Any]]:
    """Find a base's config.

    Args:
        name_or_folder: a folder that holds ``config.json``, the file itself, or a hub id.

    Returns:
        The name as typed, and the parsed config.

    Raises:
        UserError: when there is no such config, or it is not a JSON object.
    """
    name = str(name_or_folder)
    path = Path(name)
    if path.is_dir():
        return name, _read_folder(path)
    if path.is_file():
        return name, read_config(path)
    if name in BUILT_IN:
        return name, read_config(BUILT_IN[name])
    if _HUB_ID.fullmatch(name) is None or name.endswith(".json"):
        raise _nowhere(name, "no such folder or file")
    return name, _from_hub(name)


def read_config(path: Path) -> dict[str, Any]:
    """Parse a ``config.json``.

    Raises:
        UserError: when it cannot be read, is not a JSON object, or is over one megabyte.
    """
    try:
        if (size := path.stat().st_size) > _LARGEST:
            raise _not_a_config(str(path), f"{size:,} bytes")
        return _parse(path.read_bytes(), str(path))
    except OSError as error:
        raise _not_a_config(str(path), f"{type(error).__name__}: {error}"[:200]) from None


def _parse(data: bytes, where: str) -> dict[str, Any]:
    try:
        config = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _not_a_config(where, f"{type(error).__name__}: {error}"[:200]) from None
    if not isinstance(config, dict):
        raise _not_a_config(where, f"a JSON {type(config).__name__}")
    return config


def _read_folder(folder: Path) -> dict[str, Any]:
    if (folder / "config.json").is_file():
        return read_config(folder / "config.json")
    if (folder / "adapter_config.json").is_file():
        raise UserError(
            f"{folder} holds an adapter, not a base model.",
            expected="a folder with the base's config.json",
            got="adapter_config.json",
            next_command=f"python -m paper_repro doctor {folder}",
        )
    raise _nowhere(str(folder), "a folder without config.json")


def _from_hub(name: str) -> dict[str, Any]:
    try:
        source = open_hub(name)
        size = source.files.get("config.json")
        if size is None:
            raise _nowhere(name, "a repository without config.json")
        if size > _LARGEST:
            raise _not_a_config(f"{name}/config.json", f"{size:,} bytes")
        return _parse(source.read("config.json", 0, size), f"{name}/config.json")
    except RepoUnreadable as error:
        raise _nowhere(name, f"no such public repository on the hub: {error.got}") from None
    except HubUnreachable as error:
        from huggingface_hub import try_to_load_from_cache

        if isinstance(copy := try_to_load_from_cache(name, "config.json"), str):
            return read_config(Path(copy))
        got = f"the hub cannot be reached, and no copy is in the cache ({error.got})"
        raise _nowhere(name, got) from None


def _nowhere(name: str, got: str) -> UserError:
    return UserError(
        f"No config.json was found for the base {name!r}.",
        expected=f"a folder with config.json, a public hub id, or one of {', '.join(BUILT_IN)}",
        got=got,
        next_command=_COUNT.format("Qwen/Qwen2-VL-2B-Instruct  (works offline)"),
    )


def _not_a_config(where: str, got: str) -> UserError:
    return UserError(
        f"{where} is not a model's config.",
        expected="a JSON object of at most one megabyte, as transformers writes config.json",
        got=got,
        next_command=_COUNT.format(where),
    )
