"""What the three things called training cost: figure, table, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paper_repro.hardware.training import Training, three_trainings
from paper_repro.hardware.training_figure import draw_trainings
from paper_repro.hardware.training_words import (
    beside_the_document,
    of_fine_tuning,
    printed_hours,
    rests_on,
    rows,
    scientific,
)
from paper_repro.site.drawn import drawn
from paper_repro.study import Study
from paper_repro.verify.report.markdown import escape, table

VARIANT = "stated"
LABEL = "Card hours of pre-training, full fine-tuning and LoRA on one logarithmic axis"


def training_part(study: Study) -> str:
    """Figure, sentences, a table, and what each row rests on, of the paper's stated run."""
    variant = study.variant(VARIANT)
    model = study.base(variant).id
    found = three_trainings(study, variant)
    printed = printed_hours(study, model)
    figure = drawn(lambda path: draw_trainings(found, path, printed), LABEL)
    said = [*beside_the_document(study, model, found), *of_fine_tuning(found)]
    head = ("", *(each.name for each in found))
    told = ((name, *map(escape, cells)) for name, cells in rows(found, scientific))
    return "\n\n".join([figure, *map(escape, said), table(head, told), *_rests_on(found)])


def _rests_on(found: Sequence[Training]) -> Iterator[str]:
    yield (
        f"The card is an {found[0].card.name}. Held are weights, gradients and optimizer state of "
        "one copy. What each column rests on:"
    )
    yield "\n".join(f"- **{each.name}**: {escape(rests_on(each))}" for each in found)
