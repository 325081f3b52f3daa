"""A study that is broken in any way is refused with one clear text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from paper_repro.errors import UserError
from paper_repro.study import BUILT_IN, load_study
from paper_repro.study.coverage import load_coverage

Change = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the built-in study that a test may break."""
    return Path(shutil.copytree(BUILT_IN, tmp_path / "study"))


def replace(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def remove(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def write(name: str, content: bytes) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def refusal(folder: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        load_study(folder)
    text = str(caught.value)
    assert "expected:" in text and "got:" in text and "next:     " in text
    assert "Traceback" not in text
    return caught.value


def test_an_untouched_copy_loads(folder: Path) -> None:
    assert load_study(folder) == load_study()


CLAIM = """
[[claims]]
id = "L0.base.count"
quote = "Qwen2-VL-2B-Instruct (2B params)"
line = 100
states = true
quantity = "model.pretrained"
of = "qwen2-vl-2b"
decided_by = ["arithmetic"]
reviewed = "holds"
consequence = "none"
explanation = "none"
"""

BROKEN: dict[str, tuple[Change, str]] = {
    "altered quote": (
        replace("claims.toml", 'quote = "Status: FROZEN (never', 'quote = "Status: MELTED (never'),
        "L0.frozen (claims.toml) does not stand at line 101",
    ),
    "quote at another line": (
        replace("claims.toml", "line = 101", "line = 102"),
        "L0.frozen (claims.toml) does not stand at line 102",
    ),
    "line beyond the end": (
        replace("claims.toml", "line = 101", "line = 9999"),
        "L0.frozen (claims.toml) does not stand at line 9999",
    ),
    "altered document": (
        replace("source-document.md", "32M LoRA", "37M LoRA"),
        "not the document that was reviewed",
    ),
    "duplicate claim": (
        lambda folder: write("claims.toml", (folder / "claims.toml").read_bytes() + CLAIM.encode())(
            folder
        ),
        "one id for two claims",
    ),
    "duplicate adapter": (
        replace("training.toml", 'id = "spatial-seven"', 'id = "unified"'),
        "one id for two adapters",
    ),
    "unknown quantity": (
        replace("claims.toml", 'quantity = "model.name"', 'quantity = "model.nickname"'),
        "model.nickname",
    ),
    "unknown model of a claim": (
        replace("claims.toml", 'of = "qwen2-vl-2b"', 'of = "qwen9"'),
        "names an unknown id in 'of'",
    ),
    "unknown variant": (
        replace("claims.toml", 'variant = "stated"', 'variant = "imagined"'),
        "names an unknown id in 'variant'",
    ),
    "unknown adapter of a variant": (
        replace("training.toml", '["unified", "spatial-attention"]', '["unified", "spacial"]'),
        "names an unknown id in 'adapters'",
    ),
    "unknown data set": (
        replace("training.toml", 'dataset = "comprehensive-spatial"', 'dataset = "none"'),
        "names an unknown id in 'settings.dataset'",
    ),
    "unknown base": (
        replace("training.toml", 'base = "qwen2-vl-2b"', 'base = "qwen9"'),
        "names an unknown id in 'base'",
    ),
    "unknown adapter that is loaded": (
        replace("study.toml", 'adapter = "spatial-attention"', 'adapter = "none"'),
        "names an unknown id in 'loading.adapter'",
    ),
    "unknown part of the breakdown": (
        replace("study.toml", '"L0.base.count-breakdown"', '"L0.base.count-brokendown"'),
        "names an unknown id in 'breakdown'",
    ),
    "unknown model of a level": (
        replace("study.toml", 'model = "qwen2-vl-2b"', 'model = "qwen9"'),
        "level 0",
    ),
    "adapters that do not fit the procedure": (
        replace("training.toml", 'procedure = "single"', 'procedure = "stack"'),
        "expected one adapter for 'single'",
    ),
    "printed and stated at once": (
        replace("claims.toml", 'printed = "175B"', 'printed = "175B"\nstates = true'),
        "expected one of 'printed' and 'states'",
    ),
    "printed is no number": (
        replace("claims.toml", 'printed = "175B"', 'printed = "plenty"'),
        "expected a number",
    ),
    "no stage decides": (
        replace("claims.toml", 'decided_by = ["arithmetic"]', "decided_by = []"),
        "decided_by",
    ),
    "unknown stage": (
        replace("claims.toml", 'decided_by = ["arithmetic"]', 'decided_by = ["oracle"]'),
        "oracle",
    ),
    "unknown verdict": (
        replace("claims.toml", 'reviewed = "holds"', 'reviewed = "fine"'),
        "fine",
    ),
    "unknown field": (
        replace("training.toml", "lora_alpha = 64", "lora_alfa = 64"),
        "lora_alfa",
    ),
    "rank of zero": (replace("training.toml", "r = 32", "r = 0"), "greater than 0"),
    "malformed TOML": (write("claims.toml", b"[[claims]\n"), "claims.toml is not valid TOML"),
    "not UTF-8": (write("study.toml", b"\xff\xfe"), "study.toml cannot be read"),
    "empty study": (write("study.toml", b""), "names no document"),
    "missing claims": (remove("claims.toml"), "claims.toml cannot be read"),
    "missing document": (remove("source-document.md"), "source-document.md cannot be read"),
    "missing config": (
        remove("configs/qwen2-vl-2b-instruct.json"),
        "qwen2-vl-2b-instruct.json cannot be read",
    ),
    "malformed config": (
        write("configs/qwen2-vl-2b-instruct.json", b"{"),
        "is not valid JSON",
    ),
    "config is no object": (
        write("configs/qwen2-vl-2b-instruct.json", b"[]"),
        "is not a model's config",
    ),
    "claims are a number": (write("claims.toml", b"claims = 3"), "[[claims]] tables"),
    "models are numbers": (write("models.toml", b"models = [3]"), "[[models]] tables"),
    "a config that is no name": (
        replace("models.toml", 'config = "configs/qwen2-vl-2b-instruct.json"', "config = 5"),
        "5 cannot be read",
    ),
    "a name with a null byte": (
        replace("study.toml", 'file = "source-document.md"', 'file = "a\\u0000b"'),
        "cannot be read",
    ),
    "TOML too deep": (write("claims.toml", b"claims = " + b"[" * 5000), "is not valid TOML"),
    "JSON too deep": (
        write("configs/qwen2-vl-2b-instruct.json", b"[" * 100_000),
        "is not valid JSON",
    ),
    "an empty quote": (
        lambda folder: (folder / "claims.toml").write_text(
            re.sub("(?m)^quote = .*", 'quote = ""', (folder / "claims.toml").read_text(), count=1)
        ),
        "does not stand at line",
    ),
    "a quote and another source": (
        replace("claims.toml", "line = 101", 'line = 101\nsource = "a report"'),
        "expected 'quote' and 'line', or 'source' alone",
    ),
    "a quote without its line": (
        replace("claims.toml", "line = 101\n", ""),
        "expected 'quote' and 'line', or 'source' alone",
    ),
    "a figure without its source": (
        lambda folder: (folder / "claims.toml").write_text(
            re.sub('(?m)^source = "author.*\n', "", (folder / "claims.toml").read_text(), count=1)
        ),
        "claim L2.reported.rows",
    ),
    "the claim is named": (
        replace("claims.toml", 'printed = "175B"', "printed = 175"),
        "claim L0.scratch.count: printed",
    ),
    "model without a config": (
        replace("models.toml", 'config = "configs/qwen2-vl-2b-instruct.json"\n', ""),
        "a missing 'config'",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_study_is_refused(folder: Path, name: str) -> None:
    change, expected = BROKEN[name]
    change(folder)
    assert expected in str(refusal(folder))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in str(refusal(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('{ line = 1, kind = "sentence", text = "a" }', "either claims or a reason"),
        ('{ line = 0, kind = "sentence", text = "a", reason = "b" }', "greater than or equal"),
        ('{ line = 1, kind = "rumour", text = "a", reason = "b" }', "'sentence' or 'number'"),
    ],
)
def test_a_broken_coverage_is_refused(folder: Path, entry: str, expected: str) -> None:
    write("coverage.toml", f"entries = [{entry}]".encode())(folder)
    with pytest.raises(UserError) as caught:
        load_coverage(folder)
    assert expected in str(caught.value)
