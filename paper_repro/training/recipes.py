"""The defaults of a run, and what they change of what the paper's scripts set.

``paper(study, level, variant)`` is what a script sets, ``defaults(...)`` what ``train`` starts
from, and ``deviations(...)`` names every difference with its reason. A setting of the paper's that
this package does not offer at all is a deviation too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError
from paper_repro.miniature.settings import SETTINGS
from paper_repro.training.settings import Settings, Size

if TYPE_CHECKING:
    from paper_repro.study import Adapter, Study
    from paper_repro.training.precision import Precision

STACKED, NOTEBOOK = "stated", "notebook"
SEED = 42
"""Of ``train_demo_to_production.py`` in the author's repository; the notebook sets none."""
COMPUTE = "bfloat16"
"""What every script computes in, on whatever card."""
_OURS = {"labels": "answer", "seed": SEED, "features": True}
"""Where the defaults leave the paper's settings; not for the notebook's cells, run as written."""
_REASONS = {
    "labels": "learning to write the prompt and the picture's placeholders does not help answers",
    "seed": "without one, no run can be repeated",
    "features": "the frozen tower gives the same numbers for a frame each time",
    "batch": "the same update: however an effective batch is cut, the loss is its samples' mean",
    "accumulation": "the same update from fewer passes",
    "precision": "asked for, or what this machine computes in",
    "selection": "the step with the least validation loss is not looked for; the last one is kept",
    "remainder": "rows left at the end of an epoch are trained on, as transformers 5 does",
}
CUT = ("batch", "accumulation")
"""What an effective batch is cut into."""
_MINIATURE = "the miniature is another model on other rows"
_ASKED = "asked for"


def adapters_of(study: Study, level: int, variant: str) -> tuple[Adapter, ...]:
    """The adapters of a run, bottom first; none for Level 0."""
    if level == 2:
        return study.stack(study.variant(variant))
    return tuple(a for a in study.adapters if level == 1 and a.level == 1)[:1]


def procedure_of(study: Study, level: int, variant: str) -> str:
    """How they are put on the base; empty for Level 0."""
    return study.variant(variant).procedure.value if level == 2 else ("single" if level else "")


def paper(study: Study, level: int, variant: str) -> dict[str, Any]:
    """What the paper's script sets, by setting; empty for Level 0, which others trained."""
    if level == 0:
        return {}
    own = study.variant(variant).settings if level == 2 else None
    lowest = adapters_of(study, level, variant)[0]
    recipe = study.recipe(variant if level == 2 else lowest.id)
    said = {} if recipe is None else recipe.model_dump(exclude={"of", "words", "source"})
    if own is not None:
        said |= own.model_dump(include=said.keys() - {"labels"})
    data = study.dataset(said.pop("dataset"))
    model = study.model(lowest.base)
    found = {"base": model.hub, "data": data.hub} | said
    if level == 2 and lowest.level == 1:
        found["level1"] = lowest.hub
    return found | {"seed": None, "features": False, "max_steps": None}


def defaults(
    study: Study, level: int, size: Size, variant: str, on_card: bool, processes: int = 1
) -> Settings:
    """What a run starts from, before any option.

    Args:
        on_card: whether it is to run on a CUDA card; in float32 otherwise.
        processes: that train together at full size.
    """
    start = Settings(level=level, size=size, variant=variant if level == 2 else "", seed=SEED)
    if size == "mini":
        return replace(start, **SETTINGS[level, start.variant])
    if level == 0:
        raise UserError(
            "Level 0 at full size is not trained here: others did, for months.",
            expected="--size mini, the whole hierarchy in small",
            got="--size full",
            next_command="python -m paper_repro train 0 --size mini --out base",
        )
    said = paper(study, level, variant)
    ours = {"seed": SEED} if variant == NOTEBOOK else _OURS | _cut(said, processes)
    precision = said["precision"] if on_card else "fp32"
    pinned = study.model(adapters_of(study, level, variant)[0].base).revision
    own = {"precision": precision, "base_revision": pinned}
    return replace(start, **(said | ours | own))


