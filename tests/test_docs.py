"""Every code block of the pages is run or read, and every command would be taken.

What is not run is marked with its reason, and counted here: a new one changes a number below.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.manuscript.disabled import directives
from paper_repro.manuscript.document import Manuscript
from tests.documents import (
    OWN,
    README,
    ROOT,
    Block,
    Command,
    blocks,
    commands,
    inline,
    parse,
    pattern,
    scripts,
    trimmed,
    unknown,
)

DOCS = sorted((ROOT / "docs").rglob("*.md"))
EXAMPLES = sorted(
    each for kind in ("md", "toml") for each in (ROOT / "examples").rglob(f"*.{kind}")
)
OTHERS = [README, ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
BLOCKS = [block for page in DOCS for block in blocks(page)]
COMMANDS = [command for page in DOCS for command in commands(page)]
RUN = {command.line: command for command in COMMANDS if command.reason is None}
NOT_RUN = {
    "needs a GPU": 4,
    "needs a GPU and the hub": 6,
    "needs the hub": 9,
    "needs two GPUs and the hub": 3,
    "sets up an environment": 3,
    "takes minutes": 16,
}
"""Commands of ``docs`` that are not run, by reason; a reason names the test that does nearly so."""
KINDS = {"console", "sh", "python", "json", "yaml", "markdown", "text"}
PAPER = "We fine-tuned Qwen2-VL-2B with LoRA (rank 16); pituitary surgery was the subject.\n"


def ids(thing: Block | Command) -> str:
    words = thing.line if isinstance(thing, Command) else thing.kind
    return f"{Path(thing.page).stem}: {words.removeprefix(OWN)}"


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind in kinds]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader of the pages has: a run, a manuscript, a picture, and files that pages show."""
    from docx import Document

    from paper_repro.miniature import shipped

    made = tmp_path_factory.mktemp("docs")
    shutil.copytree(shipped("spatial"), made / "runs" / "spatial")
    shutil.copy(ROOT / "examples" / "drawn-frame.png", made / "my-frame.png")
    (made / "examples").symlink_to(ROOT / "examples")
    (made / "paper.tex").write_text(PAPER, encoding="utf-8")
    supplement = Document()
    supplement.add_paragraph("The base stayed frozen.")
    supplement.save(str(made / "supplement.docx"))
    for block in BLOCKS:
        if block.file:
            (made / block.file).write_text(block.body, encoding="utf-8")
    return made


