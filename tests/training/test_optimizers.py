"""Optimizers by the Trainer's names, and states that are not theirs."""

from __future__ import annotations

import pytest

from paper_repro.errors import UserError
from paper_repro.training import optimizers

EIGHT_BIT = ("adamw_8bit", "paged_adamw_8bit")


def parameters():
    """A matrix large enough for eight bits, a small one, and a norm's weights."""
    import torch

    torch.manual_seed(3)
    shapes = {"large": (64, 70), "small": (8, 8), "norm": (16,)}
    return {name: torch.nn.Parameter(torch.randn(shape)) for name, shape in shapes.items()}


def stepped(name, steps=2, decay=0.1):
    """Parameters and their optimizer after some steps."""
    import torch

    from paper_repro.quiet import captured

    named = parameters()
    optimizer = optimizers.make(name, named.items(), 1e-3, decay)
    generator = torch.Generator().manual_seed(4)
    with captured():
        for _ in range(steps):
            for tensor in named.values():
                tensor.grad = torch.randn(tensor.shape, generator=generator)
            optimizer.step()
    return named, optimizer


def apart(some, others):
    return float((some - others).detach().norm())


@pytest.mark.parametrize("name", optimizers.NAMES)
def test_decay_is_for_matrices_and_every_setting_is_the_trainers(name):
    named = parameters()
    optimizer = optimizers.make(name, named.items(), 2e-5, 0.1)
    matrices, norms = optimizer.param_groups
    assert matrices["params"] == [named["large"], named["small"]]
    assert norms["params"] == [named["norm"]]
    assert (matrices["weight_decay"], norms["weight_decay"]) == (0.1, 0.0)
    for group in optimizer.param_groups:
        assert (group["lr"], tuple(group["betas"]), group["eps"]) == (2e-5, (0.9, 0.999), 1e-8)
    only = optimizers.make(name, [("large", named["large"])], 2e-5, 0.1)
    assert len(only.param_groups) == 1


@pytest.mark.parametrize("name", optimizers.NAMES)
def test_the_class_is_the_one_that_the_trainer_takes(name, tmp_path):
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(str(tmp_path), optim=name, use_cpu=True, report_to=[])
    theirs, options = Trainer.get_optimizer_cls_and_kwargs(arguments)
    ours = optimizers.make(name, parameters().items(), 1e-3, 0.0)
    if name in EIGHT_BIT:  # the Trainer sets what the class here has set
        import bitsandbytes as bnb

        assert theirs is bnb.optim.AdamW and options["optim_bits"] == 8
        assert isinstance(ours, bnb.optim.AdamW8bit | bnb.optim.PagedAdamW8bit)
        assert (ours.args.optim_bits, ours.is_paged) == (8, options["is_paged"])
    else:
        assert type(ours) is theirs
    assert options["betas"] == (0.9, 0.999) and options["eps"] == 1e-8


def test_eight_bits_are_close_to_thirty_two():
    exact, _ = stepped("adamw_torch")
    for name in EIGHT_BIT:
        found, optimizer = stepped(name)
        assert optimizer.state[found["large"]]["state1"].element_size() == 1
        moved = apart(exact["large"], parameters()["large"])
        assert 0 < apart(found["large"], exact["large"]) < 0.05 * moved
        assert apart(found["small"], exact["small"]) < 1e-6


def test_a_rate_is_that_of_every_group():
    _, optimizer = stepped("adamw_torch", 0)
    optimizers.set_rate(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.5]


def test_a_name_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"expected one of adamw_torch, .* got 'sgd'"):
        optimizers.make("sgd", [], 1e-3, 0.0)


@pytest.mark.parametrize("name", optimizers.NAMES)
def test_a_state_goes_into_a_fresh_optimizer(name):
    named, optimizer = stepped(name)
    tensors, numbers = optimizers.state_of(optimizer, named)
    fresh, other = stepped(name, 0)
    load(other, fresh, tensors, numbers)
    again = optimizers.state_of(other, fresh)
    assert tensors.keys() == again[0].keys() and numbers == again[1]
    assert all(tensors[entry].equal(again[0][entry]) for entry in tensors)
    assert not any(entry.endswith(("qmap1", "qmap2")) for entry in tensors)
    for entry in other.state[fresh["large"]]:  # of the devices and types that steps would make
        mine, theirs = other.state[fresh["large"]][entry], optimizer.state[named["large"]][entry]
        assert type(mine) is type(theirs)
        assert getattr(mine, "dtype", None) == getattr(theirs, "dtype", None)


