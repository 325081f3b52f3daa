"""Numbers and units of siunitx as they are printed: ``\\SI{7}{\\hour}`` is "7 hours"."""

from __future__ import annotations

import re

ARGUMENTS = {
    "num": "n",
    "ang": "n",
    "unit": "u",
    "si": "u",
    "qty": "nu",
    "SI": "nu",
    "numrange": "nn",
    "qtyrange": "nnu",
    "SIrange": "nnu",
    "numproduct": "n",
    "numlist": "n",
    "qtylist": "nu",
    "SIlist": "nu",
}
"""Of each macro: a number or a unit in turn."""
_WORDS = {"second": "seconds", "minute": "minutes", "hour": "hours", "day": "days"}
_SIGNS = {
    **{"percent": "%", "byte": "B", "bit": "bit", "watt": "W", "gram": "g", "metre": "m"},
    **{"meter": "m", "hertz": "Hz", "second": "s", "minute": "min", "hour": "h", "day": "d"},
    **{"joule": "J", "volt": "V", "ampere": "A", "kelvin": "K", "celsius": "°C", "degree": "°"},
    **{"kilo": "k", "mega": "M", "giga": "G", "tera": "T", "peta": "P", "milli": "m"},
    **{"micro": "µ", "nano": "n", "kibi": "Ki", "mebi": "Mi", "gibi": "Gi", "tebi": "Ti"},
    **{"per": "/", "squared": "²", "cubed": "³"},
}
_PART = re.compile(r"\\([a-zA-Z]+)|[^\\\s{}~]+")


def number(raw: str) -> str:
    """A number's argument as printed, without the blanks that siunitx passes over.

    Args:
        raw: such as ``18.5e6`` or ``1.2 +- 0.1``.

    Returns:
        Such as ``18.5×10^6`` or ``1.2±0.1``.
    """
    tight = re.sub(r"\s|[{}]", "", raw).replace("\\pm", "±").replace("+-", "±")
    tight = re.sub(r"(?<=\d)[eEdD](?=[+-]?\d)", "×10^", tight)
    return tight.replace("x", "×").replace(";", ", ")


def unit(raw: str, one: bool = False) -> str:
    """A unit's argument as printed; of time alone, as a word.

    Args:
        raw: such as ``\\giga\\byte``.
        one: whether it is of one alone.

    Returns:
        Such as ``GB``.
    """
    parts = [found[1] or found[0] for found in _PART.finditer(raw)]
    if len(parts) == 1 and parts[0] in _WORDS:
        return parts[0] if one else _WORDS[parts[0]]
    return "".join(_SIGNS.get(part, part) for part in parts)
