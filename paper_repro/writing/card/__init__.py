"""A model card: the README of a trained adapter, for people and for the hub.

``card(trained)`` is the whole file and ``sections(trained)`` its blocks below the metadata. Numbers
are the record's, or counted again; what no record says is left out or called not recorded.
"""

from __future__ import annotations

from paper_repro.writing.card.sections import card, sections
from paper_repro.writing.card.trained import Trained, trained

__all__ = ["Trained", "card", "sections", "trained"]
