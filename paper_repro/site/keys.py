"""Checksums that say whether something slow must be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")


def key(*inputs: Path) -> str:
    """A checksum of these files, of the package (this room apart) and of its main libraries."""
    digest = hashlib.sha256()
    for path in [*inputs, *package_files()]:
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    for name in LIBRARIES:
        digest.update(f"{name}={metadata.version(name)}\0".encode())
    return digest.hexdigest()[:16]


def package_files() -> Iterable[Path]:
    """Every file of the package that a result can depend on, in a fixed order."""
    site = Path(__file__).parent
    return sorted(
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and site not in path.parents
    )
