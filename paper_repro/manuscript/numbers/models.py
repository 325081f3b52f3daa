"""Names of models in a sentence."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SPACED = (
    r"(?:Qwen\d?(?:\.\d)?(?:-VL)?|Llama|LLaVA|Mistral|Gemma|Falcon|Phi|InternVL\d?|PaliGemma|"
    r"Vicuna|Idefics\d?)"
)
_SIZED = (
    r"(?:[A-Za-z0-9][\w.-]{1,40}/)?"
    r"(?:[A-Z][A-Za-z]+(?:[\d.]{0,4}\d)?(?:-(?:[A-Z][A-Za-z]*|v?\d(?:\.\d)?|next|it|vl)){0,4}?-"
    rf"|{_SPACED}(?: (?:[A-Z][A-Za-z]*|v?\d(?:\.\d)?)){{0,3}}? )"
    r"\d{1,3}(?:\.\d)?[BbM](?![\w])(?:-[A-Za-z][\w.]*){0,4}"
)
_FAMILIES = (
    r"(?:Qwen(?:-VL2|2(?:\.5)?-VL|3?-VL|[23](?:\.5)?)(?![\w.])|Qwen ?2 ?-?VL|LLaVA(?:-[\w.]+)?|"
    r"Llama(?:[- ]?\d(?:\.\d)?)?|"
    r"Mistral|Mixtral|Gemma(?:[- ]?\d)?|PaliGemma|BLIP(?:-2)?|InstructBLIP|Flamingo|InternVL[\d.]*|"
    r"GPT-\d\w*|CLIP|SigLIP|Falcon|Phi-\d[\w.]*(?:-(?:mini|small|medium))?|MiniGPT-4|Idefics\d?|SmolVLM\d?|Gemini|Claude|"
    r"BERT|RoBERTa|ViT(?:-\w)?|PaLM(?:-\w)?|MedGemma|Med-PaLM|DeepSeek\w*|DINO\w*|GPT-\d)\b"
)
MODEL_NAME = rf"(?:{_SIZED}|{_FAMILIES}[\w.-]*)"
"""A model's name in the midst of a longer pattern."""
_NAME = re.compile(rf"(?<![\w/.-])(?:{_SIZED}|{_FAMILIES}(?:-Instruct|-Chat)?)")


class Mention(NamedTuple):
    """A model's name in a sentence."""

    start: int
    end: int
    name: str


def mentions(text: str) -> tuple[Mention, ...]:
    """Every model that a sentence names, in order."""
    return tuple(_mentions(text))


@lru_cache(maxsize=256)
def _mentions(text: str) -> tuple[Mention, ...]:
    found = (Mention(m.start(), m.end(), m[0].rstrip(".")) for m in _NAME.finditer(text))
    return tuple(found)


def plain(name: str) -> str:
    """A model's name without publisher, case, and signs between its parts; Qwen-VL2 is Qwen2-VL."""
    bare = re.sub(r"[^a-z0-9.]", "", name.rpartition("/")[2].lower())
    return re.sub(r"^qwenvl2(?!\.)", "qwen2vl", bare)


def family(name: str) -> str:
    """The first word of a model's name: Qwen of Qwen2-VL."""
    found = re.match(r"[a-z]+", plain(name))
    return found[0] if found else ""


def is_model(name: str, hub: str) -> bool:
    """Whether a name, in full or cut short, is that of the model of this hub id."""
    return plain(hub).startswith(plain(name)) and len(plain(name)) > 3


def size_in(name: str) -> str | None:
    """The size in a model's name, such as ``2B``."""
    found = re.search(r"[- ](\d{1,3}(?:\.\d)?[BbMm])(?!\w)", name)
    return found[1] if found else None
