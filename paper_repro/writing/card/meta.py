"""A card's metadata, as the hub reads it: YAML before the text.

What is not known is left out: a base or rows that came from a folder have no name on the hub.
"""

from __future__ import annotations

from typing import Any

from paper_repro.writing.card.trained import Trained

ADAPTER = "adapter"
TASK = "image-text-to-text"
"""What the hub calls the task of a Qwen2-VL."""


def metadata(trained: Trained) -> dict[str, Any]:
    """By field, in the order in which they are written."""
    base, fetched = trained.base_from_hub, trained.record.revisions["data"]
    known = {
        "base_model": base,
        "base_model_relation": ADAPTER if base else "",
        "library_name": "peft",
        "pipeline_tag": TASK,
        "license": trained.licence,
        "datasets": [trained.record.settings["data"]] if fetched else [],
        "language": "" if trained.facts.other_rows else "en",
        "tags": ["lora", *(["qlora"] if trained.facts.precision == "nf4" else [])],
    }
    return {name: value for name, value in known.items() if value}


def front_matter(trained: Trained) -> str:
    """The metadata between its two lines."""
    from huggingface_hub import ModelCardData

    order = list(found := metadata(trained))
    return f"---\n{ModelCardData(**found).to_yaml(original_order=order)}\n---\n"
