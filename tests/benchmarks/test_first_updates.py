"""First updates in this process: what the package and the notebook's set-up must come to."""

from __future__ import annotations

import pytest

from benchmarks.speed import notebook, ours
from benchmarks.speed.contenders import ABLATION, CONTENDERS, PACKAGE, Try
from benchmarks.speed.inputs import read, write
from paper_repro.quiet import captured
from tests.benchmarks.records import SMALLER


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("speed")
    write(made, [SMALLER], tiny=True)
    return made


@pytest.fixture(autouse=True)
def _no_card(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


def first(folder, module, name, cut):
    contender = CONTENDERS[name]._replace(warm_up=1, steps=1)
    stack = module.load(folder, contender.options)
    ready = read(folder, SMALLER, pinned=False)
    return module.measure(stack, ready, cut, contender)


def apart(some, others):
    return max(abs(some[what] / others[what] - 1) for what in ("loss", "norm"))


@pytest.fixture(scope="module")
def package(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch.cuda.is_available", lambda: False)
        return first(folder, ours, PACKAGE, Try(16))


def test_the_package_s_first_update_is_that_of_its_samples_one_by_one(package):
    expected = package.reference["samples"]
    assert apart(package._asdict(), expected) < 1e-6
    assert apart(package.reference["answer"], expected) > 1e-5  # another mean has another loss
    assert len(package.warm_up) == len(package.seconds) == 1 and package.peak == 0


def test_the_notebook_s_first_update_by_transformers_is_that_of_its_reference(folder):
    with captured():  # the libraries warn of one another
        found = first(folder, notebook, "notebook", Try(1, True))
    assert apart(found._asdict(), found.reference["sequence"]) < 1e-5


@pytest.mark.parametrize("name", ["without one-product", "tower at every pass", "batch 1 × 16"])
def test_one_thing_changed_changes_no_first_update(folder, package, name):
    assert name in ABLATION
    found = first(folder, ours, name, CONTENDERS[name].small[0])
    assert apart(found._asdict(), package._asdict()) < 1e-6
    assert found.reference == {}


def test_dropout_changes_the_first_update(folder, package):
    found = first(folder, ours, "dropout 0.05", Try(16))
    assert apart(found._asdict(), package._asdict()) > 1e-5
