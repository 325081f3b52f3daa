"""Parts of a methods text: data, optimisation, hardware, software and limits."""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.writing.facts import Facts
from paper_repro.writing.text import Cite, Figure, Name, Piece, Sentence, sentence

NOT_RECORDED = "not recorded"
DRAWN = " rows about drawn frames"


def rows_are(facts: Facts) -> str:
    """What its rows are called."""
    read = facts.dataset
    several = read is not None and read.row_is_frame is False
    return "question-answer rows" if several or read is None else "rows"


def data(facts: Facts) -> Iterator[Sentence]:
    """What it read, and under which licence."""
    read = facts.dataset
    if read is None:
        rows = (" rows of ", Name(facts.other_rows)) if facts.other_rows else (DRAWN,)
        yield sentence(
            "data", "Training read ", facts.rows, *rows, "; ", facts.held_out, " were held out.",
        )  # fmt: skip
        if facts.other_rows:
            yield sentence("data", f"Their licence: {NOT_RECORDED}.")
        return
    yield sentence(
        "data",
        "Training read ",
        facts.rows,
        f" {rows_are(facts)} of ",
        Name(read.hub),
        "; ",
        facts.held_out,
        " were held out.",
    )
    if read.row_is_frame is False:
        yield sentence("data", "Several rows may share a frame: rows are not frames.")
    made = ("It is made from ", Cite(read.references), "; its") if read.references else ("Its",)
    yield sentence("data", *made, " licence is ", Name(read.licence), ".")


def optimisation(facts: Facts) -> Iterator[Sentence]:
    """Optimizer, schedule, steps, labels and seed."""
    settings = facts.settings
    cut = settings.get("max_steps") is not None
    yield sentence(
        "optimisation",
        "The optimizer was ",
        Name(settings["optimizer"]),
        " with a learning rate of ",
        facts.setting("learning_rate", f"{settings['learning_rate']:g}"),
        ", cosine decay and a warm-up of ",
        facts.setting("warmup", f"{100 * settings['warmup']:g} %"),
        " of all steps,",
        *(() if cut else (" over ", facts.setting("epochs"), " epochs")),
        " in updates of ",
        facts.setting("batch"),
        " × ",
        facts.setting("accumulation"),
        " samples",
        ", stopped after " if cut else ": ",
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


def hardware(facts: Facts) -> Iterator[Sentence]:
    """Card, time and memory."""
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


def software(facts: Facts) -> Iterator[Sentence]:
    """Versions of the libraries that a result hangs on."""
    if not facts.versions:
        yield sentence("software", f"Versions of the libraries: {NOT_RECORDED}.")
        return
    wanted = ("torch", "transformers", "peft", "bitsandbytes")
    pieces: list[Piece] = ["It ran on Python ", facts.version("python")]
    for name in wanted:
        if name in facts.versions:
            pieces += [", ", Name(name), " ", facts.version(name)]
    yield sentence("software", *pieces, ".")


def limits(facts: Facts) -> Iterator[Sentence]:
    """What no reader should take the numbers for."""
    read = facts.dataset
    if read is not None and read.point_noise:
        yield sentence(
            "limits",
            "Points that count as true were drawn with uniform noise of ±",
            Figure(f"{read.point_noise:g} %", "dataset.point_noise", read.id, read.source),
            " of the frame: no score of position can mean more than that.",
        )
    if read is not None and read.row_is_frame is False:
        yield sentence(
            "limits",
            "Several rows may share a frame: held-out rows may show frames that were trained on.",
        )
    if facts.settings.get("seed") is None:
        yield sentence("limits", "Without a seed the run cannot be repeated to the bit.")
    if facts.card is None:
        yield sentence("limits", "Nothing here was measured: counts follow from the architecture.")
