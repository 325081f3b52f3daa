"""The sections of a card, in their order."""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.writing.bibliography import cited as bibtex
from paper_repro.writing.card import evaluated, tables
from paper_repro.writing.card.code import asking, loading
from paper_repro.writing.card.meta import front_matter
from paper_repro.writing.card.trained import Trained
from paper_repro.writing.compose import compose
from paper_repro.writing.formats import LICENCE
from paper_repro.writing.page import (
    Block,
    Heading,
    Listing,
    Paragraph,
    cited,
    paragraph,
    to_markdown,
)
from paper_repro.writing.parts import NOT_RECORDED, data, limits
from paper_repro.writing.text import Name

PATIENTS = "It is a research model, and not for use in the care of patients."
DRAWN = (
    "Its base is a miniature that was pre-trained on drawn frames: a demonstration of the "
    "training, which says nothing of how well a model reads a real frame."
)
TERMS = (
    "Whether an adapter that was trained on it may be passed on is a matter of that licence, which "
    "this card does not decide."
)


def card(trained: Trained) -> str:
    """The whole file: metadata, and below it the card."""
    return f"{front_matter(trained)}\n{to_markdown(sections(trained))}"


def sections(trained: Trained) -> tuple[Block, ...]:
    """The card below its metadata."""
    parts = (_model, _use, _trained, _training, _machine, _evaluation, _data, _methods)
    made = tuple(block for part in parts for block in part(trained))
    return (*made, *_citations(made), *_licence(trained))


def _model(trained: Trained) -> Iterator[Block]:
    base = trained.facts.model
    of = Name(base.hub) if base else "the miniature Qwen2-VL"
    yield Heading((f"{trained.method} adapter of ", of), 1)
    yield Paragraph(compose(trained.facts, "sentence").sentences[0].pieces)
    yield Paragraph(
        (
            "Variant ",
            Name(trained.facts.variant.id),
            " of the study. Every number here is from the run's ",
            Name(trained.where.name),
            ", the evaluations beside it or the study's settings. What none of them says is left "
            f"out or called {NOT_RECORDED}.",
        )
    )
    yield Paragraph((PATIENTS if trained.is_full else DRAWN,))


def _use(trained: Trained) -> Iterator[Block]:
    yield Heading(("How to load it",))
    yield Listing(loading(trained), "python")
    if len(trained.facts.stack) > 1:
        names = [Name(adapter.name) for adapter in trained.facts.stack]
        yield Paragraph(
            (
                "The file holds ",
                *(piece for name in names[:-1] for piece in (name, " and ")),
                names[-1],
                " as one adapter of rank ",
                trained.saved_rank,
                ", for the bare base.",
            )
        )
    yield Paragraph(("To ask it about a picture, with ", Name("paper_repro"), " installed:"))
    yield Listing(asking(trained), "sh")


def _trained(trained: Trained) -> Iterator[Block]:
    yield Heading(("What was trained",))
    yield tables.adapters(trained)
    yield tables.weights(trained)


def _training(trained: Trained) -> Iterator[Block]:
    yield Heading(("Training",))
    yield tables.settings(trained)


def _machine(trained: Trained) -> Iterator[Block]:
    yield Heading(("Hardware and time",))
    yield tables.hardware(trained)
    yield Heading(("Software",))
    yield tables.software(trained)


def _evaluation(trained: Trained) -> Iterator[Block]:
    yield Heading(("Evaluation",))
    if not trained.evaluations:
        yield Paragraph(("Not evaluated.",))
    for one in trained.evaluations:
        yield from evaluated.blocks(one)


def _data(trained: Trained) -> Iterator[Block]:
    facts = trained.facts
    yield Heading(("Data, its licence and its limits",))
    yield paragraph(data(facts))
    if facts.dataset:
        yield Paragraph((TERMS,))
    if found := (*limits(facts),):
        yield paragraph(found)
    yield from _shared(trained)


def _shared(trained: Trained) -> Iterator[Block]:
    leaks = trained.record.data.get("leaks") or {}
    for what in ("frames", "videos"):
        if count := leaks.get(what):
            number = trained.figure(f"{count:,}", f"data.leaks.{what}")
            yield Paragraph(
                (
                    f"Of the {what}, ",
                    number,
                    " stand in more than one split: scores on held-out rows are in part scores on "
                    "what was trained on.",
                )
            )


def _methods(trained: Trained) -> Iterator[Block]:
    yield Heading(("For a methods section",))
    yield paragraph(compose(trained.facts, "paragraph").sentences)


def _citations(made: tuple[Block, ...]) -> Iterator[Block]:
    yield Heading(("Cited",))
    yield Listing(bibtex(cited(made)), "bibtex")


def _licence(trained: Trained) -> Iterator[Block]:
    yield Heading(("Licence",))
    said = Name(trained.licence) if trained.licence else NOT_RECORDED
    yield Paragraph(("Of the adapter: ", said, f". {LICENCE}"))
