"""A study as validated, immutable data: what a paper says it did, and the claims about it.

``tables`` has the classes that claims are about.
The published JSON Schema (``docs/schemas/study.json``) is generated from these classes.
"""

from __future__ import annotations

from difflib import get_close_matches
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from paper_repro.judging import Interval, Key, Printed, Value, Verdict, read_printed
from paper_repro.study.quantities import QUANTITIES
from paper_repro.study.tables import (
    Adapter,
    Dataset,
    Document,
    Identifier,
    InText,
    Level,
    Model,
    Recipe,
    Table,
    Variant,
)

StageName = Literal["arithmetic", "instantiate", "train", "gpu", "hub", "record"]


def _known_quantity(name: str) -> str:
    if name not in QUANTITIES:
        near = get_close_matches(name, QUANTITIES, 3, 0.4) or list(QUANTITIES)[:3]
        raise ValueError(
            f"a known quantity, such as {', '.join(near)}; the docs' page of schemas lists all"
        )
    return name


class Bounds(Table):
    """What a word such as "months" is read as, in the quantity's unit; one end may be open."""

    low: str | None = None
    high: str | None = None
    reason: str

    def interval(self) -> Interval:
        """The closed interval between the bounds."""
        low = None if self.low is None else Fraction(self.low)
        high = None if self.high is None else Fraction(self.high)
        return Interval(low, high)


class Claim(Table):
    """One checkable statement: of the document, quoted word for word, or a figure that stands
    elsewhere, named by its ``source`` and never shown as a quotation.

    Exactly one of ``printed`` (a number, as the string that was printed) and ``states`` (what a
    sentence without a number asserts of its quantity) is set.
    """

    id: Annotated[str, Field(pattern=r"^L\d+(\.[a-z0-9-]+)+$")]
    quote: str = ""
    line: Annotated[
        int | None, Field(ge=1, description="first line of the quote in the document")
    ] = None
    source: Annotated[
        str, Field(description="where a figure that the document does not print is reported")
    ] = ""
    printed: str | None = None
    reads_as: Annotated[Bounds | None, Field(description="for numbers in words")] = None
    states: bool | str | tuple[str, ...] | None = None
    quantity: Annotated[
        str,
        AfterValidator(_known_quantity),
        Field(json_schema_extra={"enum": list(QUANTITIES)}),
    ]
    of: Annotated[str, Field(description="whose quantity; empty: the run's")] = ""
    variant: Annotated[str, Field(description="the reading its place implies; empty: any")] = ""
    denominator: Annotated[str, Field(description="of a percentage, as named")] = ""
    decided_by: Annotated[tuple[StageName, ...], Field(min_length=1)]
    reviewed: Verdict
    consequence: Annotated[str, Field(description="what changes for a reader if it is wrong")]
    explanation: Annotated[
        str, Field(description="prose; {quantity|of|variant|denominator} is filled from findings")
    ]
    mutation_exempt: Annotated[str | None, Field(description="why no mutation is possible")] = None

    @model_validator(mode="after")
    def _one_place(self) -> Claim:
        quoted = bool(self.quote) or self.line is not None
        if quoted == bool(self.source) or (quoted and self.line is None):
            raise ValueError(f"{self.id}: expected 'quote' and 'line', or 'source' alone")
        return self

    @model_validator(mode="after")
    def _one_statement(self) -> Claim:
        if (self.printed is None) == (self.states is None):
            raise ValueError(f"{self.id}: expected one of 'printed' and 'states'")
        if self.printed is not None and self.reads_as is None:
            read_printed(self.printed)
        return self

    @property
    def level(self) -> int:
        """The level that the id begins with."""
        return int(self.id.partition(".")[0][1:])

    @property
    def unit(self) -> str:
        """The unit of the claim's quantity."""
        return QUANTITIES[self.quantity].unit

    @property
    def key(self) -> Key:
        """The variant and denominator at which the claim is judged."""
        return Key(self.variant, self.denominator)

    def stated(self) -> Printed | Value:
        """What the claim states, in the form that :func:`paper_repro.judging.judge` takes."""
        if self.printed is None:
            return frozenset(self.states) if isinstance(self.states, tuple) else self.states
        if self.reads_as is not None:
            return Printed(self.printed, self.reads_as.interval(), None, "range")
        return read_printed(self.printed)


class Study(Table):
    """A study: everything that its folder says."""

    id: Identifier
    title: str
    document: Document
    levels: tuple[Level, ...]
    models: tuple[Model, ...]
    datasets: tuple[Dataset, ...] = ()
    adapters: tuple[Adapter, ...]
    variants: tuple[Variant, ...]
    recipes: tuple[Recipe, ...] = ()
    claims: tuple[Claim, ...]
    in_text: InText | None = None
    configs: Annotated[
        dict[str, dict[str, object]], Field(description="config.json of every model, by model id")
    ]
    places: Annotated[
        dict[str, str],
        Field(description="heading path and line, or source, of every claim, by claim id"),
    ]

    def model(self, id: str) -> Model:
        """The model of that id."""
        return next(model for model in self.models if model.id == id)

    def adapter(self, id: str) -> Adapter:
        """The adapter of that id."""
        return next(adapter for adapter in self.adapters if adapter.id == id)

    def dataset(self, id: str) -> Dataset:
        """The data set of that id."""
        return next(dataset for dataset in self.datasets if dataset.id == id)

    def variant(self, id: str) -> Variant:
        """The variant of that id."""
        return next(variant for variant in self.variants if variant.id == id)

    def claim(self, id: str) -> Claim:
        """The claim of that id."""
        return next(claim for claim in self.claims if claim.id == id)

    def recipe(self, of: str) -> Recipe | None:
        """The recipe of a variant or of a lower level's adapter, where one is given."""
        return next((recipe for recipe in self.recipes if recipe.of == of), None)

    def stack(self, variant: Variant) -> tuple[Adapter, ...]:
        """The variant's adapters, bottom first."""
        return tuple(self.adapter(id) for id in variant.adapters)

    def base(self, variant: Variant) -> Model:
        """The model under the variant's adapters."""
        return self.model(self.stack(variant)[0].base)