@pytest.mark.parametrize("command", RUN.values(), ids=ids)
def test_a_command_runs(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command.line.startswith(OWN), "run it here, or mark it"
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    done = CliRunner().invoke(app, shlex.split(command.line.removeprefix(OWN)))
    assert done.exit_code == 0, done.output + str(done.exception)
    assert done.stdout.strip()
    if command.output:
        assert re.fullmatch(pattern(command.output), trimmed(done.stdout))


def test_those_that_are_not_run_are_counted() -> None:
    found = Counter(str(c.reason).partition(":")[0] for c in COMMANDS if c.reason is not None)
    print(f"\nNOT RUN here, of {len(COMMANDS)} commands in docs:")
    for reason, number in found.items():
        print(f"  {number}: {reason}")
    assert found == NOT_RUN
    assert len(RUN) >= 16


def test_a_reason_names_a_test_that_is_there() -> None:
    every = [block for page in [*DOCS, README] for block in blocks(page) if block.reason]
    named = re.findall(r"tests/\S+\.py", " ".join(str(block.reason) for block in every))
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("page", [*DOCS, *OTHERS], ids=lambda page: page.name)
def test_every_command_would_be_taken(page: Path) -> None:
    for command in commands(page):
        parse(command.line)
    for line in re.findall(r"^ {4}(make .*)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        parse(line)


@pytest.mark.parametrize(
    "line",
    [
        "python -m paper_repro train 2 --gone",
        "python -m paper_repro train 2 --size huge",
        "python -m paper_repro gone",
        "python -m benchmarks.speed --gone",
        "python benchmarks/gone.py",
        "python -m benchmarks.gone",
        "make gone",
        "hf download some/thing --gone",
        "torchrun --gone 2 -m paper_repro train 2",
        "torchrun --nproc-per-node 2 -m paper_repro train 2 --gone",
        "accelerate launch --gone -m paper_repro train 2",
        "gone",
    ],
)
def test_what_is_gone_is_not_taken(line: str) -> None:
    with pytest.raises((Exception, SystemExit)):
        parse(line)


@pytest.mark.parametrize(
    "page", [*DOCS, *OTHERS[:2], *EXAMPLES, *scripts()], ids=lambda page: page.name
)
def test_commands_and_options_within_sentences_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".md":
        text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
    for words in inline(text):
        assert not unknown(words), f"`{' '.join(words)}`"


def test_an_option_within_a_sentence_that_is_gone_is_seen() -> None:
    text = "`--gone`, `train --gone`, `python -m paper_repro gone`, `verify --stage hub`, `--fix`"
    assert [unknown(words) for words in inline(text)] == [{"--gone"}, {"--gone"}, {"gone"}] + [
        set()
    ] * 2


def test_every_kind_of_block_is_known() -> None:
    assert {block.kind for block in BLOCKS} <= KINDS
    indented = [page.name for page in DOCS if re.search(r"\n\n {4}[$\w].*\n", page.read_text())]
    assert indented == []


@pytest.mark.parametrize("block", of_kind("json", "yaml", "markdown"), ids=ids)
def test_a_block_of_data_can_be_read(block: Block) -> None:
    if block.kind == "json":
        lines = block.body.splitlines() if block.file else [block.body]
        assert all(json.loads(line) for line in lines)
    if block.kind == "yaml":
        asked = yaml.safe_load(block.body)
        hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
        assert [hook["id"] for hook in asked[0]["hooks"]] == [hook["id"] for hook in hooks]
    if block.kind == "markdown":
        read = directives(Manuscript("shown.md", block.body, ()))
        assert len(read) == len(block.body.splitlines())


@pytest.mark.parametrize("block", of_kind("python"), ids=ids)
def test_python_names_what_there_is(block: Block) -> None:
    for node in ast.walk(ast.parse(block.body)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert [each.name for each in node.names if not hasattr(module, each.name)] == []
        if isinstance(node, ast.Import):
            assert [importlib.import_module(each.name) for each in node.names]


def python(page: str) -> list[str]:
    return [block.body for block in of_kind("python") if block.page == page]


def test_the_reference_begins_with_what_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for body in python("docs/reference/api.md"):
        exec(body, {})
    assert "contradicted; exit 0" in capsys.readouterr().out


def test_a_run_is_loaded_with_peft_as_is_shown(tmp_path: Path) -> None:
    """On the miniature's base, with fresh adapters: ``tests/training/test_saving.py`` holds what
    the models then answer."""
    from transformers import Qwen2VLForConditionalGeneration

    from paper_repro.miniature import shipped
    from paper_repro.quiet import captured
    from paper_repro.study import load_study
    from paper_repro.training.levels import put_on
    from paper_repro.training.saving import save_adapters

    study, base = load_study(), str(shipped("base") / "base")
    stated = study.variant("stated")
    whole, parts = (
        body.replace("Qwen/Qwen2-VL-2B-Instruct", base).replace("DIR", str(tmp_path))
        for body in python("docs/training.md")
    )
    with captured() as said:
        bare = Qwen2VLForConditionalGeneration.from_pretrained(base)
        save_adapters(put_on(bare, stated.procedure, study.stack(stated)), tmp_path, base)
        one: dict[str, object] = {}
        exec(whole, one)
        two: dict[str, object] = {}
        exec(whole.partition("model =")[0] + parts, two)
    assert not [line for line in said if "missing" in line or "unexpected" in line.lower()]
    assert [list(each["model"].peft_config) for each in (one, two)] == [  # type: ignore[attr-defined]
        ["default"],
        ["unified", "spatial"],
    ]
