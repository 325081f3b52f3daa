"""The entries of ``references.bib`` that a text cites."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from paper_repro.errors import UserError
from paper_repro.study import BUILT_IN

_ENTRY = re.compile(r"^@\w+\{([^,\s]+),.*?^\}$", re.MULTILINE | re.DOTALL)


def entries(folder: Path = BUILT_IN) -> dict[str, str]:
    """Every entry of a study's references, as it stands there, by its key."""
    text = (folder / "references.bib").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in _ENTRY.finditer(text)}


def address(key: str, folder: Path = BUILT_IN) -> str:
    """Where an entry can be read: by its arXiv number or its DOI; empty where it has neither."""
    entry = entries(folder).get(key, "")
    for field, site in (("eprint", "https://arxiv.org/abs/"), ("doi", "https://doi.org/")):
        if found := re.search(rf"^\s*{field}\s*=\s*\{{([^{{}}]+)\}}", entry, re.MULTILINE):
            return site + found[1]
    return ""


def cited(keys: Iterable[str], folder: Path = BUILT_IN) -> str:
    """BibTeX of these keys, in their order.

    Raises:
        UserError: one of them has no entry.
    """
    known, wanted = entries(folder), list(keys)
    for key in wanted:
        if key not in known:
            raise UserError(
                "A text cites what the study's references do not hold.",
                expected=", ".join(known),
                got=key,
                next_command=f"edit {folder / 'references.bib'}",
            )
    return "\n\n".join(known[key] for key in wanted) + "\n"
