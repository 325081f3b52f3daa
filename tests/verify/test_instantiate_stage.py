"""The instantiate stage against the arithmetic one, which knows nothing of it."""

from __future__ import annotations

import sys

import pytest

from paper_repro.errors import UserError
from paper_repro.judging import Key
from paper_repro.study.quantities import QUANTITIES
from paper_repro.verify.finding import Evidence, StageUnavailable, Subject
from paper_repro.verify.stages import arithmetic, instantiate

COUNTS = ("trainable.parameters", "total.parameters", "base.trainable")


def everything(study):
    things = [thing.id for thing in (*study.models, *study.adapters)]
    return frozenset(Subject(name, of) for name in QUANTITIES for of in ["", *things])


def table(findings):
    return {(found.subject, found.key): found for found in findings}


@pytest.fixture(scope="module")
def found(pitvqa):
    return table(instantiate.findings(pitvqa, everything(pitvqa), lambda message: None))


def test_every_number_agrees_with_its_closed_form(pitvqa, found):
    derived = table(arithmetic.findings(pitvqa, everything(pitvqa), lambda message: None))
    both = {at for at in derived.keys() & found.keys() if found[at].value is not None}
    counted = [at for at in found if QUANTITIES[at[0].quantity].unit in ("parameters", "percent")]
    assert both.issuperset(at for at in counted if at[0].quantity != "base.trainable")
    assert {at: derived[at].value for at in both} == {at: found[at].value for at in both}


@pytest.mark.parametrize(
    ("variant", "trainable", "only", "lower", "new"),
    [
        ("notebook", 32_571_392, False, True, False),
        ("stated", 4_358_144, True, False, True),
        ("seven-modules", 18_464_768, True, None, True),
    ],
)
def test_the_three_variants(pitvqa, found, variant, trainable, only, lower, new):
    key = Key(variant)
    at = {subject.quantity: one.value for (subject, k), one in found.items() if k == key}
    assert at["trainable.parameters"] == trainable
    assert (at["base.trainable"], at["trainable.only"]) == (0, only)
    assert (at.get("lower.trainable"), at["adapter.is_new"]) == (lower, new)


def test_the_formula_tells_the_cells(found):
    formula = found[Subject("trainable.parameters"), Key("notebook")].formula
    assert formula.startswith("36,929,536 (unified loaded as trainable) → 0 (prepare_model")
    assert "→ 32,571,392 (get_peft_model again)" in formula
    assert (
        "PEFT warned"
        in found[Subject("adapter.is_new", "spatial-attention"), Key("notebook")].formula
    )
    assert {one.evidence for one in found.values()} == {Evidence.INSTANTIATED}


def test_only_what_is_wanted_is_built(pitvqa, monkeypatch):
    monkeypatch.setattr(instantiate, "put_on", lambda *args: pytest.fail("an adapter was put on"))
    wanted = frozenset({Subject("model.parameters", "qwen2-vl-2b"), Subject("run.hours")})
    found = list(instantiate.findings(pitvqa, wanted, lambda message: None))
    assert [one.value for one in found] == [2_208_985_600]
    assert not list(instantiate.findings(pitvqa, frozenset({Subject("run.hours")}), pytest.fail))


def test_a_thawed_base_is_seen(pitvqa, monkeypatch):
    real = instantiate.put_on

    def thaw(base, procedure, adapters):
        levels = real(base, procedure, adapters)
        next(iter(levels.model.parameters())).requires_grad = True
        return levels

    monkeypatch.setattr(instantiate, "put_on", thaw)
    wanted = frozenset({Subject("base.trainable"), Subject("trainable.only")})
    found = table(instantiate.findings(pitvqa, wanted, lambda message: None))
    assert found[Subject("base.trainable"), Key("stated")].value > 0
    assert found[Subject("trainable.only"), Key("stated")].value is False


def test_without_the_libraries_it_says_what_to_install(pitvqa, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(StageUnavailable, match=r"needs .*peft") as caught:
        list(instantiate.findings(pitvqa, everything(pitvqa), lambda message: None))
    assert caught.value.command.startswith("pip install paper-repro")


def test_a_module_that_no_layer_bears_is_the_users_to_mend(pitvqa):
    wrong = pitvqa.adapters[0].model_copy(update={"target_modules": ("q_proj", "wq")})
    study = pitvqa.model_copy(update={"adapters": (wrong, *pitvqa.adapters[1:])})
    with pytest.raises(UserError, match="wq"):
        list(instantiate.findings(study, everything(study), lambda message: None))
