"""``explain``: which configurations print as a given count."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paper_repro.counting.explain import Explanation, Match

ROWS = 4
KINDS = {
    1: "usual rank, common modules",
    2: "a stack of the study",
    3: "usual rank, other modules",
    4: "other rank, common modules",
}
REST = "other rank, other modules"


def explain(
    printed: Annotated[str, typer.Argument(help="The count as printed, such as 18M.")],
    percent: Annotated[
        str | None,
        typer.Option(metavar="PERCENT", help="The percentage printed beside it, such as 0.9."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="BASE",
            help="Hub name, or a folder with config.json. Default: the study's base.",
        ),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Study whose stacks are tried too. Default: built in."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find every rank, set of modules and denominator whose value prints so.

    That nothing matches is an answer, not an error.
    """
    from paper_repro.counting.bases import resolve_base
    from paper_repro.counting.candidates import known_stacks
    from paper_repro.counting.census import read_census
    from paper_repro.counting.count import nominal_size
    from paper_repro.counting.explain import explain as run
    from paper_repro.study import BUILT_IN, load_study
    from paper_repro.study.document import document_sum

    loaded = load_study(study or BUILT_IN)
    first = loaded.models[0]
    name, config = resolve_base(base) if base else (first.hub, loaded.configs[first.id])
    architecture = read_census(config)
    stacks = known_stacks(loaded, architecture)
    explanation = run(
        printed,
        percent,
        architecture,
        study_stacks=stacks,
        nominal=nominal_size(name),
        document_sum=document_sum(loaded) if stacks else None,
    )
    if json:
        from paper_repro.cli.tables import print_json

        print_json({"base": name, **explanation.to_json()})
    else:
        _show(name, explanation)


def _show(name: str, explanation: Explanation) -> None:
    from paper_repro.cli.tables import plain_table, print_table, say
    from paper_repro.counting.denominators import LABELS
    from paper_repro.counting.explain import ORDER

    asked = explanation.printed
    if explanation.percent is not None:
        asked += f" and {explanation.percent.rstrip('% ')} %"
    matched = len(explanation.matches)
    say(f"{asked} on {name}: {matched:,} {'reading' if matched == 1 else 'readings'}", "bold")
    if explanation.matches:
        table = plain_table("adapter", ">parameters", ">percent", "of")
        for place, group in groupby(explanation.matches, lambda match: match.place):
            matches = list(group)
            tier, rounding = ORDER[place]
            shown = matches[: ROWS if tier in KINDS else 0]
            table.add_section()
            cut = " (digits cut off)" if rounding == "truncated" else ""
            table.add_row(f"{KINDS.get(tier, REST)}{cut}", style="dim")
            for match in shown:
                share = f"{float(match.percent):.4g} %"
                table.add_row(
                    _adapters(match), f"{match.count:,}", share, LABELS[match.denominator]
                )
            if len(matches) > len(shown):
                table.add_row(f"… {len(matches) - len(shown):,} more; --json lists all")
        print_table(table)
    say(_worth(explanation))


def _adapters(match: Match) -> str:
    parts = " and ".join(f"r={a.r} on {'+'.join(_short(a.modules))}" for a in match.adapters)
    return f"{parts} (variant {match.variant})" if match.variant else parts


def _short(modules: tuple[str, ...]) -> list[str]:
    return [module.removesuffix("_proj") for module in modules]


def _worth(explanation: Explanation) -> str:
    share = f"{100 * explanation.chance:.0f} % of numbers printed with as many digits"
    if not explanation.matches:
        return f"No adapter that was tried prints so. {share} would have matched something."
    return (
        f"What the first reading is worth: {share} would match one as simple by chance. A match "
        "says what a number may stand for, not what was trained."
    )
