"""``predict``: one question about one picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from PIL.Image import Image

    from paper_repro.errors import UserError
    from paper_repro.evaluation.loading import Loaded, Wanted

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


def predict(
    image: Annotated[Path, typer.Argument(help="A picture: PNG, JPEG, WebP, TIFF, BMP or GIF.")],
    question: Annotated[str, typer.Argument(help='Such as "Point to the suction device".')],
    size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="mini: the miniature that comes with the package, which knows drawn frames only. "
            "full: the published model, downloaded once (4.4 GB). Default: mini, or what the "
            "adapter's run was.",
        ),
    ] = None,
    adapter: Annotated[
        str | None,
        typer.Option(
            metavar="ADAPTER",
            help="A run's folder, an adapter's folder or a hub name, also name@revision. Default: "
            "Level 2, shipped for mini and published for full.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="BASE",
            help="Another base: a folder or a hub name, also name@revision. Default: the size's "
            "own, or the one that the run trained on.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw the answer's points on the picture and save it here."
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="DEVICE", help="cpu or cuda. Default: cuda where there is a card."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a trained model about a picture: the answer, its points, the picture with the points.

    An adapter that would not change the model's answers is refused, and the reason given.
    """
    from paper_repro.cli.tables import print_json, working
    from paper_repro.evaluation.pictures import read_picture

    _check(size, out, image)
    picture = read_picture(image)
    with working("loading the model"):
        from paper_repro.evaluation.generate import ask
        from paper_repro.evaluation.loading import load

        loaded = load(_wanted(size, base, adapter), device)
    with working("answering"):
        answer = ask(loaded, picture, question)
    found = _found(image, picture, question, answer, loaded)
    if out is not None:
        _draw(out, picture, found)
        found["overlay"] = str(out)
    if json:
        print_json(found)
    else:
        _show(found)


def _wanted(size: str | None, base: str | None, adapter: str | None) -> Wanted:
    """A run's own base and adapter, or the size's; with those that were named in their place."""
    from dataclasses import replace

    from paper_repro.evaluation.runs import of_run, run_of

    run = run_of(Path(adapter)) if adapter is not None else None
    if adapter is None or run is None:
        wanted = _of_size(size or "mini")
    else:
        wanted = of_run(run)
        if size not in (None, wanted.size):
            raise _another_size(adapter, str(size), wanted.size)
    if adapter is not None and Path(adapter) != run:
        name, revision = pinned(adapter)
        wanted = replace(wanted, adapter=name, adapter_revision=revision)
    if base is not None:
        name, revision = pinned(base)
        wanted = replace(wanted, base=name, base_revision=revision)
    return wanted


def _of_size(size: str) -> Wanted:
    from paper_repro.evaluation.loading import Wanted
    from paper_repro.evaluation.runs import of_run

    if size == "mini":
        from paper_repro.miniature import shipped

        return of_run(shipped("spatial"))
    from paper_repro.study import load_study

    study = load_study()
    level2 = max(study.adapters, key=lambda one: (one.level, one.hub is not None))
    base = next(model.hub for model in study.models if model.id == level2.base)
    return Wanted("full", base, adapter=level2.hub)


def pinned(name: str) -> tuple[str, str | None]:
    """``org/name@revision`` in two; a folder is a folder, whatever its name."""
    if Path(name).exists() or "@" not in name:
        return name, None
    where, _, revision = name.rpartition("@")
    return where, revision


def _another_size(adapter: str, size: str, got: str) -> UserError:
    from paper_repro.errors import UserError

    return UserError(
        f"{adapter} is a run of another size.",
        expected=f"a run of size {size}",
        got=got,
        next_command=f"the same with --size {got}",
    )


def _check(size: str | None, out: Path | None, image: Path) -> None:
    """Stop before anything is loaded, where it is clear that it would be in vain."""
    from paper_repro.errors import UserError

    again = f"python -m paper_repro predict {image}"
    if size not in (None, "mini", "full"):
        raise UserError(
            f"There is no size {size!r}.",
            expected="mini or full",
            got=str(size),
            next_command=f'{again} "Point to the suction device" --size mini',
        )
    if out is None:
        return
    if out.suffix.lower() not in ENDINGS:
        got = out.suffix or "a name without an ending"
        wanted = f"a name that ends in {', '.join(ENDINGS)}"
    elif not out.parent.is_dir():
        got, wanted = f"no folder {out.parent}", "a folder that is there"
    elif out.exists() and image.exists() and out.samefile(image):
        got, wanted = "the picture itself", "another file than the picture that is asked about"
    else:
        return
    raise UserError(
        f"The drawn picture cannot be saved as {out}.",
        expected=wanted,
        got=got,
        next_command=f'{again} "Point to the suction device" --out overlay.png',
    )


def _found(
    image: Path, picture: Image, question: str, answer: str, loaded: Loaded
) -> dict[str, Any]:
    from paper_repro.data.points import broken_points, read_points
    from paper_repro.evaluation.overlay import described, in_pixels

    return {
        "image": str(image),
        "width": picture.width,
        "height": picture.height,
        "question": question,
        "answer": answer,
        "points": [
            {
                "label": point.label,
                "x": point.x,
                "y": point.y,
                "pixel": in_pixels(point, picture.size),
                "in_frame": point.in_frame,
            }
            for point in read_points(answer)
        ],
        "unreadable_points": list(broken_points(answer)),
        "model": loaded.to_json(),
        "note": loaded.note,
        "described": described(question, answer),
        "overlay": None,
    }


def _draw(out: Path, picture: Image, found: dict[str, Any]) -> None:
    from paper_repro.evaluation.overlay import overlay, save

    drawn = overlay(picture, found["question"], found["answer"], found["note"])
    save(drawn, out, found["described"])


def _show(found: dict[str, Any]) -> None:
    from paper_repro.cli.tables import plain_table, print_table, say

    say(found["answer"] or "(the answer is empty)", "bold")
    if found["points"]:
        size = f"pixel of {found['width']} × {found['height']}"
        table = plain_table("\npoint", ">\nx", ">\ny", f">\n{size}")
        for point in found["points"]:
            x, y = point["pixel"]
            place = f"{x}, {y}" if point["in_frame"] else "outside the picture"
            table.add_row(point["label"], f"{point['x']:g} %", f"{point['y']:g} %", place)
        print_table(table)
    else:
        say("The answer names no point.\n")
    for broken in found["unreadable_points"]:
        say(f"A point could not be read: {broken[:80]}")
    say(found["note"])
    if found["overlay"]:
        say(f"Drawn: {found['overlay']}")
