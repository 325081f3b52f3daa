"""The live view: one line a verdict, spinners only where a terminal can redraw, safe on Ctrl-C."""

from __future__ import annotations

import inspect
import io

import pytest
from rich.console import Console

from paper_repro.verify.finding import Stage
from paper_repro.verify.report import live, watch
from paper_repro.verify.report.live import LiveView
from paper_repro.verify.run import Watcher
from tests.verify.sample_report import CLAIMS, STAGES

BY_ID = {claim.id: claim for claim in CLAIMS}


def play(view: LiveView) -> None:
    with view:
        view.stage_started(Stage.ARITHMETIC)
        view.progress("counting")
        view.verdict_reached(BY_ID["L2.trainable.count"])
        view.verdict_reached(BY_ID["L1.dataset.rows"])
        view.stage_finished(STAGES[0])
        view.stage_started(Stage.TRAIN)
        view.stage_finished(STAGES[2])


def test_it_is_a_watcher() -> None:
    for name, method in inspect.getmembers(Watcher, inspect.isfunction):
        if not name.startswith("_"):
            own = inspect.signature(getattr(LiveView, name)).parameters
            assert list(own) == list(inspect.signature(method).parameters), name


def test_a_pipe_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAUSE", 0.0)
    file = io.StringIO()
    play(LiveView(Console(file=file, width=40, _environ={})))
    assert file.getvalue().splitlines() == [
        "arithmetic …",
        "  counting",
        "✗ L2.trainable.count  contradicted  printed 18M, found 32,571,392 parameters",
        "○ L1.dataset.rows  not checked  stage hub was not selected",
        "train …",
        "train: failed. RuntimeError: no space left on device | while saving <adapter>",
    ]


def test_a_log_is_not_flooded() -> None:
    file = io.StringIO()
    view = LiveView(Console(file=file, _environ={}))
    view.stage_started(Stage.TRAIN)
    for step in range(1000):
        view.progress(f"step {step}")
    assert len(file.getvalue().splitlines()) < 5


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_a_terminal_gets_a_spinner_and_its_cursor_back(term: str) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=60, _environ={"TERM": term})
    play(LiveView(console))
    text = file.getvalue()
    assert "contradicted" in text
    assert ("\x1b[?25l" in text) is (term != "dumb")
    assert text.rfind("\x1b[?25h") >= text.rfind("\x1b[?25l")


def test_interruption_passes_through_and_restores_the_cursor() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=60, _environ={"TERM": "xterm"})
    with pytest.raises(KeyboardInterrupt), LiveView(console) as view:
        view.stage_started(Stage.TRAIN)
        raise KeyboardInterrupt
    assert file.getvalue().rfind("\x1b[?25h") > file.getvalue().rfind("\x1b[?25l") >= 0


def test_the_report_keeps_standard_output_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    play(watch(to_screen=False))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "L2.trainable.count" in captured.err
