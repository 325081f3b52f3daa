"""Texts of every variant and of a shipped run, for tests."""

from __future__ import annotations

from paper_repro.miniature import shipped
from paper_repro.study import load_study
from paper_repro.training.record import read_record
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_record, of_variant
from paper_repro.writing.text import LENGTHS

STUDY = load_study()
VARIANTS = [variant.id for variant in STUDY.variants]
RUN = "a run"
EVERY = [(of, length) for of in [*VARIANTS, RUN] for length in LENGTHS]


def facts(of):
    """Of a variant, or of the shipped run."""
    if of == RUN:
        return of_record(STUDY, read_record(shipped("spatial")), "record.json")
    return of_variant(STUDY, STUDY.variant(of))


def text(of, length="supplement"):
    """Its text."""
    return compose(facts(of), length)
