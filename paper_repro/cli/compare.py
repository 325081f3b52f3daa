"""``estimate --compare``: the three things called training, beside what the document prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paper_repro.errors import UserError

if TYPE_CHECKING:
    from paper_repro.hardware.training import Training
    from paper_repro.study import Study, Variant

EXAMPLE = "python -m paper_repro estimate --compare"


def compare(study: Study, variant: Variant, figure: Path | None, json: bool) -> None:
    """Print pre-training, full fine-tuning and LoRA beside one another; draw them where asked.

    Args:
        figure: where to draw, .svg or .png.
        json: whether JSON is printed in place of tables.

    Raises:
        UserError: a figure of that kind is not drawn.
    """
    from paper_repro.cli.tables import print_json, say
    from paper_repro.hardware.training import three_trainings
    from paper_repro.hardware.training_words import beside_the_document, of_fine_tuning, rests_on

    found = three_trainings(study, variant)
    if figure:
        _draw(study, variant, found, figure)
    said = [*beside_the_document(study, study.base(variant).id, found), *of_fine_tuning(found)]
    if json:
        trainings = [each.to_dict() for each in found]
        print_json({"variant": variant.id, "trainings": trainings, "said": said})
        return
    _table(found)
    for sentence in said:
        say(sentence)
    say("")
    for each in found:
        say(f"{each.name}: {rests_on(each)}", "dim")
    say(f"{found[0].card.name}: {found[0].card.source}.", "dim")


def refuse_other(options: dict[str, object]) -> None:
    """Options of one card's estimate have no meaning here.

    Raises:
        UserError: one of them is given.
    """
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise UserError(
            "The comparison is of one card, of every size of frame that the study names.",
            expected="--compare with --variant, --figure or --json alone",
            got=", ".join(given),
            next_command=EXAMPLE,
        )


def _table(found: Sequence[Training]) -> None:
    from paper_repro.cli.tables import plain_table, print_table
    from paper_repro.hardware.training_words import power, rows
    from paper_repro.hardware.words import span

    table = plain_table("", *(f">{each.name}" for each in found))
    for name, cells in rows(found, lambda flops: span(flops, power)):
        table.add_row(name, *cells)
    print_table(table)


def _draw(study: Study, variant: Variant, found: Sequence[Training], figure: Path) -> None:
    from paper_repro.cli.options import check_ending
    from paper_repro.hardware.training_figure import draw_trainings
    from paper_repro.hardware.training_words import printed_hours

    check_ending(figure, f"{EXAMPLE} --figure training.svg")
    draw_trainings(found, figure, printed_hours(study, study.base(variant).id))
