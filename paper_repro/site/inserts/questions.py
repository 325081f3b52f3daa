"""The document's own questions, answered again from its claims' verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from paper_repro.site.explained import explained
from paper_repro.verify.report.markdown import escape
from paper_repro.verify.report.style import labelled
from paper_repro.verify.result import ClaimResult, Report


@dataclass(frozen=True)
class Question:
    """A question of the document.

    Attributes:
        line: where it stands.
        words: it, word for word.
        answer: ours in a sentence without a count.
        claims: ids of those that say more.
    """

    line: int
    words: str
    answer: str
    claims: tuple[str, ...]


QUESTIONS = (
    Question(
        5,
        'When you mention "retrain the model", are we talking about the original Qwen-VL2 '
        "available by Alibaba on HuggingFace?",
        "Of that model, yes, but it is not retrained: its weights stay as Alibaba published them, "
        "and small adapters beside them are trained. Its name is Qwen2-VL.",
        ("L0.base.name", "L0.pretrained", "L0.frozen"),
    ),
    Question(
        238,
        "Are we retraining Alibaba's Qwen2-VL?",
        "No. That holds, and a checksum of every tensor shows it.",
        ("L0.frozen.count", "L0.frozen"),
    ),
    Question(
        242,
        "Are we using Alibaba's pre-trained Qwen2-VL?",
        "Yes, the instruction-tuned release, as the frozen base under both adapters.",
        ("L0.base.identity", "L0.frozen.step1"),
    ),
    Question(
        246,
        "What are we actually training?",
        "LoRA adapters. How many weights they have depends on which of three readings of the "
        "document is meant, and the number that it prints fits one of them.",
        ("L2.trainable.count-bottom", "L2.trainable.count-step4", "L2.trainable.percent-below"),
    ),
    Question(
        250,
        "Can someone reproduce this?",
        "The training, yes: code, data sets and base are named. The same weights, no: no seed is "
        "fixed. How long it takes on that card cannot be told without a record of a run.",
        ("L2.reproducible", "L2.identical", "L2.hours"),
    ),
    Question(
        254,
        "Do they need Alibaba's pre-trained model?",
        "Yes: an adapter is nothing without the base that it was trained on.",
        ("L0.downloads", "L2.option-a"),
    ),
)


def questions_part(report: Report) -> str:
    """Each question, our answer, and the claims behind it."""
    found = {claim.id: claim for claim in report.claims}
    return "\n\n".join(part for question in QUESTIONS for part in _of(question, found))


def _of(question: Question, found: dict[str, ClaimResult]) -> Iterator[str]:
    yield f"### “{escape(question.words)}”"
    yield f"*The document, line {question.line}.* {question.answer}"
    yield "\n".join(_claim(found[id]) for id in question.claims)


def _claim(claim: ClaimResult) -> str:
    said = claim.printed or claim.quote
    return (
        f"- **{labelled(claim.verdict)}:** [“{escape(said)}”](claims.md#{claim.id}) "
        f"{explained(claim.explanation or claim.reason)}"
    )
