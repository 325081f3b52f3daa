"""The gpu stage: refused without a card; with one, the facts at true size.

On a GPU machine: ``pytest -m gpu tests/verify/test_gpu_stage.py``.
"""

from __future__ import annotations

import tempfile

import pytest

from paper_repro.judging import Key
from paper_repro.verify.finding import StageUnavailable, Subject
from paper_repro.verify.stages import gpu
from paper_repro.verify.stages.observed import OBSERVED

EVERY = frozenset(Subject(name) for name in (*OBSERVED, gpu.COUNT))


def test_without_a_card_it_is_unavailable(pitvqa, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(StageUnavailable, match="no CUDA card") as caught:
        list(gpu.findings(pitvqa, EVERY, lambda message: None))
    assert caught.value.command == "python -m paper_repro verify --stage gpu"


def test_a_full_disk_is_seen_before_anything_is_written(pitvqa, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr(gpu, "ROOM", 10**18)
    with pytest.raises(StageUnavailable, match=r"GB free of the 1000000000\.00 GB needed"):
        list(gpu.findings(pitvqa, EVERY, lambda message: None))
    assert not list(tmp_path.iterdir())


def test_another_kind_of_base_is_unavailable(pitvqa, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    study = pitvqa.model_copy(update={"configs": {"qwen2-vl-2b": {"model_type": "llama"}}})
    with pytest.raises(StageUnavailable, match=r"Qwen2-VL bases, and .* is llama"):
        list(gpu.findings(study, EVERY, lambda message: None))


@pytest.mark.gpu
def test_true_size_on_a_card(pitvqa, capfd):
    found = list(gpu.findings(pitvqa, EVERY, lambda message: None))
    with capfd.disabled():
        for one in found:
            print(one.key.variant, one.subject.quantity, one.value, "|", one.formula)
    values = {(one.key, one.subject.quantity): set() for one in found}
    for one in found:
        values[one.key, one.subject.quantity].add(one.value)
    expected = {
        "notebook": (32_571_392, 0, True, False, False, True),
        "stated": (4_358_144, 0, True, True, True, False),
        "seven-modules": (18_464_768, 0, True, True, None, None),
    }
    names = (gpu.COUNT, "base.trainable", "base.unchanged", "trainable.only")
    for variant, row in expected.items():
        for name, value in zip((*names, "lower.unchanged", "lower.trainable"), row, strict=True):
            assert values.get((Key(variant), name), {None}) == {value}, (variant, name)
    assert capfd.readouterr() == ("", "")
