"""Qwen2-VL's processor without torchvision: tokenizer, image processor and chat template.

transformers' own ``Qwen2VLProcessor`` wants a video processor, which needs torchvision. The one
here is the same without that part, and prepares pictures with Pillow whether or not torchvision is
installed, so that a frame gives the same numbers on every machine. It saves and, with
:func:`load_processor`, reloads identically; what it saves is laid out as transformers lays it out.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from paper_repro.data.hub import snapshot
from paper_repro.errors import UserError
from paper_repro.quiet import captured

FILES = ("*.json", "*.jinja", "*.txt", "additional_chat_templates/*")
"""What a repository's processor consists of: no weights, no code."""
IMAGE_TOKEN, VIDEO_TOKEN = "<|image_pad|>", "<|video_pad|>"
_CONFIGS = (
    "config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
)


def load_processor(where: str | Path, revision: str | None = None) -> Any:
    """The processor of a Qwen2-VL, from a folder or, by pinned revision, from the hub.

    Raises:
        UserError: there is none, it is another model's, or it would run code of its own.
    """
    folder = Path(where) if Path(where).is_dir() else snapshot(str(where), "model", revision, FILES)
    _refuse_foreign(folder, str(where))
    # without these, transformers makes an empty tokenizer and says nothing
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise _no_processor(str(where), "neither tokenizer.json nor vocab.json")
    with captured():
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            image_processor = image_processor_class().from_pretrained(folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _no_processor(str(where), str(error).partition("\n")[0]) from None
        template = _chat_template(folder) or tokenizer.chat_template
    for way in ("is_local", "local_files_only"):  # how it was loaded is no part of what is saved
        tokenizer.init_kwargs.pop(way, None)
    if template is None:
        raise _no_processor(str(where), "no chat template")
    if IMAGE_TOKEN not in tokenizer.get_vocab():
        raise _no_processor(str(where), f"a tokenizer that has no {IMAGE_TOKEN}")
    return build_processor(tokenizer, image_processor, template)


def build_processor(tokenizer: Any, image_processor: Any, chat_template: str) -> Any:
    """A processor of its three parts.

    ``processor(text=[…], images=[…], return_tensors="pt")`` gives ``input_ids``, ``attention_mask``
    and ``mm_token_type_ids`` of [rows, tokens], ``pixel_values`` of [patches, 1176] and
    ``image_grid_thw`` of [pictures, 3].
    """
    with captured():
        return _processor_class()(image_processor, tokenizer, chat_template)


@cache
def _processor_class() -> Any:
    from transformers import Qwen2VLProcessor
    from transformers.processing_utils import ProcessorMixin

    class Qwen2VLImageTextProcessor(Qwen2VLProcessor):
        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
            **kwargs: Any,
        ) -> None:
            self.image_token = getattr(tokenizer, "image_token", None) or IMAGE_TOKEN
            self.video_token = getattr(tokenizer, "video_token", None) or VIDEO_TOKEN
            self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
            self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

    # the name is written into what it saves, which is then what any transformers can load
    Qwen2VLImageTextProcessor.__name__ = Qwen2VLProcessor.__name__
    return Qwen2VLImageTextProcessor


def image_processor_class() -> Any:
    """transformers' image processor of a Qwen2-VL, by Pillow."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil,
    )

    return Qwen2VLImageProcessorPil


def _chat_template(folder: Path) -> str | None:
    """The template in a file of its own, as transformers writes it now or wrote it before."""
    if (path := folder / "chat_template.jinja").is_file():
        return path.read_text(encoding="utf-8")
    template = _json(folder / "chat_template.json").get("chat_template")
    return str(template) if template is not None else None


def _refuse_foreign(folder: Path, where: str) -> None:
    configs = [_json(folder / name) for name in _CONFIGS]
    nested = [value for config in configs for value in config.values() if isinstance(value, dict)]
    if any("auto_map" in config for config in configs + nested):
        raise UserError(
            f"The processor of {where} asks to run code of its own.",
            expected="a processor that transformers knows",
            got="auto_map in its configuration",
            next_command="python -m paper_repro train --help  (name another base)",
        )
    kinds = {config["image_processor_type"] for config in configs + nested if _names_kind(config)}
    if not all(kind.startswith("Qwen2VLImageProcessor") for kind in kinds):
        raise _no_processor(where, ", ".join(sorted(kinds)))


def _names_kind(config: dict[str, Any]) -> bool:
    return isinstance(config.get("image_processor_type"), str)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _no_processor(where: str, got: str) -> UserError:
    return UserError(
        f"{where} holds no processor of a Qwen2-VL.",
        expected="tokenizer files, preprocessor_config.json and a chat template",
        got=got,
        next_command=f"ls {where}" if Path(where).is_dir() else "hf download --help",
    )
