"""Progress on standard error: a bar that moves on a terminal, lines now and then in a log."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from paper_repro.cli import progress
from paper_repro.cli.progress import Drawn, DrawnAnswers


@pytest.fixture
def screen(monkeypatch):
    """Standard error as a terminal, or not, and what arrived there."""

    def made(terminal: bool) -> io.StringIO:
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=terminal, width=80, color_system=None)
        monkeypatch.setattr(progress, "make_console", lambda stderr: console)
        return stream

    return made


def test_a_log_has_a_line_a_stage_and_the_last_count(screen):
    log = screen(terminal=False)
    drawn = Drawn()
    for _ in range(3):
        drawn.doing("reading")
    for done in range(1, 6):
        drawn.doing("answering", done, 5, "9 rows/s")
    drawn.end()
    assert log.getvalue() == ("reading\nanswering 1 of 5, 9 rows/s\nanswering 5 of 5, 9 rows/s\n")


def test_a_log_has_a_line_a_pause(screen, monkeypatch):
    log = screen(terminal=False)
    monkeypatch.setattr(progress, "PAUSE", -1.0)
    drawn = Drawn()
    for done in range(1, 4):
        drawn.doing("answering", done, 9)
    assert log.getvalue().count("\n") == 3


def test_a_terminal_has_a_bar_that_goes_away(screen):
    log = screen(terminal=True)
    drawn = Drawn()
    drawn.doing("reading")
    drawn.doing("answering", 1, 5, "9 rows/s")
    drawn.said("a sentence [not markup]")
    drawn.end()
    drawn.end()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", log.getvalue())
    assert "1 of 5 9 rows/s" in plain and "a sentence [not markup]" in plain
    assert "?" not in plain
    assert log.getvalue().rstrip("\n").endswith("\x1b[2K")


def test_a_quiet_one_says_nothing(screen):
    log = screen(terminal=False)
    drawn = Drawn(quiet=True)
    drawn.doing("reading")
    drawn.said("a sentence")
    assert log.getvalue() == ""


def test_kept_answers_are_spoken_of_only_where_there_are_some(screen, tmp_path):
    for answered in (0, 3):
        log = screen(terminal=False)
        with pytest.raises(KeyboardInterrupt), DrawnAnswers(tmp_path) as drawn:
            drawn.stage("loading")
            if answered:
                drawn.advance(answered, 9)
            raise KeyboardInterrupt
        said = log.getvalue()
        assert ("answers are kept" in said) is ("3 answers" in said) is bool(answered)


def test_the_time_that_is_left_counts_from_the_first_that_was_told(screen, monkeypatch):
    """A resumed run begins in the middle."""
    log, clock = screen(terminal=False), [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    drawn = Drawn()
    for done, seconds in ((50, 0), (52, 20), (58, 80)):
        clock[0] = 100.0 + seconds
        drawn.doing("training", done, 60, "loss 1")
    assert log.getvalue().splitlines() == [
        "training 50 of 60, loss 1",
        "training 52 of 60, loss 1, 0:01:20 left",
        "training 58 of 60, loss 1, 0:00:20 left",
    ]
