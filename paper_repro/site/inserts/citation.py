"""How to cite, made from ``CITATION.cff`` by cffconvert."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from paper_repro.errors import UserError

CITATION = "CITATION.cff"
KEY = "paper_repro"
"""Of the BibTeX entry; cffconvert leaves it open."""
_NO_KEY = "YourReferenceHere"
_FIELD = re.compile(r"\b(author|title) = \{(.*)\}")
FORMS = {"BibTeX": "bibtex", "APA": "apalike"}


def citation_part(root: Path) -> str:
    """Each form in a tab of its own, ready to copy.

    Args:
        root: a checkout of the repository.

    Raises:
        UserError: cffconvert is not there, or the file is not valid.
    """
    return "\n\n".join(_tab(name, converted(root, form)) for name, form in FORMS.items())


def converted(root: Path, form: str) -> str:
    """``CITATION.cff`` in one of cffconvert's forms."""
    command = [str(converter()), "--infile", str(root / CITATION), "--format", form]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(
            f"{CITATION} cannot be turned into {form}.",
            expected=f"cffconvert at {converter()}, and a valid file",
            got=str(getattr(error, "stderr", "") or error),
            next_command="make docs",
        ) from None
    found = done.stdout.strip().replace(_NO_KEY, KEY)
    return _FIELD.sub(_protected, found) if form == "bibtex" else found


def _protected(field: re.Match[str]) -> str:
    """A field that LaTeX can set, and of which BibTeX takes no part for a surname."""
    from pylatexenc.latexencode import unicode_to_latex

    return f"{field[1]} = {{{{{unicode_to_latex(field[2])}}}}}"


def converter() -> Path:
    """cffconvert, in an environment of its own: it needs older libraries than this package."""
    return Path(sys.prefix) / "cff" / "bin" / "cffconvert"


def _tab(name: str, text: str) -> str:
    body = "\n".join(f"    {line}" for line in text.splitlines())
    return f'=== "{name}"\n\n    ``` {{ .text .wrapped }}\n{body}\n    ```'
