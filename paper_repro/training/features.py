"""What the frozen vision tower gives for every frame, computed once and kept.

``keep(examples, model, folder)`` runs the tower on each distinct frame whose outputs the folder
does not hold yet, and returns examples whose micro-batches carry the outputs in place of pixels.
The tower has no dropout and its weights do not change, so the numbers are the tower's own; only the
number of frames in one product differs, and with it the rounding (1e-6 of the largest output in
float32). Bits that are found are used as they are. Rows that share a frame share its outputs. Not
for a run that trains the tower, nor one whose adapters reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from paper_repro.data.frames import shown_in
from paper_repro.engine import FEATURES
from paper_repro.engine.model import unwrapped
from paper_repro.engine.tower import tower_outputs
from paper_repro.training.examples import Examples, image_tokens, pixels
from paper_repro.training.feature_cache import WHAT, Completed, complete, together
from paper_repro.training.feature_key import refuse_changing, tower_of
from paper_repro.training.feature_shards import Output
from paper_repro.training.workers import ALONE, Workers

if TYPE_CHECKING:
    from torch import Tensor, nn

Telling = Callable[[str, int, int], None]
"""Told what is going on, how many are done, and of how many."""
MOST_FRAMES, MOST_BYTES = 256, 64 << 20
"""Of one file: what a process that is killed has to compute again at most."""


@dataclass(frozen=True)
class Features:
    """Outputs of the tower, each distinct frame's once.

    Attributes:
        outputs: of every distinct frame [its image tokens, width], in the tower's type, in the
            host's memory or mapped from files.
        grids: [distinct frames, 3]: time, height and width in patches.
        frames: for every row the numbers of its distinct frames.
        found: how many distinct frames' outputs the folder held already.
        problems: what is wrong with files there, in sentences.
        folder: where the files are; None: in the host's memory.
    """

    outputs: tuple[Tensor, ...]
    grids: Tensor
    frames: tuple[tuple[int, ...], ...]
    found: int = 0
    problems: tuple[str, ...] = ()
    folder: Path | None = None

    def of(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """``features`` of [image tokens, width] and ``image_grid_thw`` of [pictures, 3]."""
        import torch

        wanted = [frame for row in rows for frame in self.frames[row]]
        pieces = [self.outputs[frame] for frame in wanted]
        return {FEATURES: torch.cat(pieces), "image_grid_thw": self.grids[wanted]}

    @property
    def bytes(self) -> int:
        """Of the outputs."""
        return sum(piece.nbytes for piece in self.outputs)

    @property
    def said(self) -> tuple[str, ...]:
        """Where they came from, in sentences; nothing where no folder was asked."""
        if self.folder is None:
            return ()
        frames = len(self.outputs)
        counts = f"{self.found:,} found in {self.folder}, {frames - self.found:,} computed"
        return (*self.problems, f"Frozen tower: {frames:,} frames, {counts}.")

    def to_dict(self) -> dict[str, int]:
        """Distinct ``frames``, how many were ``found`` and ``computed``, and ``bytes``."""
        frames = len(self.outputs)
        return {
            "frames": frames,
            "found": self.found,
            "computed": frames - self.found,
            "bytes": self.bytes,
        }


class Distinct(NamedTuple):
    """A distinct frame: a row and a place that it stands at, and the image tokens that it takes."""

    row: int
    place: int
    tokens: int


def keep(
    examples: Examples,
    model: nn.Module,
    folder: Path | None = None,
    workers: Workers = ALONE,
    at_once: int = 8,
    telling: Telling = lambda _what, _done, _of: None,
) -> Examples:
    """Examples with the tower's outputs.

    Args:
        examples: with pixels.
        model: bare or wrapped; nothing about it changes.
        folder: where outputs are looked for and kept, in files that are mapped into memory; at
            full size a frame of 224² takes 0.2 MB. None: in the host's memory.
        workers: processes that share the folder, and the work. Where they do not see one another's
            files, each does all of it.
        at_once: frames in one pass through the tower; more take more memory. It has a part in the
            rounding: bits that are found are those of the passes in which they were computed.
        telling: told what is going on, how many are done, and of how many; it may raise Stopped.

    Raises:
        UserError: the tower is trained, or an adapter reaches it; or another process failed.
        Unwritable: the folder has no room.
    """
    import torch

    whole = unwrapped(model)
    refuse_changing(whole)
    with together(workers):
        distinct, frames = _distinct(examples, telling)
    run = partial(_run, examples, whole, distinct, at_once, telling)
    if folder is None:
        made = Completed(run(list(distinct), 0, len(distinct)), 0, ())
    else:
        telling("hashing the frozen tower", 0, 0)
        tower = tower_of(whole, examples.processor)
        parts = tuple(_parts(distinct, tower.width * tower.dtype.itemsize))
        made = complete(folder, tower, parts, run, workers)
    outputs, grids = zip(*(made.outputs[digest] for digest in distinct), strict=True)
    numbers = {digest: number for number, digest in enumerate(distinct)}
    by_row = tuple(tuple(numbers[digest] for digest in row) for row in frames)
    kept = Features(outputs, torch.stack(grids), by_row, made.found, made.problems, folder)
    return replace(examples, features=kept)


def _distinct(
    examples: Examples, telling: Telling
) -> tuple[dict[str, Distinct], list[tuple[str, ...]]]:
    """Each distinct frame by the digest of its size and pixels, and every row's digests."""
    found: dict[str, Distinct] = {}
    rows = []
    for row in range(len(examples)):
        shown = shown_in(examples.rows[row].frames)
        rows.append(tuple(digest for digest, _ in shown))
        for place, (digest, size) in enumerate(shown):
            if digest not in found:
                tokens = image_tokens(examples.processor, *size)
                found[digest] = Distinct(row, place, tokens)
        telling("looking for equal frames", row + 1, len(examples))
    return found, rows


def _parts(distinct: Mapping[str, Distinct], token_bytes: int) -> Iterator[dict[str, int]]:
    """Image tokens by digest, cut in order into what one file holds. Neither what is there already
    nor who computes it has a part in where it is cut, so passes hold the same frames."""
    part: dict[str, int] = {}
    for digest, frame in distinct.items():
        full = (sum(part.values()) + frame.tokens) * token_bytes > MOST_BYTES
        if part and (full or len(part) == MOST_FRAMES):
            yield part
            part = {}
        part[digest] = frame.tokens
    yield part


def _run(
    examples: Examples,
    whole: Any,
    distinct: Mapping[str, Distinct],
    at_once: int,
    telling: Telling,
    digests: Sequence[str],
    done: int,
    of: int,
) -> dict[str, Output]:
    """Run the tower on some frames; ``done`` of so many were run before them."""
    import torch

    found: dict[str, Output] = {}
    device = whole.get_input_embeddings().weight.device
    for start in range(0, len(digests), at_once):
        names = digests[start : start + at_once]
        chosen = [distinct[digest] for digest in names]
        shown = [examples.rows[frame.row].frames[frame.place] for frame in chosen]
        made = pixels(examples.processor, shown)
        with torch.no_grad():
            given = tower_outputs(
                whole, made["pixel_values"].to(device), made["image_grid_thw"].to(device)
            )
        pieces = given.to("cpu", whole.model.visual.dtype).split([each.tokens for each in chosen])
        outputs = map(Output, pieces, made["image_grid_thw"])
        found |= zip(names, outputs, strict=True)
        telling(WHAT, done + len(found), of)
    return found
