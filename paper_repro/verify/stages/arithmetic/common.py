"""Short ways to make this stage's findings."""

from __future__ import annotations

from paper_repro.judging import Key, Value
from paper_repro.study import Study, Variant
from paper_repro.verify.finding import Evidence, Finding, Stage, Subject


def derived(subject: Subject, key: Key, value: Value, formula: str) -> Finding:
    """A value that follows from the config or the study's numbers."""
    return Finding(subject, key, value, formula, Evidence.DERIVED, Stage.ARITHMETIC)


def logged(subject: Subject, key: Key, value: Value, source: str) -> Finding:
    """A value that the author's own files give."""
    return Finding(subject, key, value, source, Evidence.LOG, Stage.ARITHMETIC)


def quoted(subject: Subject, key: Key, value: Value, source: str) -> Finding:
    """A value that only a publication gives, or that nothing at hand settles."""
    return Finding(subject, key, value, source, Evidence.QUOTED, Stage.ARITHMETIC)


def passes(study: Study, variant: Variant) -> int:
    """Samples that the run of a variant reads: rows of the train split times epochs."""
    settings = variant.settings
    return study.dataset(settings.dataset).train_rows * settings.epochs
