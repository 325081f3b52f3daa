"""Expensive things, made once a session."""

from __future__ import annotations

import pytest

from paper_repro.study import Study, load_study
from paper_repro.verify.finding import DEFAULT_STAGES, Finding, Stage
from paper_repro.verify.result import Report
from paper_repro.verify.run import load_stage, verify


class Recorder:
    """Runs the real stages, and keeps what each of them found."""

    def __init__(self) -> None:
        self.findings: dict[Stage, list[Finding]] = {}

    def load(self, stage: Stage):  # type: ignore[no-untyped-def]
        """A runner that runs the real one and remembers."""

        def run(study, wanted, progress):  # type: ignore[no-untyped-def]
            self.findings[stage] = list(load_stage(stage)(study, wanted, progress))
            return iter(self.findings[stage])

        return run


@pytest.fixture(scope="session")
def pitvqa() -> Study:
    """The built-in study."""
    return load_study()


@pytest.fixture(scope="session")
def checked(pitvqa: Study) -> tuple[Report, dict[Stage, list[Finding]]]:
    """The default verification of the built-in study, and the findings of its stages."""
    recorder = Recorder()
    report = verify(pitvqa, DEFAULT_STAGES, load=recorder.load)
    return report, recorder.findings
