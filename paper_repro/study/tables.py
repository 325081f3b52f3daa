"""The tables of a study that claims are about: models, data, adapters, variants, the document.

Every class maps to one table of the study's TOML files; ``source`` says where a fact is from.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Table(BaseModel):
    """Base of all tables: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pretraining(Table):
    """Published token counts of a base, and the assumptions that turn them into a bound."""

    language_tokens: Annotated[int, Field(gt=0, description="tokens of the language model alone")]
    multimodal_tokens: Annotated[int, Field(ge=0, description="tokens of vision-language stages")]
    utilisation: Annotated[
        tuple[float, float], Field(description="least and most share of the card's peak rate")
    ]
    dollars_per_gpu_hour: Annotated[tuple[float, float], Field(description="rental, low and high")]
    card: Annotated[str, Field(description="id in hardware/gpus.toml whose hours are counted")]
    source: str


class Model(Table):
    """A base model. ``config`` is its ``config.json``, relative to the study's folder."""

    id: Identifier
    hub: str
    config: str
    name: Annotated[str, Field(description="family name in its own paper, e.g. Qwen2-VL")]
    nominal: Annotated[int, Field(gt=0, description="the size in the name, e.g. 2_000_000_000")]
    publisher: str
    year: Annotated[int, Field(description="of the model's paper")]
    reference: Annotated[str, Field(description="key in references.bib")]
    revision: Annotated[
        str | None,
        Field(pattern=r"^[0-9a-f]{40}$", description="the hub commit that training loads"),
    ] = None
    pretraining: Pretraining | None = None
    source: str


class Dataset(Table):
    """A data set and its splits, in rows."""

    id: Identifier
    hub: str
    train_rows: Annotated[int, Field(ge=0)]
    validation_rows: Annotated[int, Field(ge=0)]
    tasks: tuple[str, ...] = ()
    row_is_frame: Annotated[
        bool | None, Field(description="whether each row is one distinct frame; unset: unknown")
    ] = None
    point_noise: Annotated[
        float | None,
        Field(gt=0, description="uniform noise on a point's x and y, ± percent of the frame"),
    ] = None
    noisy_rows: Annotated[
        int | None, Field(ge=0, description="rows whose points carry that noise")
    ] = None
    licence: str
    references: Annotated[
        tuple[str, ...], Field(description="keys in references.bib of what it is made from")
    ] = ()
    source: str


class Adapter(Table):
    """A LoRA adapter as configured. ``name`` is its PEFT adapter name."""

    id: Identifier
    name: Identifier
    level: Annotated[int, Field(ge=1)]
    base: Annotated[str, Field(description="id of the model it belongs to")]
    hub: str | None = None
    r: Annotated[int, Field(gt=0)]
    lora_alpha: Annotated[int, Field(gt=0)]
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    target_modules: Annotated[tuple[str, ...], Field(min_length=1)]
    source: str


class Settings(Table):
    """Training settings of one run."""

    dataset: str
    batch: Annotated[int, Field(gt=0, description="samples a device pass")]
    accumulation: Annotated[int, Field(gt=0, description="passes an optimizer step")]
    epochs: Annotated[int, Field(gt=0)]
    learning_rate: Annotated[float, Field(gt=0)]
    max_length: Annotated[int, Field(gt=0, description="tokens")]
    optimizer: str
    seed: int | None = None
    card: Annotated[str, Field(description="id in hardware/gpus.toml")]
    image_sizes: Annotated[
        tuple[tuple[int, int], ...], Field(description="pixel sizes the frames may have")
    ]
    text_tokens: Annotated[int, Field(gt=0, description="tokens of text a sample, about")]
    source: str


class Procedure(StrEnum):
    """How the adapters of a variant are put on the base."""

    STACK = "stack"
    """Named adapters, all active, only the last trainable."""
    SINGLE = "single"
    """One adapter straight on the base."""
    SECOND_WRAP = "second-wrap"
    """``get_peft_model`` on a ``PeftModel``: both adapters bear one name."""


class Loading(Table):
    """What the document's loading cell loads."""

    onto: Annotated[str, Field(description="id of the model under the adapter")]
    adapter: str
    processor: bool


class Variant(Table):
    """One reading of how the last level was trained."""

    id: Identifier
    title: str
    procedure: Procedure
    adapters: Annotated[tuple[str, ...], Field(min_length=1, description="bottom first")]
    quantized: Annotated[bool | None, Field(description="4-bit base; unset: not said")] = None
    trained_on: Annotated[str, Field(description="what the prose or cells put below it")]
    settings: Settings
    source: str

    @model_validator(mode="after")
    def _adapters_fit_the_procedure(self) -> Variant:
        count = len(self.adapters)
        fits = {
            Procedure.SINGLE: count == 1,
            Procedure.SECOND_WRAP: count == 2,
            Procedure.STACK: count > 1,
        }
        if not fits[self.procedure]:
            raise ValueError(
                f"{self.id}: expected one adapter for 'single', two for 'second-wrap', two or more "
                f"for 'stack', got {count} for '{self.procedure}'"
            )
        return self


class Recipe(Table):
    """What a training script sets, as the defaults of ``train``.

    For a variant only what its settings lack; for the adapter of a lower level all of it.
    """

    of: Annotated[str, Field(description="id of a variant, or of a lower level's adapter")]
    dataset: str | None = None
    batch: Annotated[int | None, Field(gt=0)] = None
    accumulation: Annotated[int | None, Field(gt=0)] = None
    epochs: Annotated[int | None, Field(gt=0)] = None
    learning_rate: Annotated[float | None, Field(gt=0)] = None
    max_length: Annotated[int | None, Field(gt=0, description="tokens")] = None
    optimizer: str | None = None
    warmup: Annotated[float, Field(ge=0, le=1, description="share of all steps")]
    weight_decay: Annotated[float, Field(ge=0)]
    max_grad_norm: Annotated[float, Field(gt=0)]
    precision: Annotated[
        Literal["nf4", "bf16", "fp16", "fp32"], Field(description="of the frozen base")
    ]
    checkpointing: Annotated[bool, Field(description="recompute activations")]
    labels: Literal["answer", "sequence"]
    words: Annotated[
        dict[str, str], Field(description="the document's own words, by the setting they are of")
    ] = Field(default_factory=dict)
    source: str


class Level(Table):
    """A level of the training hierarchy."""

    number: Annotated[int, Field(ge=0)]
    title: str
    by: str
    model: str | None = None
    dataset: str | None = None
    words: Annotated[
        tuple[str, ...], Field(description="by which a manuscript names it, whatever their case")
    ] = ()


class InText(Table):
    """How a manuscript about the study is recognised and read."""

    words: Annotated[
        tuple[str, ...], Field(description="of its subject; one of them beside its base names it")
    ]
    variant: Annotated[str, Field(description="the reading that a text means unless it says more")]


class Document(Table):
    """The document whose claims are checked, shipped beside the study."""

    file: str
    title: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    dated: str | None = None
    breakdown: Annotated[
        tuple[str, ...], Field(description="ids of the claims whose printed values it sums")
    ] = ()
    loading: Loading | None = None
    requires_download: bool = True
