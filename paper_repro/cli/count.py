"""``count``: parameters of a base and its adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paper_repro.counting.count import Count


def count(
    base: Annotated[
        str, typer.Argument(help="Hub name, or a folder with config.json; no weights are needed.")
    ],
    lora: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADAPTER",
            help="Adapter as r=16,targets=q_proj+v_proj[,frozen]; repeatable, bottom first. "
            "targets=all-linear wraps every Linear layer.",
        ),
    ] = None,
    quantize: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="nf4: say what a naive sum over 4-bit storage prints."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count base, adapter and trainable parameters of any transformers model."""
    from paper_repro.counting.bases import resolve_base
    from paper_repro.counting.count import count as run
    from paper_repro.counting.lora import parse_lora

    loras = [parse_lora(text) for text in lora or ()]
    name, config = resolve_base(base)
    counted = run(config, loras, quantize, name=name)
    if json:
        from paper_repro.cli.tables import print_json

        print_json(counted.to_json())
    else:
        _show(counted)


def _show(counted: Count) -> None:
    from paper_repro.cli.tables import plain_table, print_table, say
    from paper_repro.counting.denominators import LABELS, percent

    table = plain_table("", ">parameters")
    table.add_row(f"base {counted.name}", f"{counted.base:,}")
    for adapter in counted.adapters:
        state = "frozen" if adapter.frozen else "trained"
        modules = "+".join(adapter.modules)
        table.add_row(f"LoRA r={adapter.r} on {modules}, {state}", f"{adapter.parameters:,}")
    table.add_row("trainable", f"{counted.trainable:,}", style="bold")
    table.add_row("total", f"{counted.total:,}", style="bold")
    print_table(table)
    for adapter in counted.adapters:
        if adapter.formula:
            say(f"  {adapter.formula}")
    if counted.adapters:
        shares = plain_table("trainable, in percent of", ">parameters", ">percent")
        for id, whole in counted.wholes.items():
            share = float(percent(counted.trainable, whole))
            shares.add_row(LABELS[id], f"{whole:,}", f"{share:.4g} %")
        print_table(shares)
    if counted.naive_explanation:
        say(counted.naive_explanation)
