"""A card says what the run's record says, with nothing left open, and the hub can read it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from huggingface_hub.utils import validate_repo_id

from paper_repro.errors import UserError
from paper_repro.evaluation.wording import value
from paper_repro.quiet import captured
from paper_repro.training.soundness import CONFIG, refuse_silent
from paper_repro.writing.card import card, sections
from paper_repro.writing.card.code import asking, loading
from paper_repro.writing.card.meta import metadata
from paper_repro.writing.page import figures, pieces
from tests.hub_server import HubServer
from tests.writing.cards import (
    BASE,
    COMMITS,
    COUNTS,
    DATA,
    LEVEL_1,
    REPOSITORY,
    changed,
    copied,
    full,
    of,
)  # fmt: skip
from tests.writing.texts import STUDY

GIB = 2**30
NO_COUNT = r"Qwen2-VL|SHA-256|bfloat16|float\d\d|NF4|CC0 1\.0|macro F1|distance ≤ 1[05]"
OPEN = r"More Information|TODO|\bNone\b|\bnan\b|\[optional\]|Model ID|\{\{|unknown|Hugging"
FEELING = ("powerful", "state-of-the-art", "impressive", "excellent", "novel", "unfortunately")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """The shipped run, and the answers of its model and of its base to eight rows."""
    from typer.testing import CliRunner

    from paper_repro.cli import app

    folder = copied(tmp_path_factory.mktemp("evaluated") / "run")
    for words in ([], ["--bare"]):
        words = ["evaluate", str(folder), "--limit", "8", "--device", "cpu", *words]
        assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    return folder


@pytest.fixture
def run(request, tmp_path):
    kind = request.param
    if kind == "evaluated":
        return request.getfixturevalue("evaluated")
    return {"mini": copied, "full": full}.get(kind, lambda f: copied(f, kind))(tmp_path / "run")


EVERY = pytest.mark.parametrize(
    "run", ["mini", "seven-modules", "full", "evaluated"], indirect=True
)


@EVERY
def test_no_number_stands_in_the_words_alone(run):
    for piece in pieces(sections(of(run))):
        if isinstance(piece, str):
            assert not re.search(r"\d", re.sub(NO_COUNT, "", piece)), piece


def at(said, field):
    for step in field.split("."):
        said = said[int(step)] if isinstance(said, list) else said[step]
    return said


def forms(number, metric=""):
    """How a value may be printed."""
    if isinstance(number, str):
        return {number, number[:10]}
    found = {f"{number:,}", f"{number:g}", f"{number:.4f}", f"{100 * number:g} %", str(number)}
    found |= {f"{number / GIB:.1f} GiB", f"{number / GIB:.0f} GiB"}
    found |= {f"{number:.0f} s" if number < 360 else f"{number / 3600:.2g} h"}
    return found | ({value(metric, number)} if metric else set())


def expected(figure):
    """All ways in which the number may be printed that stands where a figure says it is from."""
    if figure.source.endswith(f": {CONFIG}: r"):
        folder = Path(figure.source.partition(": ")[0])
        return forms(json.loads((folder / "adapter" / CONFIG).read_text())["r"])
    if figure.quantity.startswith("adapter."):
        return forms(getattr(STUDY.adapter(figure.of), figure.quantity.partition(".")[2]))
    if figure.quantity == "dataset.point_noise":
        return {f"{STUDY.dataset(figure.of).point_noise:g} %"}
    where, _, field = figure.source.partition(".json: ")
    said = json.loads(Path(f"{where}.json").read_text(encoding="utf-8"))
    if " / " in field:
        part, whole = (at(said, name) for name in field.split(" / "))
        return {f"{100 * part / whole:.3g} %"}
    if field == "settings and versions":
        return forms(at(said, figure.quantity))
    if field == "peak_memory":
        on = "device" if said["hardware"]["device"] == "cuda" else "host"
        return {f"{said['peak_memory'][on] / GIB:.1f} GiB"}
    return forms(at(said, field), field.partition(".")[0] if where.endswith("evaluation") else "")


@EVERY
def test_every_figure_is_what_stands_at_its_source(run):
    traced = figures(sections(of(run)))
    assert len(traced) > 50
    for figure in traced:
        assert figure.words in expected(figure), figure


@EVERY
def test_nothing_is_left_open_and_nothing_is_praised(run):
    text = card(of(run))
    assert re.findall(OPEN, text.partition("## Cited")[0]) == []
    for word in FEELING:
        assert word not in text.lower()
    headings = re.findall(r"^## (.+)$", ModelCard(text).text, flags=re.MULTILINE)
    assert headings == [
        "How to load it", "What was trained", "Training", "Hardware and time", "Software",
        "Evaluation", "Data, its licence and its limits", "For a methods section", "Cited",
        "Licence",
    ]  # fmt: skip


@EVERY
def test_the_hubs_library_reads_it_back_as_it_was_written(run):
    trained = of(run, REPOSITORY, "apache-2.0")
    text = card(trained)
    read = ModelCard(text)
    assert str(read) == text
    assert read.data.to_dict() == metadata(trained)
    assert list(read.data.to_dict()) == list(metadata(trained))


def test_metadata_at_full_size(tmp_path):
    found = metadata(of(full(tmp_path / "run"), licence="cc-by-nc-nd-4.0"))
    assert found == {
        "base_model": BASE,
        "base_model_relation": "adapter",
        "library_name": "peft",
        "pipeline_tag": "image-text-to-text",
        "license": "cc-by-nc-nd-4.0",
        "datasets": [DATA],
        "language": "en",
        "tags": ["lora", "qlora"],
    }
    for id in (found["base_model"], *found["datasets"]):
        validate_repo_id(id)


def test_what_is_on_no_hub_has_no_name_there(tmp_path):
    mini = metadata(of(copied(tmp_path / "mini")))
    assert {"base_model", "base_model_relation", "datasets", "license"}.isdisjoint(mini)
    assert mini["tags"] == ["lora"] and mini["language"] == "en"
    folders = {"base": "/somewhere/base", "data": "/home/me/my-rows", "level1": "/home/me/level1"}
    local = changed(full(tmp_path / "local"), folders, revisions=dict.fromkeys(COMMITS, ""))
    found = metadata(of(local))
    assert {"base_model", "base_model_relation", "datasets", "language"}.isdisjoint(found)
    text = card(of(local, REPOSITORY))
    assert f"`{BASE}`, read from the folder `base`" in text
    assert "rows of `my-rows`" in text and "Their licence: not recorded." in text
    assert "/home/me" not in text and LEVEL_1 not in text and DATA not in text


def test_where_it_came_from_stands_with_its_commit(tmp_path):
    text = card(of(full(tmp_path / "run")))
    assert f"`{BASE}` at `{COMMITS['base']}`" in text
    assert f"on top of the frozen adapter `{LEVEL_1}` of rank 32" in text
    assert f"9,120 question-answer rows of `{DATA}`" in text
    assert "licence is `CC-BY-NC-ND-4.0`" in text and "±10 %" in text
    assert "not for use in the care of patients" in text
    assert f"0.197 % of {COUNTS['base']:,}" in text and f"0.194 % of {COUNTS['total']:,}" in text
    assert "left out of train: no image | 5 |" in text
    assert "Of the frames, 307 stand in more than one split" in text
    assert "QLoRA adapter of" in text and "NF4 with double quantisation" in text
    assert "| most memory in use | 11.0 GiB on the card |" in text


def rows_of(text):
    """The cells of every table, by the first cell of a row."""
    rows = re.findall(r"^\| (.*) \|$", text, flags=re.MULTILINE)
    return {first: cells for first, *cells in (row.split(" | ") for row in rows)}


def test_each_row_holds_what_it_is_called(tmp_path):
    folder = full(tmp_path / "run")
    rows, raw = rows_of(card(of(folder))), json.loads((folder / "record.json").read_text())
    modules = "`q_proj`, `v_proj`, `k_proj` and `o_proj`"
    assert rows["`spatial`"] == ["16", "32", "0.05", modules, "4,358,144", "trained"]
    assert rows["`unified`"][:3] == ["32", "64", "0.05"] and rows["`unified`"][-1] == "frozen"
    expected = {
        "weights of the base": "2,208,985,600, tied ones counted once",
        "base held in": "NF4 with double quantisation",
        "weights trained": "4,358,144",
        "base afterwards": "0 of 94 tensors changed, by SHA-256",
        "adapters below afterwards": "0 of 56 tensors changed, by SHA-256",
        "rows trained on": "9,120",
        "rows held out": "1,013",
        "different frames trained on": "6,011",
        "different frames held out": "950",
        "steps": "1,050",
        "epochs": "3",
        "samples an update": "16 × 1",
        "longest sample": "2,048 tokens",
        "loss taken over": "the tokens of answers",
        "optimizer": "`paged_adamw_8bit`",
        "learning rate": "2e-05, warm-up over 10 % of all steps, cosine decay",
        "computed in": "bfloat16",
        "seed": "42",
        "loss": "1.4540 at the first step, 0.4818 at the last, in nats a token",
        "card": "`NVIDIA T4`",
        "its memory": "15 GiB",
        "processes": "1",
        "time of training": "7 h",
        "finished on": "2026-11-26",
        **{f"`{name}`": version for name, version in raw["versions"].items()},
    }
    assert {name: rows[name] for name in expected} == {n: [said] for n, said in expected.items()}


def test_what_was_cut_short_is_not_called_epochs(tmp_path):
    folder = changed(copied(tmp_path / "run"), {"max_steps": 1050})
    text = card(of(folder))
    assert "1,050 (that many were asked for, instead of epochs)" in text
    assert "epochs |" not in text and " epochs in updates" not in text
    assert "stopped after 1,050 steps" in text


def test_the_licence_of_the_adapter_is_only_said_where_it_is_known(tmp_path):
    folder = copied(tmp_path / "run")
    assert "Of the adapter: not recorded." in card(of(folder))
    assert "Of the adapter: `mit`." in card(of(folder, licence="mit"))
    assert "This text is released under CC0 1.0." in card(of(folder))


def test_what_is_cited_can_be_followed_and_has_its_entry(tmp_path):
    text = card(of(full(tmp_path / "run")))
    keys = set(re.findall(r"\[(\w+\d{4}\w+)\]\(https://", text))
    assert keys == set(re.findall(r"^@misc\{(\w+),", text, flags=re.MULTILINE))
    assert {"wang2024qwen2vl", "dettmers2023qlora", "he2024pitvqa", "pitvqa2024data"} <= keys


def test_an_evaluation_beside_the_run_is_part_of_it(evaluated, tmp_path):
    text = card(of(evaluated, REPOSITORY))
    assert "### validation: 8 rows (drawn frames)" in text
    assert "### validation, the base alone: 8 rows (drawn frames)" in text
    report = (evaluated / "evaluation" / "validation" / "report.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!---|metric).*$", report, flags=re.MULTILINE)
    cells = [[re.sub(" %", "", cell.strip()) for cell in row.split("|")] for row in rows]
    printed = [
        [re.sub(" %", "", cell.strip()) for cell in row.split("|")]
        for row in text.splitlines()
        if row.startswith("| ")
    ]
    assert len(cells) > 5 and all(row in printed for row in cells)
    assert "A trial: the first 8 rows only." in text and "likeliest token" in text
    assert str(evaluated) not in text and "Not evaluated" not in text
    assert "Not evaluated." in card(of(copied(tmp_path / "run")))


def test_an_evaluation_of_another_form_is_refused(evaluated, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(evaluated, folder)
    path = folder / "evaluation" / "validation" / "evaluation.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    for other in ({"schema": "paper_repro.evaluation/2"}, {"about": {}}, {"notes": 3}):
        path.write_text(json.dumps(said | other), encoding="utf-8")
        with pytest.raises(UserError, match=r"evaluation\.json cannot be read as an evaluation"):
            of(folder)


def test_the_code_of_the_miniatures_card_loads_it(tmp_path):
    trained = of(copied(tmp_path / "run"))
    names: dict = {}
    with captured() as said:
        exec(loading(trained), names)
    assert not [line for line in said if "missing" in line or "unexpected" in line.lower()]
    model = names["model"]
    refuse_silent(model, tmp_path / "run" / "adapter")
    assert model.peft_config["default"].r == 48 and trained.saved_rank.words == "48"
    assert str(next(model.parameters()).dtype) == "torch.float32"
    assert "as one adapter of rank 48" in card(trained)


def test_the_code_of_a_card_at_full_size_loads_it_from_the_hub(tmp_path):
    """The names of the 2B model, the miniature's weights behind them, a hub on loopback."""
    from paper_repro.miniature import shipped

    trained = of(full(tmp_path / "run"), REPOSITORY)
    (tmp_path / "moved-on").mkdir()
    models = {BASE: tmp_path / "moved-on", REPOSITORY: tmp_path / "run" / "adapter"}
    earlier = {(BASE, COMMITS["base"]): shipped("base") / "base"}
    code = loading(trained) + "\nprint(type(base).__name__, model.peft_config['default'].r)\n"
    with HubServer(models, earlier=earlier) as hub:
        home = {
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | home
        )
        asked = {request.path for request in hub.requests if request.path.endswith(".safetensors")}
    assert done.stdout.split() == ["Qwen2VLForConditionalGeneration", "48"], done.stderr
    assert any(COMMITS["base"] in path for path in asked)
    assert any(REPOSITORY in path for path in asked)
    assert asking(trained).endswith(f"--size full --adapter {REPOSITORY}")
