"""Files of kept tower outputs: ``FOLDER/KEY/NAME.safetensors``, each with those of some frames.

``write(folder, tower, outputs)`` puts one there whole or not at all; ``scan(folder, tower)`` maps
all that are sound into memory, without reading them. A file is named after the frames in it, so
processes that write the same one at the same time do no harm, and the first that was written
stays: whoever reads later gets its bits. What a disk alters afterwards, in place, is not noticed.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from paper_repro.training.feature_key import Tower

if TYPE_CHECKING:
    from torch import Tensor

HALF_MADE = ".partial"
LEFT_BEHIND = 3600.0
"""Seconds after which a half-made file is taken for one that a killed process left."""


class Output(NamedTuple):
    """What the tower gave for one frame.

    Attributes:
        tokens: [image tokens, width].
        grid: [3]: time, height and width in patches.
    """

    tokens: Tensor
    grid: Tensor


class Broken(Exception):
    """A file that does not hold what its name says, and why."""


class Unwritable(Exception):
    """A folder that takes no more files, and why.

    Attributes:
        expected: the bytes that it was to take, in words.
        got: what stood in the way.
    """

    def __init__(self, size: int, got: str) -> None:
        self.expected, self.got = f"a folder that takes {size / 1e6:,.1f} MB", got
        super().__init__(f"expected {self.expected}, got {got}")


def write(folder: Path, tower: Tower, outputs: Mapping[str, Output]) -> Path:
    """Write one file and flush it to the disk; a sound one of the same frames is left as it is.

    Args:
        folder: of all towers.
        outputs: by the frame's digest.

    Raises:
        Unwritable: the disk is full or gone; nothing half-made stays.
    """
    target = folder / tower.key / f"{_name(outputs)}.safetensors"
    passing = target.with_name(f".{target.name}.{uuid4().hex}{HALF_MADE}")
    data = _bytes(tower, outputs)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with passing.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not _is_sound(target, tower):
            os.replace(passing, target)
    except OSError as error:
        raise Unwritable(len(data), str(error)) from None
    finally:
        with suppress(OSError):
            passing.unlink(missing_ok=True)
    return target


def read(file: Path, tower: Tower) -> dict[str, Output]:
    """Map one file's outputs into memory, by the frame's digest.

    Raises:
        Broken: it cannot be read, is cut short, or is not what this tower gave for those frames.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            about = opened.metadata() or {}
            outputs, grids = opened.get_tensor("outputs"), opened.get_tensor("grids")
    except (OSError, SafetensorError) as error:
        raise Broken(str(error)) from None
    digests = about.get("frames", "").split()
    if about.get("key") != tower.key or file.stem != _name(digests):
        raise Broken("it was written for other frames or another tower")
    if grids.dtype != torch.long or grids.shape != (len(digests), 3):
        raise Broken(f"expected grids of [{len(digests)}, 3], got {list(grids.shape)}")
    tokens: list[int] = (grids.prod(1) // tower.merge**2).tolist()
    if outputs.dtype != tower.dtype or outputs.shape != (sum(tokens), tower.width):
        wanted = f"{tower.dtype} of [{sum(tokens)}, {tower.width}]"
        raise Broken(f"expected {wanted}, got {outputs.dtype} of {list(outputs.shape)}")
    pieces = zip(outputs.split(tokens), grids, strict=True)
    return {digest: Output(*piece) for digest, piece in zip(digests, pieces, strict=True)}


def scan(folder: Path, tower: Tower) -> tuple[dict[str, Output], tuple[str, ...]]:
    """All outputs of a tower that are kept in a folder, and what is wrong with other files there.

    Where two files hold a frame the older one's outputs are taken: those that an earlier start of
    a run has used.
    """
    found: dict[str, Output] = {}
    problems: list[str] = []
    place = folder / tower.key
    _clear(place.glob(f"*{HALF_MADE}"))
    for file in sorted(place.glob("*.safetensors"), key=_written):
        try:
            held = read(file, tower)
        except Broken as error:
            problems.append(f"{file.name}: {error}")
        else:
            found |= {digest: held[digest] for digest in held if digest not in found}
    return found, tuple(problems)


def _written(file: Path) -> tuple[int, str]:
    with suppress(OSError):
        return file.stat().st_mtime_ns, file.name
    return 0, file.name


def _is_sound(file: Path, tower: Tower) -> bool:
    with suppress(Broken):
        return bool(read(file, tower))
    return False


def _name(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()[:32]


def _bytes(tower: Tower, outputs: Mapping[str, Output]) -> bytes:
    import torch
    from safetensors.torch import save

    tokens, grids = zip(*outputs.values(), strict=True)
    tensors = {"outputs": torch.cat(tokens), "grids": torch.stack(grids)}
    return save(tensors, metadata={"key": tower.key, "frames": " ".join(outputs)})


def _clear(half_made: Iterable[Path]) -> None:
    for file in half_made:
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > LEFT_BEHIND:
                file.unlink()
