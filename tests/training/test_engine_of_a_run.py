"""A run hands its engine what was asked for and what will come, and says what is off."""

from __future__ import annotations

from paper_repro.engine.engine import Engine
from paper_repro.training.context import Options
from paper_repro.training.run import train
from tests.training.runs import STEPS, Heard


def test_what_is_off_is_said_and_kept(small, tmp_path):
    heard = Heard()
    settings = small.settings(max_steps=1, without="packing, last-layer")
    record = train(settings, tmp_path, Options(), heard)
    off = record.hardware["off"]
    assert off["packing"] == off["last-layer"] == "as asked"
    assert off["compile"] == off["graphs"] == off["kernel"] == "there is no card"
    assert (
        "Off: kernel, compile, graphs (there is no card); packing, last-layer (as asked)."
        in heard.lines
    )


def test_without_a_wish_only_what_needs_a_card_is_off(small, tmp_path):
    record = train(small.settings(max_steps=1), tmp_path, Options(), Heard())
    assert record.hardware["off"].keys() == {"kernel", "compile", "graphs"}


def test_the_engine_is_told_of_every_pass_of_the_plan(small, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(Engine, "expect", lambda _, passes: told.extend(passes))
    settings, heard = small.settings(), Heard()
    train(settings, tmp_path, Options(), heard)
    assert sum(len(lengths) for lengths, *_ in told) == sum(step.samples for step in heard.steps)
    assert len(heard.steps) == STEPS
