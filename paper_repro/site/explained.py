"""Explanations of claims as the site's pages have them: ids of other claims lead to these."""

from __future__ import annotations

import re
from functools import cache

from paper_repro.study import load_study
from paper_repro.verify.report.markdown import code, escape
from paper_repro.verify.report.wording import spans


def explained(text: str) -> str:
    """Prose in Markdown whose `code` spans stay code and whose ids of claims are links."""
    return "".join(code(piece) if is_code else _linked(piece) for piece, is_code in spans(text))


def _linked(piece: str) -> str:
    return _ids().sub(r"[\1](claims.md#\1)", escape(piece))


@cache
def _ids() -> re.Pattern[str]:
    """Whole ids of the study: none that begins a longer one."""
    ids = "|".join(re.escape(claim.id) for claim in load_study().claims)
    return re.compile(rf"(?<![\w.-])({ids})(?![\w-]|\.\w)")
