"""The benchmark on several cards: how a batch is cut, and what follows from what was measured."""

from __future__ import annotations

import json
import sys
from collections import Counter
from copy import deepcopy
from pathlib import Path

import pytest

from benchmarks.scale_out.__main__ import main
from benchmarks.scale_out.cut import Cut, check, warm_up
from benchmarks.scale_out.launch import ended, first_failure
from benchmarks.scale_out.record import apart, completed, efficiency, merged, together
from benchmarks.speed.inputs import ROWS
from paper_repro.errors import UserError
from paper_repro.training.workers import Workers

TINY = Path(__file__).parent / "scale_out_tiny.json"


@pytest.fixture
def record():
    return json.loads(TINY.read_text(encoding="utf-8"))


def rank(seconds, losses=(2.0, 1.5), digest="a", peak=7):
    return {
        "sizes": {
            "8x8": {
                "losses": list(losses),
                "warm_up": [9.0],
                "seconds": list(seconds),
                "peak": peak,
                "digest": digest,
                "add_up": {"bytes": 8, "seconds": seconds[0] / 10},
                "off": {},
                "recorded": 2,
            }
        }
    }


def made(**processes):
    """A record of numbers of processes, such as ``of_2``, each with what its processes wrote."""
    found = {name[3:]: {"sizes": together(ranks)} for name, ranks in processes.items()}
    return {
        "tiny": True,
        "settings": {"effective": 128},
        "where": {"card": "C", "versions": {"torch": "2"}, "cards": len(found)},
        "sizes": {"8x8": {"tokens": 5}},
        "processes": found,
    }


@pytest.mark.parametrize("cut", [Cut(), Cut(128, 8), Cut(32, 8), Cut(64, 64), Cut(16, 2)])
def test_a_step_takes_the_effective_batch_of_samples_that_are_there(cut):
    for step in range(5):
        parts = cut.parts(step)
        assert sum(map(len, parts)) == cut.effective
        times = Counter(row for part in parts for row in part)
        assert max(times) < ROWS and len(set(times.values())) == 1


@pytest.mark.parametrize("world", [1, 2, 4, 8])
@pytest.mark.parametrize("cut", [Cut(), Cut(128, 8), Cut(32, 4)])
def test_in_warm_up_every_process_has_seen_every_pass(cut, world):
    for number in range(world):
        seen = {
            cut.parts(step)[place]
            for step in range(warm_up([1, world]))
            for place in Workers(number, world).share(cut.passes)
        }
        assert seen == set(cut.distinct())


@pytest.mark.parametrize(
    ("cut", "processes"), [(Cut(100, 16), [1]), (Cut(256, 128), [1]), (Cut(128, 16), [1, 3])]
)
def test_what_cannot_be_shared_out_is_refused(cut, processes):
    check(Cut(), [1, 2, 4, 8])
    with pytest.raises(UserError):
        check(cut, processes)


def test_a_step_is_as_long_as_for_the_slowest():
    found = together([rank([1.0, 4.0], peak=1), rank([3.0, 2.0], peak=2)])["8x8"]
    assert found["seconds"] == [3.0, 4.0] and found["peaks"] == [1, 2]
    assert found["add_up"] == {"bytes": 8, "seconds": 0.3} and found["same_losses"]


def test_a_size_that_one_process_did_not_finish_is_left_out():
    assert together([rank([1.0]), {}]) == {} == together([])


def test_efficiency_is_the_time_of_one_by_that_of_all():
    assert efficiency(2.0, 2, 1.0) == 1.0
    assert efficiency(2.0, 4, 1.0) == 0.5
    found = completed(made(of_1=[rank([2.0, 2.2, 4.0])], of_2=[rank([1.0, 1.25, 1.5])] * 2))
    assert found["processes"]["1"]["sizes"]["8x8"]["efficiency"] == 1.0
    two = found["processes"]["2"]["sizes"]["8x8"]
    assert two["efficiency"] == pytest.approx(2.2 / 2.5)
    assert (two["least"], two["step"], two["most"]) == (1.0, 1.25, 1.5)
    assert two["samples_a_second"] == 128 / 1.25 and two["communication"] == 0.1 / 1.25


def test_without_one_process_nothing_is_held_against_it():
    two = completed(made(of_2=[rank([1.0])] * 2))["processes"]["2"]["sizes"]["8x8"]
    assert two["efficiency"] is None and two["losses_apart"] is None


def test_the_largest_relative_difference_counts():
    assert apart([2.0, 1.0, 5.0], [2.0, 1.1]) == pytest.approx(0.1)
    assert apart([4.0, 1.0], [3.0, 1.0]) == 0.25


def test_processes_that_end_with_other_bits_are_told():
    ranks = [rank([1.0]), rank([1.0], digest="b", losses=(2.0, 1.6))]
    two = completed(made(of_2=ranks))["processes"]["2"]["sizes"]["8x8"]
    assert not two["same_adapter"] and not two["same_losses"]


def test_records_are_put_together_and_the_later_counts():
    earlier = made(of_4=[rank([0.5])] * 4, of_2=[rank([9.0])] * 2)
    later = made(of_2=[rank([1.0])] * 2, of_1=[rank([2.0])])
    both = completed(merged(earlier, later))["processes"]
    assert list(both) == ["1", "2", "4"]
    assert [both[n]["sizes"]["8x8"]["efficiency"] for n in both] == [1.0, 1.0, 1.0]


def test_what_failed_later_keeps_what_was_measured_before():
    later = made() | {"processes": {"1": {"sizes": {}, "failed": "no card"}}}
    both = merged(made(of_1=[rank([2.0])]), later)["processes"]["1"]
    assert both["failed"] == "no card" and both["sizes"]["8x8"]["seconds"] == [2.0]
    del later["where"]
    assert merged(made(of_1=[rank([2.0])]), later)["where"]["card"] == "C"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("where", "card"), "D"),
        (("where", "versions"), {}),
        (("settings", "effective"), 64),
        (("sizes", "8x8"), {"tokens": 6}),
        (("tiny",), False),
    ],
)
def test_records_of_other_things_are_not_put_together(place, value):
    earlier = made(of_1=[rank([2.0])])
    later = inner = deepcopy(earlier)
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    with pytest.raises(UserError, match="not put together"):
        merged(earlier, later)


def test_why_processes_ended_is_one_sentence(tmp_path):
    summary = "  exitcode  : -6 (pid: 12)\n Root Cause:\n  exitcode  : -9 (pid: 11)\n=====\n"
    assert ended(summary, 1) == "a process ended with code -9"
    assert ended("Traceback\nno module\n\n", 1) == "no module"
    assert ended("", 3) == "it ended with code 3"
    assert first_failure(tmp_path) == ""


def test_a_page_is_made_of_a_record_alone(record, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    words = ["scale_out", "--from", str(TINY), "--markdown", str(page)]
    monkeypatch.setattr(sys, "argv", words)
    assert main() == 0
    written = page.read_text(encoding="utf-8")
    assert written in capsys.readouterr().out + "\n" and record["where"]["date"] in written


def test_what_follows_in_the_committed_record_is_what_would_follow_now(record):
    assert completed(record) == record


@pytest.mark.parametrize("words", [["--from", "nowhere.json"], ["--merge", "nowhere.json"]])
def test_a_record_that_is_not_there_is_refused(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["scale_out", *words])
    with pytest.raises(SystemExit):
        main()
    assert "there is no file nowhere.json" in capsys.readouterr().err
