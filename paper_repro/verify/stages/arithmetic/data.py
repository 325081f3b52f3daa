"""What the arithmetic stage says of data sets, and of the document against itself."""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.counting.denominators import percent
from paper_repro.judging import Key, Value
from paper_repro.study import Dataset, Study
from paper_repro.study.document import document_sum, printed_number
from paper_repro.verify.finding import Finding, Subject
from paper_repro.verify.stages.arithmetic.common import derived, logged, quoted

ANY = Key()


def dataset_findings(dataset: Dataset) -> Iterator[Finding]:
    """Rows and kinds of task, as the author's files give them."""
    rows = dataset.train_rows + dataset.validation_rows
    split = f"{dataset.train_rows:,} train + {dataset.validation_rows:,} validation = {rows:,}"
    facts: dict[str, Value] = {
        "dataset.id": dataset.hub,
        "dataset.rows": rows,
        "dataset.train_rows": dataset.train_rows,
        "dataset.validation_rows": dataset.validation_rows,
        "dataset.tasks": frozenset(dataset.tasks),
        "dataset.row_is_frame": dataset.row_is_frame,
    }
    for quantity, value in facts.items():
        prefix = f"{split}; " if quantity.endswith("rows") else ""
        yield logged(Subject(quantity, dataset.id), ANY, value, f"{prefix}{dataset.source}")


def document_findings(study: Study) -> Iterator[Finding]:
    """What the document's own numbers add up to, and the day that it does not give."""
    yield quoted(
        Subject("document.today"),
        ANY,
        study.document.dated,
        f"dated {study.document.dated}" if study.document.dated else "the document bears no date",
    )
    total = document_sum(study)
    if total is None:
        return
    parts = [study.claim(id).printed for id in study.document.breakdown]
    formula = f"{' + '.join(str(part) for part in parts)} = {total:,}"
    yield derived(Subject("document.sum"), ANY, total, formula)
    top = printed_number(study, study.document.breakdown[-1])
    if top is not None:
        yield derived(
            Subject("document.percent"),
            Key("", "document"),
            percent(top, total),
            f"{top:,} / ({formula})",
        )
