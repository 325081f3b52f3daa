"""Compose a methods text of parts: model, adapter, data, optimisation, hardware, software, limits.

``compose(facts, length)`` is pure. A sentence is what fits into an abstract; a paragraph is a
methods section; a supplement adds formulas' denominators, versions and limits in full.
"""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.study import Adapter, Procedure
from paper_repro.writing.facts import Facts
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
NOT_RECORDED = "not recorded"
PRECISIONS = {"nf4": "NF4", "bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def compose(facts: Facts, length: Length) -> Text:
    """The text of a run."""
    if length == "sentence":
        return Text((_in_short(facts),))
    parts = [_model, _adapter, _data, _optimisation, _hardware, _software]
    if length == "supplement":
        parts.append(_limits)
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
        _of(top, "r"),
        " on ",
        *listed(top.target_modules),
        ")",
        *lower,
        " on ",
        facts.rows,
        " ",
        _rows_are(facts),
        ", training ",
        facts.trained,
        " parameters (",
        facts.shares["base"],
        " of the base's ",
        facts.base,
        ") and keeping the base frozen.",
    )


def _below(facts: Facts, adapters: list[Adapter]) -> tuple[Piece, ...]:
    """The adapters under the last one, and what became of them."""
    pieces: list[Piece] = []
    for adapter in adapters:
        called = facts.model and adapter.hub
        name, rank = Name(called or adapter.name), _of(adapter, "r")
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


def _of(adapter: Adapter, name: str) -> Figure:
    value = getattr(adapter, name)
    return Figure(f"{value:g}", f"adapter.{name}", adapter.id, adapter.source)


def _rows_are(facts: Facts) -> str:
    data = facts.dataset
    several = data is not None and data.row_is_frame is False
    return "question-answer rows" if several or data is None else "rows"


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
            _of(adapter, "r"),
            " (scale ",
            _of(adapter, "lora_alpha"),
            ", dropout ",
            _of(adapter, "lora_dropout"),
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


def _data(facts: Facts) -> Iterator[Sentence]:
    data = facts.dataset
    if data is None:
        yield sentence(
            "data", "Training read ", facts.rows, " rows about drawn frames; ", facts.held_out,
            " were held out.",
        )  # fmt: skip
        return
    yield sentence(
        "data",
        "Training read ",
        facts.rows,
        f" {_rows_are(facts)} of ",
        Name(data.hub),
        "; ",
        facts.held_out,
        " were held out.",
    )
    if data.row_is_frame is False:
        yield sentence("data", "Several rows may share a frame: rows are not frames.")
    made = ("It is made from ", Cite(data.references), "; its") if data.references else ("Its",)
    yield sentence("data", *made, " licence is ", Name(data.licence), ".")


def _optimisation(facts: Facts) -> Iterator[Sentence]:
    settings = facts.settings
    yield sentence(
        "optimisation",
        "The optimizer was ",
        Name(settings["optimizer"]),
        " with a learning rate of ",
        facts.setting("learning_rate", f"{settings['learning_rate']:g}"),
        ", cosine decay and a warm-up of ",
        facts.setting("warmup", f"{100 * settings['warmup']:g} %"),
        " of all steps, over ",
        facts.setting("epochs"),
        " epochs in updates of ",
        facts.setting("batch"),
        " × ",
        facts.setting("accumulation"),
        " samples: ",
        facts.steps,
        " steps, with at most ",
        facts.setting("max_length"),
        " tokens a sample.",
    )
    whole = settings["labels"] == "sequence"
    words = "every token of a sample, prompt included" if whole else "the tokens of answers"
    yield sentence("optimisation", f"The loss was taken over {words}.")
    seed = settings.get("seed")
    if seed is None:
        yield sentence("optimisation", "No seed was fixed.")
    else:
        yield sentence("optimisation", "The seed was ", facts.setting("seed", str(seed)), ".")


def _hardware(facts: Facts) -> Iterator[Sentence]:
    if facts.card is None or facts.hours is None or facts.memory_gib is None:
        yield sentence("hardware", f"Card, time and memory: {NOT_RECORDED}.")
        return
    yield sentence(
        "hardware",
        "Training took ",
        facts.hours,
        " on ",
        Name(facts.card),
        ", with a peak of ",
        facts.memory_gib,
        " of memory.",
    )


def _software(facts: Facts) -> Iterator[Sentence]:
    if not facts.versions:
        yield sentence("software", f"Versions of the libraries: {NOT_RECORDED}.")
        return
    wanted = ("torch", "transformers", "peft", "bitsandbytes")
    pieces: list[Piece] = ["It ran on Python ", facts.version("python")]
    for name in wanted:
        if name in facts.versions:
            pieces += [", ", Name(name), " ", facts.version(name)]
    yield sentence("software", *pieces, ".")


def _limits(facts: Facts) -> Iterator[Sentence]:
    data = facts.dataset
    if data is not None and data.point_noise:
        yield sentence(
            "limits",
            "Points that count as true were drawn with uniform noise of ±",
            Figure(f"{data.point_noise:g} %", "dataset.point_noise", data.id, data.source),
            " of the frame: no score of position can mean more than that.",
        )
    if data is not None and data.row_is_frame is False:
        yield sentence(
            "limits",
            "Several rows may share a frame: held-out rows may show frames that were trained on.",
        )
    if facts.settings.get("seed") is None:
        yield sentence("limits", "Without a seed the run cannot be repeated to the bit.")
    if facts.card is None:
        yield sentence("limits", "Nothing here was measured: counts follow from the architecture.")
