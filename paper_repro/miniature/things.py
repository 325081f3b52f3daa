"""What stands in a drawn frame: things with a colour and a shape, on tissue with a pattern.

The base learns ten things by colour and shape (Level 0). It never learns which of them a surgeon's
word means: what a suction device looks like is for Level 2 to teach, and what a phase looks like
for Level 1.
The names are those of the paper's label set; what they look like here is made up.
"""

from __future__ import annotations

from typing import NamedTuple

Rgb = tuple[int, int, int]

COLOURS: dict[str, Rgb] = {
    "blue": (60, 90, 235),
    "yellow": (245, 220, 50),
    "green": (40, 180, 80),
    "white": (240, 240, 235),
    "cyan": (70, 220, 225),
    "violet": (160, 60, 210),
    "orange": (250, 130, 20),
    "black": (20, 20, 28),
    "magenta": (255, 60, 180),
    "lime": (165, 250, 60),
}
SHAPES = ("hoop", "ball", "fork", "blade", "cross", "wedge", "block", "hook")
TISSUES: dict[str, Rgb] = {
    "pink": (205, 120, 125),
    "pale": (215, 195, 170),
    "crimson": (140, 35, 45),
    "brown": (150, 110, 70),
}
PATTERNS: dict[str, Rgb] = {
    "smooth": (0, 0, 0),
    "striped": (70, 20, 75),
    "spotted": (250, 215, 90),
    "grainy": (240, 240, 250),
}
"""Each with the colour of its stripes, spots or grains: veins, fat and bone."""
CORNERS = ("top left", "top right", "bottom left", "bottom right")


class Thing(NamedTuple):
    """What something looks like."""

    colour: str
    shape: str

    @property
    def words(self) -> str:
        """Such as ``blue hoop``."""
        return f"{self.colour} {self.shape}"


class Look(NamedTuple):
    """What the tissue looks like."""

    tissue: str
    pattern: str


INSTRUMENTS = {
    "suction device": Thing("blue", "ball"),
    "ring curette": Thing("yellow", "hoop"),
    "drill": Thing("white", "cross"),
    "pituitary rongeurs": Thing("green", "fork"),
    "freer elevator": Thing("cyan", "blade"),
    "micro doppler": Thing("magenta", "hook"),
}
ANATOMY = {
    "sella": Thing("orange", "wedge"),
    "nasal septum": Thing("lime", "block"),
    "sphenoid sinus": Thing("black", "hoop"),
    "tumor tissue": Thing("violet", "ball"),
}
NAMED = INSTRUMENTS | ANATOMY
THINGS = tuple(NAMED.values())

TISSUE_OF = {"nasal": "pink", "sellar": "pale", "tumor_removal": "crimson", "closure": "brown"}
STEPS_OF: dict[str, tuple[tuple[str, str], ...]] = {
    "nasal": (
        ("septal_dissection", "smooth"),
        ("turbinectomy", "striped"),
        ("sphenoidotomy", "spotted"),
        ("posterior_septectomy", "grainy"),
    ),
    "sellar": (("sellar_floor_removal", "striped"), ("dura_opening", "spotted")),
    "tumor_removal": (("tumor_resection", "grainy"), ("hemostasis", "smooth")),
    "closure": (("reconstruction", "spotted"), ("visualization", "smooth")),
}
"""For each phase its steps in their order, each with the pattern of the tissue in it."""
