"""The sentence for a paper, as ``writing`` composes it, with places to fill in."""

from __future__ import annotations

from dataclasses import replace

from paper_repro.study import Study
from paper_repro.writing.compose import compose, of_adapter, on_rows
from paper_repro.writing.facts import Facts, of_variant
from paper_repro.writing.text import Cite, Figure, Piece


def sentences_of(study: Study, precision: str) -> dict[str, str]:
    """The sentence of one adapter straight on a base, ``full``, and ``rowless`` for a run whose
    rows nobody told: ``{name}``, ``{rank}``, ``{modules}``, ``{rows}``, ``{trained}``, ``{share}``
    and ``{base}`` are to be filled in; nothing is cited.

    Args:
        precision: ``nf4``, or anything else for a base in 16 bits.
    """
    facts = _open(study, precision)
    (sentence,) = compose(facts, "sentence").sentences
    rank = of_adapter(facts.stack[-1], "r")
    pieces = (Figure("{rank}", "", "", "") if each == rank else each for each in sentence.pieces)
    full = " ".join("".join(map(_words, pieces)).split())
    return {"full": full, "rowless": full.replace("".join(map(_words, on_rows(facts))), "")}


def _open(study: Study, precision: str) -> Facts:
    """A variant with one adapter, its names and figures taken out."""
    variant = next(each for each in study.variants if len(each.adapters) == 1)
    known = of_variant(study, variant)
    assert known.model is not None
    return replace(
        known,
        model=known.model.model_copy(update={"hub": "{name}"}),
        base=_place("base"),
        stack=(known.stack[-1].model_copy(update={"target_modules": ("{modules}",)}),),
        trained=_place("trained"),
        shares={"base": _place("share")},
        rows=_place("rows"),
        precision=precision,
    )


def _place(name: str) -> Figure:
    return Figure(f"{{{name}}}", "", "", "")


def _words(piece: Piece) -> str:
    if isinstance(piece, Cite):
        return ""
    return piece if isinstance(piece, str) else piece.words
