"""Compose a methods text of parts: model, adapter, data, optimisation, hardware, software, limits.

``compose(facts, length)`` is pure. A sentence is what fits into an abstract; a paragraph is a
methods section; a supplement adds formulas' denominators, versions and limits in full.
"""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.study import Adapter, Procedure
from paper_repro.writing.facts import Facts
from paper_repro.writing.parts import (
    NOT_RECORDED,
    data,
    hardware,
    limits,
    optimisation,
    rows_are,
    software,
)
from paper_repro.writing.text import (
    Cite,
    Figure,
    Length,
    Name,
    Piece,
    Sentence,
    Text,
    listed,
    sentence,
)

LORA, QLORA = Cite(("hu2021lora",)), Cite(("dettmers2023qlora",))
PRECISIONS = {"nf4": "NF4", "bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def compose(facts: Facts, length: Length) -> Text:
    """The text of a run."""
    if length == "sentence":
        return Text((_in_short(facts),))
    parts = [_model, _adapter, data, optimisation, hardware, software]
    if length == "supplement":
        parts.append(limits)
    return Text(tuple(each for part in parts for each in part(facts)))


def _in_short(facts: Facts) -> Sentence:
    *below, top = facts.stack
    lower = _below(facts, below)
    return sentence(
        "model",
        "We fine-tuned ",
        *_named(facts),
        " with ",
        *_method(facts),
        " (rank ",
        of_adapter(top, "r"),
        " on ",
        *listed(top.target_modules),
        ")",
        *lower,
        *on_rows(facts),
        ", training ",
        facts.trained,
        " parameters (",
        facts.shares["base"],
        " of the base's ",
        facts.base,
        ") and keeping the base frozen.",
    )


def on_rows(facts: Facts) -> tuple[Piece, ...]:
    """What it read, in short."""
    return " on ", facts.rows, " ", rows_are(facts)


def _below(facts: Facts, adapters: list[Adapter]) -> tuple[Piece, ...]:
    """The adapters under the last one, and what became of them."""
    pieces: list[Piece] = []
    for adapter in adapters:
        called = facts.model and adapter.hub
        name, rank = Name(called or adapter.name), of_adapter(adapter, "r")
        if facts.variant.procedure is Procedure.SECOND_WRAP:
            words = ", whose matrices of other modules go on being trained,"
            pieces += [" over the adapter ", name, " of rank ", rank, words]
        else:
            pieces += [" on top of the frozen adapter ", name, " of rank ", rank, ","]
    return tuple(pieces)


def _named(facts: Facts) -> tuple[Piece, ...]:
    if facts.model is None:
        return ("a miniature ", Name("Qwen2-VL"), ", pre-trained on drawn frames,")
    return (
        "the pre-trained ",
        Name(facts.model.hub),
        " ",
        Cite((facts.model.reference,)),
    )


def _method(facts: Facts) -> tuple[Piece, ...]:
    return ("QLoRA ", QLORA) if facts.precision == "nf4" else ("LoRA ", LORA)


def of_adapter(adapter: Adapter, name: str) -> Figure:
    """A setting of an adapter, as it is printed."""
    value = getattr(adapter, name)
    return Figure(f"{value:g}", f"adapter.{name}", adapter.id, adapter.source)


def _model(facts: Facts) -> Iterator[Sentence]:
    yield sentence(
        "model",
        "The base is ",
        *_named(facts),
        " with ",
        facts.base,
        " parameters, tied weights counted once.",
    )
    if facts.precision is None:
        yield sentence("model", f"It was kept frozen; in which precision is {NOT_RECORDED}.")
    else:
        doubly = " with double quantisation" if facts.precision == "nf4" else ""
        held = Name(PRECISIONS[facts.precision])
        yield sentence("model", "It was kept frozen, in ", held, f"{doubly}.")
    if facts.same:
        yield sentence(
            "model", "Each of its ", facts.same, " tensors had the same ", Name("SHA-256"),
            " before and after.",
        )  # fmt: skip


def _adapter(facts: Facts) -> Iterator[Sentence]:
    for place, adapter in enumerate(facts.stack):
        verb = "We put" if not place else "On top of it we put"
        yield sentence(
            "adapter",
            f"{verb} the LoRA adapter ",
            Name(adapter.name),
            " ",
            LORA,
            " of rank ",
            of_adapter(adapter, "r"),
            " (scale ",
            of_adapter(adapter, "lora_alpha"),
            ", dropout ",
            of_adapter(adapter, "lora_dropout"),
            ") on ",
            *listed(adapter.target_modules),
            ".",
        )
    yield from _procedure(facts)
    yield sentence(
        "adapter",
        "Trained were ",
        facts.trained,
        " parameters: ",
        facts.shares["base"],
        " of the base, ",
        facts.shares["total"],
        " of base and adapters together.",
    )


def _procedure(facts: Facts) -> Iterator[Sentence]:
    if facts.variant.procedure is Procedure.STACK:
        yield sentence("adapter", "Both are active; only the last one is trained.")
    if facts.variant.procedure is Procedure.SECOND_WRAP:
        yield sentence(
            "adapter",
            "Both bear one name, so that the second call of ",
            Name("get_peft_model"),
            " began the first adapter's matrices of its own modules anew and left the other "
            "modules' matrices trainable.",
        )
