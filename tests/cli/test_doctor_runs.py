"""``doctor`` takes a run's folder, and knows the miniature's base."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.miniature import shipped


def doctor(*words):
    done = CliRunner().invoke(app, ["doctor", *map(str, words), "--json"])
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.parametrize("name", ["unified", "spatial", "seven-modules"])
def test_the_shipped_runs_are_sound_on_the_shipped_base(name):
    status, found = doctor(shipped(name))
    assert status == 0
    assert found["base"] == str(shipped("base") / "base")
    assert found["adapter"] == str(shipped(name) / "adapter")
    assert doctor(shipped(name) / "adapter") == (status, found)


def test_a_run_of_level_0_may_be_named_as_the_base():
    assert doctor(shipped("spatial"), "--base", shipped("base"))[0] == 0
