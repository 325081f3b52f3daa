"""``estimate`` from the command line: without torch, quickly, and refusals that help."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.hardware.ways import WAYS

WORDS = ["estimate", "--gpu", "t4", "--image", "224x224"]


def said(*words):
    given = WORDS[:3] if "--sweep" in words else WORDS
    done = CliRunner().invoke(app, [*given, *words], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_json_is_of_the_engine_that_is_asked_for():
    own, notebook = json.loads(said("--json")), json.loads(said("--json", "--engine", "notebook"))
    assert (own["engine"], notebook["engine"]) == ("default", "notebook")
    for name in ("hours_low", "hours_high", "memory_gib", "flops_per_sample", "flops_tower_once"):
        assert own[name] != notebook[name] and own[name] >= 0
    assert own["bound_by"] == notebook["bound_by"] == "arithmetic"
    assert json.loads(said("--json", "--engine", "notebook-fp16"))["bound_by"] == "launches"


def test_the_table_has_a_column_for_every_engine_or_for_one():
    assert all(way in said() for way in WAYS)
    assert "notebook-today" not in said("--engine", "default")
    assert "only a timed run" in said() and "only a timed run" not in said("--engine", "default")


def test_another_variant_trains_more():
    stated, seven = (
        json.loads(said("--json", "--variant", name)) for name in ("stated", "seven-modules")
    )
    assert seven["memory_parts_gib"]["optimizer"] > stated["memory_parts_gib"]["optimizer"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--gpu", "t5"], "t4, l4"),
        (["--image", "224"], "such as 224x224"),
        (["--image", "0x224"], "such as 224x224"),
        (["--engine", "fast"], "notebook, notebook-fp16, notebook-today, default"),
        (["--variant", "other"], "stated"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(words, expected):
    with pytest.raises(UserError) as caught:
        CliRunner().invoke(app, [*WORDS, *words], catch_exceptions=False)
    assert expected in str(caught.value) and words[1] in str(caught.value)


def test_it_needs_no_torch():
    code = (
        "import sys; from typer.testing import CliRunner; from paper_repro.cli import app; "
        f"done = CliRunner().invoke(app, {WORDS!r}); assert done.exit_code == 0, done.output; "
        "assert not {'torch', 'transformers', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_sweep_is_a_table_a_figure_or_json(tmp_path):
    figure = tmp_path / "hours.svg"
    shown = said("--sweep", "image", "--figure", str(figure))
    assert "the printed hours are possible at 112, 168, 224" in shown and figure.stat().st_size
    found = json.loads(said("--sweep", "image", "--json", "--engine", "notebook"))
    assert found.keys() == {"notebook"}
    assert found["notebook"][0]["hours_low"] < found["notebook"][-1]["hours_low"]
    with pytest.raises(UserError, match="not drawn"):
        said("--sweep", "image", "--figure", str(tmp_path / "hours.gif"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sweep", "image", *WORDS[3:]], "--sweep image, or --image"),
        (["--figure", "hours.svg"], "--figure with --sweep image or --compare"),
    ],
)
def test_options_that_would_be_passed_over_are_refused(words, said):
    with pytest.raises(UserError) as caught:
        CliRunner().invoke(app, [*WORDS[:3], *words], catch_exceptions=False)
    assert said in str(caught.value)
