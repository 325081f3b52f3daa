"""One variant trained twice on the miniature, saved, and loaded back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from paper_repro.study import Adapter, Procedure, Study, Variant
from paper_repro.training.bases import Bases, forked_rng
from paper_repro.training.levels import Levels, put_on
from paper_repro.training.miniature import batch
from paper_repro.training.observe import Observed, observe
from paper_repro.training.reload import Loaded, load_on, outputs, save, saved_in

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

STEPS = 3
EARLIER_SEED, UNSEEDED = 0, (1, 2)
PROBE_SEED, PROBE_ROWS = 10_000, 2


@dataclass(frozen=True)
class Trial:
    """What was seen of one variant in one precision.

    Attributes:
        precision: of the base, ``float32`` or ``NF4``.
        seeds: of the two runs.
        observed: what the first run did to its tensors.
        again: what the second did.
        is_new: whether all that bears the last adapter's name began fresh, with B = 0.
        bare: logits of the base alone, in float32.
        trained: logits of the trained model.
        cell: the saved adapter loaded as the document's cell does, on a bare base of the
            precision it was trained in.
        cell_unquantised: the same on the bare float32 base.
        by_name: logits with every named adapter loaded again; ``None`` but for a stack.
    """

    precision: str
    seeds: tuple[int, int]
    observed: Observed
    again: Observed
    is_new: bool
    bare: Tensor
    trained: Tensor
    cell: Loaded
    cell_unquantised: Loaded
    by_name: Tensor | None


@dataclass(frozen=True)
class Bench:
    """Runs a study's variants on fresh bases, in a folder that may be thrown away."""

    study: Study
    folder: Path
    bases: Bases

    def trial(self, variant: Variant, precision: str) -> Trial:
        """Train a variant twice, and save the first run and load it back."""
        seed = variant.settings.seed
        seeds = UNSEEDED if seed is None else (seed, seed)
        levels, is_new, observed = self.run(variant, precision, seeds[0])
        again = self.run(variant, precision, seeds[1])[2]
        place = self.folder / f"{variant.id}-{precision}"
        last = save(levels, place)
        trained = outputs(levels.model, self._probe)
        cell = load_on(self.bases.fresh(precision), last, self._probe)
        plain = self.bases.plain
        return Trial(
            precision=precision,
            seeds=seeds,
            observed=observed,
            again=again,
            is_new=is_new,
            bare=self._bare,
            trained=trained,
            cell=cell,
            cell_unquantised=cell
            if precision == plain
            else load_on(self.bases.fresh(plain), last, self._probe),
            by_name=self._by_name(variant, precision, place),
        )

    def run(self, variant: Variant, precision: str, seed: int) -> tuple[Levels, bool, Observed]:
        """Put a variant's adapters on a fresh base and train the last one for a few steps.

        Returns:
            the model, whether its last adapter began fresh with B = 0, and what the steps did.
        """
        settings, stack = variant.settings, self.study.stack(variant)
        saved = {adapter.id: self._earlier(adapter) for adapter in stack[:-1]}
        with forked_rng():
            torch_seed(seed)
            levels = put_on(self.bases.fresh(precision), variant.procedure, stack, saved)
            matrices = [tensor for name, tensor in levels.newest.items() if "lora_B" in name]
            is_new = levels.last_is_new and not any(tensor.any() for tensor in matrices)
            batches = self._batches(levels, seed, settings.batch)
            seen = observe(levels, batches, settings.optimizer, settings.learning_rate)
        return levels, is_new, seen

    def _batches(self, levels: Levels, seed: int, rows: int) -> list[Mapping[str, Tensor]]:
        config, where = levels.model.config, self.bases.device
        return [batch(config, seed * STEPS + number, rows, where) for number in range(STEPS)]

    def _by_name(self, variant: Variant, precision: str, place: Path) -> Tensor | None:
        if variant.procedure is not Procedure.STACK:
            return None
        stack = self.study.stack(variant)
        saved = {adapter.id: saved_in(place, adapter.name) for adapter in stack}
        levels = put_on(self.bases.fresh(precision), variant.procedure, stack, saved)
        return outputs(levels.model, self._probe)

    @cached_property
    def base(self) -> PreTrainedModel:
        """One that nothing is put on, in full precision."""
        return self.bases.fresh(self.bases.plain)

    @cached_property
    def _probe(self) -> Mapping[str, Tensor]:
        return batch(self.base.config, PROBE_SEED, PROBE_ROWS, self.bases.device)

    @cached_property
    def _bare(self) -> Tensor:
        return outputs(self.base, self._probe)

    def _earlier(self, adapter: Adapter) -> Path:
        """The folder of an adapter that lies below another one: trained for a few steps, once."""
        place = self.folder / "earlier" / adapter.id
        if not place.exists():
            with forked_rng():
                torch_seed(EARLIER_SEED)
                levels = put_on(self.bases.fresh(self.bases.plain), "single", [adapter])
                observe(levels, self._batches(levels, EARLIER_SEED, 1), "adamw_torch", 1e-3)
            save(levels, place)
        return saved_in(place, adapter.name)


def torch_seed(seed: int) -> None:
    """Seed torch's generators."""
    import torch

    torch.manual_seed(seed)
