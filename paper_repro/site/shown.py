"""What a literate script shows on its page beside text: sentences, pictures, plots, banners.

Each is the last line of a cell; run as plain Python, the script only makes it. All that is seen has
words for those who do not see it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from paper_repro.site.drawn import drawn

if TYPE_CHECKING:
    from PIL.Image import Image


QUALITY = 90
"""Of pictures, out of 100."""


class Sentence(str):
    """A computed sentence, shown as prose in bold."""

    def _repr_markdown_(self) -> str:
        return f"**{self}**"


class Table(str):
    """A table in Markdown (:func:`paper_repro.verify.report.markdown.table`)."""

    def _repr_markdown_(self) -> str:
        return f'<div class="counted" markdown>\n\n{self}\n\n</div>'


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side, each with a line beneath it.

    Attributes:
        images: to show; each as wide as it is, in pixels, and no wider than the page.
        captions: one for each; also what is read to those who do not see it.
    """

    images: Sequence[Image]
    captions: Sequence[str]

    def _repr_html_(self) -> str:
        shown = (
            f'<figure><img src="{_address(image)}" width="{image.width}" height="{image.height}" '
            f'alt="{escape(caption)}"><figcaption>{escape(caption)}</figcaption></figure>'
            for image, caption in zip(self.images, self.captions, strict=True)
        )
        return f'<div class="pictures">{"".join(shown)}</div>'


@dataclass(frozen=True)
class Plot:
    """A figure of matplotlib.

    Attributes:
        draw: writes it to an SVG file of that path.
        label: what it shows, for readers who do not see it.
    """

    draw: Callable[[Path], None]
    label: str

    def _repr_html_(self) -> str:
        return drawn(self.draw, self.label)


@dataclass(frozen=True)
class Measured:
    """A banner above results that were measured elsewhere, and are read from a record here.

    Attributes:
        where: hardware, as the record names it.
        when: the day.
        versions: of the libraries, by name.
        again: the command that measures it again.
    """

    where: str
    when: str
    versions: dict[str, str]
    again: str

    def _repr_markdown_(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return (
            f'!!! info "Measured elsewhere"\n\n    On {self.where}, {self.when}, with {versions}. '
            f"This page reads the record. To measure again: `{self.again}`."
        )


def _address(image: Image) -> str:
    """A picture as an address that holds it."""
    file = io.BytesIO()
    image.save(file, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
