"""Macros and environments of LaTeX by name, and what becomes of them."""

from __future__ import annotations

from functools import cache, lru_cache

from paper_repro.manuscript.document import Kind
from paper_repro.manuscript.readers.prose import names

MATHS = names(
    "equation equation* align align* gather gather* multline multline* eqnarray eqnarray*"
    " displaymath math flalign flalign*"
)
"""Environments that hold maths."""
FORMULAS = MATHS | names(
    "aligned split gathered array cases matrix pmatrix bmatrix vmatrix smallmatrix"
)
"""Environments that hold maths, or stand in it."""
QUOTATIONS = names("quote quotation displayquote verse")
TABLES = names("tabular tabular* tabularx tabulary longtable supertabular tblr")
WITH_ARGUMENTS = TABLES | names(
    "array minipage multicols subfigure subtable wrapfigure wraptable adjustbox adjustwidth frame"
    " spacing list column"
)
"""Environments that begin with arguments in braces."""
NOTES = names("footnote footnotetext thanks caption subcaption captionof sidenote")
"""Macros whose argument is a passage of its own."""
DROPPED = {
    **dict.fromkeys(
        names(
            "label vspace hspace includegraphics bibliography bibliographystyle input include"
            " usepackage textcolor color colorbox scalebox raisebox cmidrule cline href tag"
            " hypersetup pagestyle thispagestyle rowcolor cellcolor phantom hphantom vphantom index"
            " nocite parbox captionof captionsetup addbibresource graphicspath theoremstyle"
            " documentclass foreignquote foreignlanguage rotatebox"
        ),
        1,
    ),
    **dict.fromkeys(
        names(
            "setlength addtolength setcounter addtocounter fontsize resizebox multicolumn multirow"
            " newcommand renewcommand providecommand DeclareMathOperator rule newtheorem"
        ),
        2,
    ),
    **dict.fromkeys(("definecolor", "specialrule", "newenvironment"), 3),
}
"""How many arguments of a macro are not read."""
KINDS: dict[str, Kind] = {
    **dict.fromkeys(names("texttt lstinline mintinline"), "code"),
    "ensuremath": "maths",
}
"""What a macro's argument is, if not prose."""
RAW: dict[str, Kind] = {"url": "reference", "nolinkurl": "reference", "path": "code"}
"""The same where the argument holds no macros."""
AROUND = {
    **dict.fromkeys(names("enquote textquote foreignquote"), ("“", "”")),
    **dict.fromkeys(names("frac dfrac tfrac nicefrac sfrac"), ("", "/")),
    "textsuperscript": ("^", ""),
}
"""What is read before and behind a macro's argument."""
SWITCHES = names(
    "bf it sl sc rm sf tt em bfseries itshape scshape mdseries upshape ttfamily sffamily rmfamily"
    " normalfont tiny scriptsize footnotesize small normalsize large Large centering noindent left"
    " right big Big bigl bigr Bigl Bigr displaystyle textstyle"
)
"""Macros without words that take the space behind them."""
SIGNS = {
    **dict.fromkeys("\\ \n\r\t,;:>", " "),
    **{sign: sign for sign in "%&#_${}"},
    "|": "‖",
}
"""What a backslash and a sign stand for, if not for nothing."""
ACCENTS = frozenset("'`^\"~=.")
LETTER_ACCENTS = frozenset("uvHckrdb")
_SYMBOLS = {"sim": "~", "thicksim": "~", "to": "→", "newline": " ", "linebreak": " ", "sqrt": "√"}
_SYMBOLS |= {"LaTeX": "LaTeX", "TeX": "TeX", "today": ""}


def reference(name: str) -> str | None:
    """What is read for a macro that cites or refers; None where it does neither."""
    low = name.lower()
    if "cite" in low and low != "nocite":
        return "[cite]"
    return "[ref]" if low.endswith("ref") and low not in ("href", "hyperref") else None


@cache
def symbol(name: str) -> str:
    """What a macro without arguments stands for; nothing where it is not known."""
    from pylatexenc.latex2text import get_default_latex_context_db

    known = get_default_latex_context_db().get_macro_spec(name)
    words = _SYMBOLS.get(name, known.simplify_repl if known else None)
    return words if isinstance(words, str) and "%" not in words else ""


@lru_cache(1000)
def accented(raw: str) -> str:
    """An accent's macro with its letter, as one letter."""
    from pylatexenc.latex2text import LatexNodes2Text

    return str(LatexNodes2Text().latex_to_text(raw)).strip()
