"""``card`` as a user types it, and the card that ``train`` leaves beside an adapter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from huggingface_hub import ModelCard
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.training.record import read_record
from tests.training.runs import raw_record
from tests.writing.cards import changed, copied, full


def invoked(*words):
    done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def run(*words):
    return invoked("card", *words).stdout


def refused(*words):
    with pytest.raises(UserError) as caught:
        run(*words)
    assert caught.value.expected and caught.value.got and caught.value.next_command
    return caught.value


def test_it_is_printed_or_written(tmp_path):
    folder, out = copied(tmp_path / "run"), tmp_path / "README.md"
    printed = run("--record", folder)
    done = invoked("card", "--record", folder / "record.json", "--out", out)
    assert done.stdout == f"Written: {out}\n"
    assert f"Its code loads {folder / 'adapter'}" in done.stderr
    assert out.read_text(encoding="utf-8") == printed
    assert ModelCard.load(out).data.library_name == "peft"


def test_the_repository_and_the_licence_are_the_ones_that_are_named(tmp_path):
    out = tmp_path / "README.md"
    words = ["--record", full(tmp_path / "run"), "--repository", "someone/my-adapter"]
    done = invoked("card", *words, "--license", "cc-by-nc-nd-4.0", "--out", out)
    text = out.read_text(encoding="utf-8")
    assert done.stderr == "" and 'from_pretrained(base, "someone/my-adapter")' in text
    assert "--size full --adapter someone/my-adapter" in text and str(tmp_path) not in text
    assert ModelCard(text).data.license == "cc-by-nc-nd-4.0"


def test_a_real_run_leaves_its_card_in_the_place_of_the_form(small, tmp_path):
    folder = tmp_path / "runs of 'mine' ✓ 𝄞"
    invoked(*small.words()[:-2], "--out", folder)
    left = (folder / "adapter" / "README.md").read_text(encoding="utf-8")
    assert left == run("--record", folder)
    assert sorted(path.name for path in folder.rglob("README.md")) == ["README.md"]
    record, trained = read_record(folder), ModelCard(left).text
    assert f"| rows trained on | {record.data['usable']['train']} |" in trained
    assert f"{record.losses[0]:.4f} at the first step" in trained
    assert f"rows of `{small.data.name}`" in trained
    assert f"a miniature, read from the folder `{small.base.name}`" in trained
    code = trained.partition("```python\n")[2].partition("```")[0]
    check = f"{code}\nprint(sorted(model.peft_config), model.peft_config['default'].r)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout == "['default'] 48\n", done.stderr


def test_the_command_of_a_card_answers(tmp_path, monkeypatch):
    from PIL import Image

    text = run("--record", copied(tmp_path / "run"))
    command = text.partition("```sh\npython -m ")[2].partition("\n")[0]
    Image.new("RGB", (112, 112), (150, 90, 80)).save(tmp_path / "frame.png")
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m {command} --device cpu"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and "suction device" in done.stdout, done.stderr


def test_what_the_notebooks_cells_save_gets_none(small, tmp_path):
    folder = tmp_path / "run"
    words = [*small.words()[:-2], "--variant", "notebook", "--max-steps", "1"]
    done = invoked(*words, "--out", folder)
    assert "No card" not in done.stderr and list(folder.rglob("README.md")) == []
    assert "is not what its record describes" in refused("--record", folder).problem


def test_levels_below_get_none_and_no_form_either(small, tmp_path):
    where = ["--base", small.base, "--data", small.data, "--out", tmp_path / "run"]
    invoked("train", "1", *where, "--max-steps", "1", "--device", "cpu")
    assert (tmp_path / "run" / "adapter").is_dir()
    assert list(tmp_path.rglob("README.md")) == []


def test_a_card_that_cannot_be_written_does_not_fail_the_run(small, tmp_path, monkeypatch):
    def full_disk(text, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("paper_repro.whole.write", full_disk)
    done = invoked(*small.words()[:-2], "--out", tmp_path / "run")
    assert "No card was written beside the adapter." in done.stderr
    assert "No space left on device" in done.stderr
    assert read_record(tmp_path / "run").status == "finished"


def test_an_unsound_adapter_gets_no_card(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = copied(tmp_path / "run")
    path = folder / "adapter" / "adapter_model.safetensors"
    save_file({f"base_model.model.{n}": tensor for n, tensor in load_file(path).items()}, path)
    assert "an adapter that is unsound" in refused("--record", folder).problem
    assert not (tmp_path / "README.md").exists()


@pytest.mark.parametrize(
    ("other", "got"),
    [({"r": 24}, "rank 24"), ({"target_modules": ["q_proj"]}, "rank 48 on q_proj, ")],
)
def test_an_adapter_of_other_ranks_or_modules_gets_no_card(tmp_path, other, got):
    folder = copied(tmp_path / "run")
    path = folder / "adapter" / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | other), encoding="utf-8")
    error = refused("--record", folder)
    assert error.expected.startswith("rank 32 + 16 on ") and error.got.startswith(got)


@pytest.mark.parametrize("what", ["adapter", "adapter/adapter_config.json"])
def test_without_an_adapter_there_is_no_card(tmp_path, what):
    import shutil

    folder = copied(tmp_path / "run")
    shutil.rmtree(folder / what) if what == "adapter" else (folder / what).unlink()
    assert "none beside the record" in refused("--record", folder).problem


def test_an_unfinished_run_and_one_whose_base_changed_get_no_card(tmp_path):
    folder = changed(copied(tmp_path / "run"), status="interrupted")
    assert "not finished" in refused("--record", folder).problem
    hashes = raw_record(folder)["hashes"] | {"base_after": "0" * 64}
    changed(folder, status="finished", base_changed=3, hashes=hashes)
    assert "The base changed in this run" in refused("--record", folder).problem


INCOMPLETE = ['{"schema": "another/1"}', '{"schema": "paper_repro.evaluation/1"}']


@pytest.mark.parametrize("text", ["{", "[]", *INCOMPLETE])
def test_an_evaluation_that_cannot_be_read_is_named(tmp_path, text):
    folder = copied(tmp_path / "run")
    path = folder / "evaluation" / "validation" / "evaluation.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    error = refused("--record", folder)
    assert str(path) in error.problem and error.next_command.endswith(f"evaluate {folder}")


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("--repository", "my-adapter"),
        ("--repository", "a/b/c"),
        ("--repository", "./my/adapter"),
        ("--license", "Apache 2.0"),
        ("--license", "MIT"),
    ],
)
def test_what_the_hub_would_not_take_is_refused_before_anything_is_read(option, given):
    assert refused("--record", "nowhere", option, given).got == given


def test_where_nothing_can_be_written_nothing_is_half_written(tmp_path):
    folder = copied(tmp_path / "run")
    done = CliRunner().invoke(
        app, ["card", "--record", str(folder), "--out", str(tmp_path / "no" / "README.md")]
    )
    assert done.exit_code != 0 and not (tmp_path / "no").exists()
