"""The arithmetic stage: closed forms from the config and the study's own data, without torch.

``findings(study, wanted, progress)`` yields what follows from the architecture (``derived``),
what the author's files say (``author's log``) and what only papers say (``quoted only``).
It does not run, load or download any model.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from paper_repro.study import Study
from paper_repro.verify.finding import Finding, Progress, Wanted
from paper_repro.verify.stages.arithmetic.adapters import adapter_findings
from paper_repro.verify.stages.arithmetic.data import dataset_findings, document_findings
from paper_repro.verify.stages.arithmetic.models import model_findings
from paper_repro.verify.stages.arithmetic.runs import run_findings
from paper_repro.verify.stages.arithmetic.scores import score_findings


def findings(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
    """Yield the wanted findings; see :class:`paper_repro.verify.finding.StageRunner`."""
    every = chain(
        chain.from_iterable(model_findings(study, model) for model in study.models),
        chain.from_iterable(adapter_findings(study, adapter) for adapter in study.adapters),
        chain.from_iterable(dataset_findings(dataset) for dataset in study.datasets),
        chain.from_iterable(run_findings(study, variant) for variant in study.variants),
        document_findings(study),
        score_findings(study),
    )
    return (finding for finding in every if finding.subject in wanted)
