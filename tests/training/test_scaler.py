"""Sixteen bits: LoRA weights stay float32, and float16 gradients are scaled and may overflow."""

from __future__ import annotations

import math

import pytest

from paper_repro.errors import UserError
from paper_repro.training.failures import NotFinite
from paper_repro.training.precision import FP32, choose
from paper_repro.training.step import start
from tests.training.bench import (
    RATE,
    begun,
    run,
    same_bits,
    same_state,
    stack,
    through_files,
    trained,
    watched,
)

FP16, BF16 = choose("cpu", "fp16"), choose("cpu", "bf16")


def overflowing(training, steps):
    """In some steps one gradient is too large for float16."""
    tensor = next(iter(training.trained.values()))
    tensor.register_hook(lambda g: g + math.inf if training.steps in steps else g)
    return training


@pytest.mark.parametrize("precision", [FP16, BF16])
def test_a_run_in_sixteen_bits_follows_the_exact_one(precision):
    exact, rounded = (start(stack(), "adamw_torch", RATE, precision=p) for p in (FP32, precision))
    wanted, found = run(exact, 6), run(rounded, 6)
    assert found == pytest.approx(wanted, rel=5e-3) and found != wanted
    assert all(tensor.itemsize == 4 for tensor in rounded.trained.values())
    assert (rounded.scaler is not None) == precision.scaled and exact.scaler is None


def test_gradients_are_clipped_as_they_are_and_not_as_they_are_scaled():
    seen = []
    for precision in (FP32, FP16):
        training = start(stack(), "adamw_torch", 0.0, precision=precision, max_grad_norm=1.1)
        norms = watched(training)
        run(training, 4)
        seen.append([norm for norm, _ in norms])
    assert seen[1] == pytest.approx(seen[0], rel=0.02)
    assert max(seen[0]) == pytest.approx(1.1, rel=1e-4) and min(seen[0]) < 1.09


def test_a_step_that_overflows_is_left_out_and_the_scale_halved():
    training = overflowing(begun(precision=FP16), {1, 2})
    run(training, 1)
    tensors, numbers = training.state()
    assert numbers["scaler"]["scale"] == 65536.0
    losses = run(training, 3)
    after, later = training.state()
    assert same_bits(after, tensors) and later["optimizer"] == numbers["optimizer"]
    assert later["steps"] == 3 and later["scaler"]["scale"] == 16384.0
    assert all(map(math.isfinite, losses))
    assert all(tensor.grad is None for tensor in training.trained.values())
    run(training, 4)
    assert not same_bits(training.state()[0], tensors)


def test_a_real_overflow_is_one_too():
    """The scale is so large that float16 gradients overflow by themselves, until it has fallen."""
    training = begun(precision=FP16)
    training.scaler.load_state_dict(training.scaler.state_dict() | {"scale": 2.0**40})
    before = trained(training)
    run(training, 1)
    assert same_bits(trained(training), before) and training.scaler.get_scale() == 2.0**39


def test_what_no_scale_can_help_is_an_error_and_leaves_all_as_it_was():
    training, plain = begun(precision=FP16), begun(precision=FP16)
    for one in (training, plain):
        one.scaler.load_state_dict(one.scaler.state_dict() | {"scale": 4.0})
    broken = {"now": True}
    tensor = next(iter(training.trained.values()))
    tensor.register_hook(lambda g: g * math.nan if broken["now"] and training.steps > 0 else g)
    run(training, 3)
    before = training.state()
    assert before[1]["scaler"]["scale"] == 1.0
    with pytest.raises(NotFinite, match="step 3: expected a finite gradient norm, got nan"):
        run(training, 4)
    assert same_bits(training.state()[0], before[0]) and training.state()[1] == before[1]
    broken["now"] = False
    plain.load_state(*before)
    assert run(training, 5) == run(plain, 5) and same_state(training, plain)
    assert not same_bits(training.state()[0], before[0])


def test_a_scaler_goes_on_to_the_last_bit(tmp_path):
    """The scale has been halved once and doubled once when the run is cut."""

    def made():
        training = overflowing(begun(precision=FP16), {1})
        training.scaler.set_growth_interval(2)
        return training

    whole = made()
    losses = run(whole, 6)
    first = made()
    assert run(first, 4) == losses[:4]
    state = through_files(first.state(), tmp_path)
    assert state[1]["scaler"]["scale"] == 65536.0 and state[1]["steps"] == 4
    second = begun(precision=FP16, stir=True)
    second.load_state(*state)
    assert run(second, 6) == losses[4:] and same_state(second, whole)
    assert whole.scaler.get_scale() == 131072.0


@pytest.mark.parametrize("saved", [FP32, FP16])
def test_the_state_of_another_precision_is_refused(saved):
    other = FP16 if saved is FP32 else FP32
    state = start(stack(), "adamw_torch", RATE, precision=saved).state()
    with pytest.raises(UserError, match="not one of this model and optimizer") as caught:
        start(stack(), "adamw_torch", RATE, precision=other).load_state(*state)
    assert caught.value.expected == "the precision of the run"


def test_weights_of_sixteen_bits_are_not_trained_under_a_scaler():
    model = stack()
    name = next(name for name, tensor in model.named_parameters() if tensor.requires_grad)
    model.get_parameter(name).data = model.get_parameter(name).data.half()
    with pytest.raises(ValueError, match=f"expected float32 weights to train .* got {name}"):
        start(model, "adamw_torch", RATE, precision=FP16)
