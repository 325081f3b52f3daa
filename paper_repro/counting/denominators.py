"""What a percentage of parameters can be a percentage of.

``denominators(architecture, adapters_total)`` gives every denominator by its id;
``percent(part, whole)`` is exact.
"""

from __future__ import annotations

from fractions import Fraction

from paper_repro.counting.architecture import Architecture

LABELS: dict[str, str] = {
    "base": "the base model",
    "total": "base and all adapters",
    "document": "the document's own sum",
    "nominal": "the size in the model's name",
    "non-embedding": "the base without its embeddings",
    "language": "the base's language model alone",
    "packed-4bit": "the base as a naive sum sees it in 4 bits",
}
"""Readable label of every denominator, most common first."""


def denominators(
    architecture: Architecture,
    adapters_total: int,
    document_sum: int | None = None,
    nominal: int | None = None,
) -> dict[str, int]:
    """Every denominator that is known, by id, in the order of :data:`LABELS`.

    Args:
        architecture: the base.
        adapters_total: parameters of all adapters, frozen ones too.
        document_sum: what the document's own breakdown adds up to.
        nominal: the size in the model's name, such as 2,000,000,000.
    """
    known: dict[str, int | None] = {
        "base": architecture.parameters,
        "total": architecture.parameters + adapters_total,
        "document": document_sum,
        "nominal": nominal,
        "non-embedding": architecture.parameters - architecture.embedding,
        "language": architecture.language,
        "packed-4bit": packed_parameters(architecture),
    }
    return {id: whole for id, whole in known.items() if whole is not None}


def packed_parameters(architecture: Architecture) -> int:
    """The base as ``sum(p.numel() …)`` counts it once bitsandbytes stores it in 4 bits.

    Two weights share a byte, so each quantised weight matrix has half its elements, rounded up.
    transformers quantises every Linear but the output embedding, in the vision tower too
    (``transformers.quantizers.base.get_keys_to_not_convert``); biases, norms, convolutions and
    embeddings stay as they are.
    """
    return architecture.parameters - sum(
        group.copies * (group.weights // 2) for group in architecture.linears
    )


def percent(part: int, whole: int) -> Fraction:
    """``part`` in percent of ``whole`` (0 to 100), exactly."""
    return Fraction(100 * part, whole)
