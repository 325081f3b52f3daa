"""``estimate --compare`` from the command line: without torch, and refusals that help."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError

WORDS = ["estimate", "--compare"]


def said(*words):
    done = CliRunner().invoke(app, [*WORDS, *words], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_the_table_and_the_words_are_printed():
    shown = said()
    lines = {line.split("  ")[0]: line for line in shown.splitlines()}
    assert all(name in shown for name in ("pre-training", "full fine-tuning", "LoRA"))
    assert lines["weights trained"].split()[2:] == ["2,208,985,600", "2,208,985,600", "4,358,144"]
    assert "8.3e22" in lines["FLOP"] and "120,000 – 740,000" in lines["card hours"]
    assert "$120,000 – $3,000,000" in lines["dollars"]
    flat = " ".join(shown.split())
    assert "prints “Months with 1000s of GPUs” and “$10M+”" in flat
    assert "arXiv 2409.12191" in flat and "NVIDIA A100 data sheet" in flat
    assert max(map(len, shown.splitlines())) <= 80


def test_json_has_units_in_its_names_and_the_words():
    found = json.loads(said("--json"))
    base, full, lora = found["trainings"]
    assert found["variant"] == "stated" and len(found["said"]) == 4
    assert base["tokens"] == 8_400_000_000_000 and "samples" not in base
    assert base["flops"][0] == base["flops"][1] == pytest.approx(8.339e22, rel=1e-3)
    assert full["samples"] == lora["samples"] == 27_375
    assert base["gpu_hours_by_engine"] == {} and base["gpu"] == "NVIDIA A100 80 GB"
    by = lora["gpu_hours_by_engine"]
    assert lora["gpu_hours"] == [by["default"][0], by["notebook"][1]]


def test_another_variant_trains_another_number_of_weights():
    seven = json.loads(said("--json", "--variant", "seven-modules"))["trainings"]
    assert seven[2]["weights_trained"] > 4_358_144 and seven[2]["samples"] == 4_645 * 3


def test_it_draws_where_asked(tmp_path):
    figure = tmp_path / "training.svg"
    said("--figure", str(figure))
    assert "LoRA" in figure.read_text(encoding="utf-8")
    with pytest.raises(UserError, match=r"(?s)not drawn.*--compare --figure training\.svg"):
        said("--figure", str(tmp_path / "training.gif"))


@pytest.mark.parametrize(
    "words", [("--gpu", "t4"), ("--engine", "notebook"), ("--sweep", "image"), ("--image", "64x64")]
)
def test_options_of_one_cards_estimate_are_refused(words):
    with pytest.raises(UserError) as caught:
        said(*words)
    assert caught.value.got == words[0]
    assert caught.value.next_command == "python -m paper_repro estimate --compare"


def test_a_card_is_needed_without_it():
    with pytest.raises(UserError, match=r"(?s)No card is named.*t4, l4.*estimate --gpu t4"):
        CliRunner().invoke(app, ["estimate"], catch_exceptions=False)


def test_it_needs_no_torch():
    code = (
        "import sys; from typer.testing import CliRunner; from paper_repro.cli import app; "
        f"done = CliRunner().invoke(app, {WORDS!r}); assert done.exit_code == 0, done.output; "
        "assert not {'torch', 'transformers', 'numpy', 'matplotlib'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
