"""What a trial answers beyond the tensors that moved: saving, loading, and a second run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from paper_repro.judging import Value
from paper_repro.training.digest import changed
from paper_repro.training.reload import Loaded
from paper_repro.verify.stages.train.trial import Trial

if TYPE_CHECKING:
    from torch import Tensor


def is_new(trial: Trial) -> tuple[Value, str]:
    """Whether the last adapter began as a fresh one."""
    if trial.is_new:
        return True, f"all {trial.observed.newest} of its tensors are new, and each B is zero"
    kept = trial.observed.earlier - len(trial.observed.earlier_replaced)
    return False, (
        f"{trial.observed.newest} tensors are new, and {kept} trained ones go on under its name"
    )


def same_outputs(trial: Trial) -> tuple[Value, str]:
    """Whether the document's loading cell gives back the trained model's outputs."""
    same = _equal(trial.cell.outputs, trial.trained)
    by_cell = (
        f"loaded as the cell does, {_arrived(trial.cell)} and {_logits(same)} those of the "
        "trained model"
    )
    if trial.by_name is None:
        return same, by_cell
    named = _equal(trial.by_name, trial.trained)
    return same, f"{by_cell}; with every named adapter loaded they {'are' if named else 'are not'}"


def changes_base(trial: Trial) -> tuple[Value, str]:
    """Whether the saved adapter, loaded as the cell does, changes the bare base's outputs."""
    loaded = trial.cell_unquantised
    same = _equal(loaded.outputs, trial.bare)
    warned = ", with a warning of missing keys" if loaded.warned else ""
    return not same, (
        f"loaded on the bare float32 base{warned}, {_arrived(loaded)} and {_logits(same)} "
        "those of the base alone"
    )


def identical(trial: Trial) -> tuple[Value, str]:
    """Whether two runs end in the same adapter bytes."""
    differ = changed(trial.observed.after, trial.again.after)
    first, second = trial.seeds
    runs = (
        f"two runs seeded {first}"
        if first == second
        else f"runs seeded {first} and {second}, as the settings fix no seed,"
    )
    return (
        not differ,
        f"{runs} end with {len(differ)} of {len(trial.observed.after)} tensors different",
    )


def _equal(left: Tensor, right: Tensor) -> bool:
    import torch

    return torch.equal(left, right)


def _logits(same: bool) -> str:
    return f"the logits are {'bit for bit' if same else 'not'}"


def _arrived(loaded: Loaded) -> str:
    return f"{loaded.matched} of the file's {loaded.in_file} tensors arrive"


ANSWERS: dict[str, Callable[[Trial], tuple[Value, str]]] = {
    "adapter.is_new": is_new,
    "reload.same_outputs": same_outputs,
    "reload.changes_base": changes_base,
    "run.identical": identical,
}