@pytest.mark.parametrize("name", optimizers.NAMES)
def test_an_optimizer_that_never_stepped_has_no_state(name):
    named, optimizer = stepped(name, 0)
    assert optimizers.state_of(optimizer, named) == ({}, {})
    stirred, other = stepped(name)
    load(other, stirred, {}, {})
    assert optimizers.state_of(other, stirred) == ({}, {})


def load(optimizer, named, tensors, numbers):
    from paper_repro.quiet import captured

    with captured():
        optimizers.load_into(optimizer, named, tensors, numbers)


def without(entry):
    return lambda found: {name: value for name, value in found.items() if name != entry}


def reshaped(entry):
    return lambda found: found | {entry: found[entry].reshape(-1)[:-1]}


def retyped(entry):
    return lambda found: found | {entry: found[entry].double()}


def renamed(entry, other):
    return lambda found: {other if name == entry else name: t for name, t in found.items()}


@pytest.mark.parametrize(
    ("optimizer", "change", "expected", "got"),
    [
        ("adamw_torch", without("large/exp_avg_sq"), "large: exp_avg, exp_avg_sq, step", "exp_avg"),
        ("adamw_torch", without("small/step"), "small: exp_avg, exp_avg_sq, step", "exp_avg"),
        ("adamw_torch", reshaped("norm/exp_avg"), "norm/exp_avg: (16,)", "(15,) torch.float32"),
        ("adamw_torch", retyped("norm/exp_avg"), "torch.float32", "(16,) torch.float64"),
        ("adamw_torch", renamed("large/step", "tall/step"), "this parameter", "tall/step"),
        ("adamw_8bit", without("large/absmax1"), "absmax1, absmax2, state1, state2", "absmax2"),
        ("adamw_8bit", reshaped("large/state1"), "large/state1: (64, 70) torch.uint8", "(4479,)"),
        ("paged_adamw_8bit", retyped("large/state2"), "torch.uint8", "torch.float64"),
        ("adamw_8bit", renamed("small/state1", "state1"), "this parameter", "state1"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(optimizer, change, expected, got):
    named, made = stepped(optimizer)
    tensors, numbers = optimizers.state_of(made, named)
    fresh, other = stepped(optimizer, 0)
    with pytest.raises(UserError, match="not one of this model and optimizer") as caught:
        load(other, fresh, change(tensors), numbers)
    assert expected in caught.value.expected and got in caught.value.got
    assert caught.value.next_command.startswith("python -m paper_repro train")


@pytest.mark.parametrize("name", EIGHT_BIT)
def test_a_state_without_its_count_of_steps_is_refused(name):
    named, made = stepped(name)
    tensors, numbers = optimizers.state_of(made, named)
    fresh, other = stepped(name, 0)
    with pytest.raises(UserError) as caught:
        load(other, fresh, tensors, without("large/step")(numbers))
    assert "step" in caught.value.expected and "step" not in caught.value.got


@pytest.mark.parametrize("pair", [("adamw_torch", "adamw_8bit"), ("adamw_8bit", "adamw_torch")])
def test_the_state_of_another_optimizer_is_refused(pair):
    named, made = stepped(pair[0])
    fresh, other = stepped(pair[1], 0)
    with pytest.raises(UserError, match="not one of this model and optimizer"):
        load(other, fresh, *optimizers.state_of(made, named))


def test_a_copy_on_the_host_shares_nothing():
    import torch

    tensor = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    copy = optimizers.on_host(tensor.T)
    assert copy.equal(tensor.T) and copy.is_contiguous() and not copy.requires_grad
    copy.zero_()
    assert tensor.any()


@pytest.mark.gpu
def test_a_paged_state_is_paged_again_when_it_is_loaded():
    import torch

    from paper_repro.quiet import captured

    def made():
        weight = torch.nn.Parameter(torch.ones(400, 400, device="cuda"))
        return {"w": weight}, optimizers.make("paged_adamw_8bit", [("w", weight)], 1e-3, 0.0)

    def step(named, optimizer, seed):
        generator = torch.Generator("cuda").manual_seed(seed)
        named["w"].grad = torch.randn(400, 400, generator=generator, device="cuda")
        optimizer.step()

    with captured():
        (named, optimizer), (fresh, other) = made(), made()
        step(named, optimizer, 0)
        optimizers.load_into(other, fresh, *optimizers.state_of(optimizer, named))
        fresh["w"].data.copy_(named["w"].data)
        for entry in ("state1", "state2"):
            assert optimizer.state[named["w"]][entry].is_paged
            assert other.state[fresh["w"]][entry].is_paged
        for seed in range(1, 4):
            step(named, optimizer, seed)
            step(fresh, other, seed)
    assert fresh["w"].equal(named["w"])
