"""The result of a verification: what every report is drawn from, and what the JSON is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from paper_repro.judging import Verdict

Found = bool | int | float | str | list[str] | dict[Literal["low", "high"], float | None] | None
"""A found value in JSON: intervals as ``{"low": …, "high": …}``, sets as sorted lists."""


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VariantResult(_Result):
    """What was found at one variant, and the verdict the claim would have there."""

    found: Found
    found_text: Annotated[str, Field(description="the value as people read it")]
    formula: str
    verdict: Verdict


class ClaimResult(_Result):
    """One claim, judged."""

    id: str
    level: int
    quote: Annotated[str, Field(description="word for word; empty for a reported figure")]
    place: Annotated[
        str, Field(description="headings and line in the document, or a reported figure's source")
    ]
    printed: str | None
    states: bool | str | list[str] | None
    variant: Annotated[str, Field(description="the reading it was judged at; empty: any")]
    quantity: str
    unit: str
    denominator: Annotated[str, Field(description="of a percentage, as named; else empty")]
    found: Found
    found_text: str
    formula: Annotated[str, Field(description="how the value came about, filled in")]
    evidence: Annotated[str, Field(description="kind of evidence; empty when not checked")]
    stages: Annotated[list[str], Field(description="stages that found it")]
    verdict: Verdict
    reviewed: Annotated[Verdict, Field(description="the verdict recorded in the study")]
    by_variant: dict[str, VariantResult]
    explanation: str
    reconciles: Annotated[list[str], Field(description="readings at which it would hold")]
    reason: Annotated[str, Field(description="why it was not checked or failed; else empty")]
    consequence: str
    command: Annotated[str, Field(description="re-runs this claim alone")]

    @property
    def changed(self) -> bool:
        """Whether a check reached another verdict than the reviewed one, or broke.

        A verdict that nobody has reviewed yet is new, not changed.
        """
        if self.verdict is Verdict.CHECK_FAILED:
            return True
        if Verdict.NOT_CHECKED in (self.verdict, self.reviewed):
            return False
        return self.verdict is not self.reviewed


class StageResult(_Result):
    """Whether a stage ran, and why not."""

    name: str
    status: Literal["ran", "not selected", "unavailable", "failed"]
    reason: str
    command: Annotated[str, Field(description="runs this stage")]


class Report(_Result):
    """A whole verification. Same inputs give the same bytes, ``run`` apart."""

    study: str
    title: str
    document: Annotated[str, Field(description="title of the document whose claims are judged")]
    document_sha256: str
    levels: Annotated[dict[str, str], Field(description="title of each level, by its number")]
    package: Annotated[str, Field(description="version of paper-repro")]
    stages: list[StageResult]
    claims: list[ClaimResult]
    summary: Annotated[dict[str, int], Field(description="number of claims by verdict")]
    closing: str
    run: Annotated[dict[str, str], Field(description="when, how long, with which versions")]
