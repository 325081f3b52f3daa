"""Adapters that would not change the model are refused, before loading and after."""

from __future__ import annotations

import shutil

import pytest
import torch

from paper_repro.errors import UserError
from paper_repro.quiet import captured
from paper_repro.training.soundness import (
    adds_something,
    not_arrived,
    refuse_silent,
    refuse_unsound,
)
from tests.adapters import (
    broken,
    changed,
    model_of,
    save_adapter,
    save_base,
    save_second_wrap,
    small_config,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapter(base, tmp_path_factory):
    return save_adapter(tmp_path_factory.mktemp("adapter"), base)


def loaded(base, folder):
    with captured():
        from peft import PeftModel

        return PeftModel.from_pretrained(model_of(base), folder)


def refused(folder, base):
    with pytest.raises(UserError) as error:
        refuse_unsound(folder, str(base), small_config())
    return error.value


def test_a_trained_adapter_passes_both(base, adapter):
    refuse_unsound(adapter, str(base), small_config())
    model = loaded(base, adapter)
    refuse_silent(model, adapter)
    assert adds_something(model) and not_arrived(model, adapter) == []


def test_the_notebooks_adapter_is_refused_twice(base, tmp_path):
    notebook = save_second_wrap(tmp_path, base)
    error = refused(notebook, base)
    assert "doctor" in error.next_command and "prefix" in str(error)
    with pytest.raises(UserError, match="did not arrive"):
        refuse_silent(loaded(base, notebook), notebook)


def test_an_untrained_adapter_is_refused_twice(base, adapter, tmp_path):
    zero = broken(adapter, tmp_path, changed("lora_B", torch.zeros_like))
    assert "changes nothing" in refused(zero, base).problem
    model = loaded(base, zero)
    assert not_arrived(model, zero) == []
    with pytest.raises(UserError, match="as the bare base does"):
        refuse_silent(model, zero)


def test_tensors_under_other_names_do_not_arrive(base, adapter, tmp_path):
    lost = broken(
        adapter,
        tmp_path,
        lambda found: {n.replace("layers.1.", "layers.7."): t for n, t in found.items()},
    )
    names = not_arrived(loaded(base, lost), lost)
    assert len(names) == 4 and all("layers.7." in name for name in names)
    assert refused(lost, base).got


def test_a_tensor_with_other_numbers_did_not_arrive(base, adapter):
    model = loaded(base, adapter)
    name, tensor = next((n, t) for n, t in model.named_parameters() if ".lora_A" in n)
    with torch.no_grad():
        tensor[0, 0] += 1
    assert not_arrived(model, adapter) == [name.replace(".default", "")]


def test_an_adapter_of_another_shape_is_refused(base, tmp_path):
    wide = save_adapter(tmp_path / "wide", save_base(tmp_path / "base", 64))
    assert "wrong base" in refused(wide, base).problem


def test_an_adapter_that_names_another_base_is_refused(base, adapter, tmp_path):
    other = broken(adapter, tmp_path, base_model_name_or_path="some/other-base")
    error = refused(other, "some/base")
    assert "another base" in error.problem and "some/other-base" in error.got
    for fits in ("some/other-base", str(base)):
        refuse_unsound(other, fits, small_config())


def test_infinite_numbers_are_refused(base, adapter, tmp_path):
    bad = broken(adapter, tmp_path, changed("lora_A", lambda t: t * float("nan")))
    assert "not finite" in refused(bad, base).problem


def test_the_upper_part_of_a_stack_alone_is_refused(base, adapter, tmp_path):
    shutil.copytree(adapter, tmp_path / "adapter")
    for name in ("unified", "spatial-on-unified"):
        shutil.copytree(adapter, tmp_path / "parts" / name)
    error = refused(tmp_path / "parts" / "spatial-on-unified", base)
    assert str(tmp_path) in error.next_command and "one part" in error.problem
    refuse_unsound(tmp_path / "parts" / "unified", str(base), small_config())


def test_a_stack_as_peft_saves_it_names_its_folders(base, adapter, tmp_path):
    for name in ("unified", "spatial"):
        shutil.copytree(adapter, tmp_path / name)
    assert "stack" in refused(tmp_path, base).problem