def _cut(said: Mapping[str, Any], processes: int) -> dict[str, Any]:
    """The script's effective batch in one pass for each process, where it can be shared out so."""
    rows = said["batch"] * said["accumulation"]
    if rows % processes:
        return {name: said[name] for name in CUT}
    return {"batch": rows // processes, "accumulation": processes}


def as_cut(start: Settings, changed: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for; of an effective batch at full size, where one of :data:`CUT` is asked for
    and divides it, the other one too."""
    asked, rows = [name for name in CUT if name in changed], start.batch * start.accumulation
    if start.size != "full" or len(asked) != 1 or rows % max(1, changed[asked[0]]):
        return dict(changed)
    (other,) = set(CUT) - set(asked)
    return {**changed, other: rows // changed[asked[0]]}


def refuse_unused(
    study: Study, level: int, variant: str | None, changed: Mapping[str, Any]
) -> None:
    """Refuse an option that the run would not look at, before anything is loaded.

    Raises:
        UserError: there is no such variant, or the option means nothing at this level.
    """
    again = f"python -m paper_repro train {level}"
    known = [each.id for each in study.variants]
    if variant is not None and (level != 2 or variant not in known):
        raise UserError(
            f"There is no variant {variant!r}" + (f" of Level {level}." if level != 2 else "."),
            expected=", ".join(known) if level == 2 else "no variant: those are of Level 2",
            got=repr(variant),
            next_command=f"{again} --variant {STACKED}" if level == 2 else again,
        )
    for name in unused(study, level, variant or STACKED):
        if name in changed:
            stands_on = "one adapter on the base" if level else "a base, on drawn lessons"
            raise UserError(
                f"--{name} means nothing here.",
                expected=f"no --{name}: this trains {stands_on}",
                got=f"--{name} {changed[name]}",
                next_command=f"{again} --help",
            )


def unused(study: Study, level: int, variant: str) -> tuple[str, ...]:
    """Settings that a run does not look at."""
    adapters = len(adapters_of(study, level, variant))
    return {0: ("level1", "data"), 1: ("level1",)}.get(adapters, ())


def deviations(
    study: Study, here: Settings, precision: Precision | None = None
) -> list[dict[str, Any]]:
    """Each setting that differs from the paper's: ``name``, ``paper``, ``here`` and ``reason``.

    Args:
        precision: what is computed in, once that is known.
    """
    said = paper(study, here.level, here.variant)
    if not said:
        return []
    ours = here.to_dict()
    found = [
        {"name": name, "paper": value, "here": ours[name], "reason": _reason(name, said, here)}
        for name, value in said.items()
        if ours[name] != value
    ]
    if precision and precision.compute != COMPUTE:
        found.append(
            {
                "name": "compute",
                "paper": COMPUTE,
                "here": precision.compute,
                "reason": precision.reason,
            }
        )
    never = {
        "selection": ("least validation loss", "last step"),
        "remainder": ("left out", "trained on"),
    }
    return found + [
        {"name": name, "paper": theirs, "here": own, "reason": _REASONS[name]}
        for name, (theirs, own) in never.items()
    ]


def _reason(name: str, said: Mapping[str, Any], here: Settings) -> str:
    if here.size == "mini" and name not in ("labels", "seed", "features"):
        return _MINIATURE
    if name in CUT:
        same = here.batch * here.accumulation == said["batch"] * said["accumulation"]
        return _REASONS[name] if same else _ASKED
    if name == "precision" or _OURS.get(name) == getattr(here, name):
        return _REASONS.get(name, _ASKED)
    return _ASKED


def words(study: Study, level: int, variant: str) -> Mapping[str, str]:
    """The document's own words on a run's settings, by setting."""
    if level == 0:
        return {}
    recipe = study.recipe(variant if level == 2 else adapters_of(study, level, variant)[0].id)
    return {} if recipe is None else recipe.words
