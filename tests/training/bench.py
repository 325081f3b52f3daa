"""Small trainings to compare with one another: drawn rows, fresh bases, stacks of real adapters.

Two adapters of low rank stand on an untrained miniature. Their B matrices are filled, so that
every trained tensor has a gradient from the first step on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from paper_repro.data.rows import Row, read_row
from paper_repro.miniature.config import CONFIG, fresh_base, processor
from paper_repro.miniature.rows import Lessons
from paper_repro.study import Adapter
from paper_repro.training.bases import forked_rng
from paper_repro.training.examples import Examples, encode
from paper_repro.training.features import keep
from paper_repro.training.levels import put_on
from paper_repro.training.order import Plan
from paper_repro.training.schedule import Cosine, warmup_steps
from paper_repro.training.step import Training, start

LAYERS = CONFIG["text_config"]["num_hidden_layers"]
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
SIZES = ((112, 112), (224, 224), (200, 90), (64, 300), (30, 30))
"""Widths and heights in pixels."""
RATE = 1e-3
SETTINGS = {"weight_decay": 0.01, "max_grad_norm": 1.0}
Tensors = Mapping[str, Any]


@cache
def examples(count: int = 12, labels: str = "answer") -> Examples:
    """Drawn rows of Level 0, of several kinds and lengths."""
    rows = list(Lessons(count, seed=3))
    return encode(rows, processor(), labels)  # type: ignore[arg-type]


def frame(size: tuple[int, int], light: int = 90) -> Any:
    """A picture of any size; another light makes another picture."""
    from PIL import Image

    disc = Image.radial_gradient("L").resize(size)
    return disc.point([shade * light // 255 for shade in range(256)]).convert("RGB")


def row(
    question: str, answer: str, sizes: Sequence[tuple[int, int]] = ((112, 112),), number: int = 0
) -> Row:
    """A row of the paper's format; with several frames, a tracking row."""
    medium = "<image>" if len(sizes) == 1 else "<video>"
    words = [
        {"role": "user", "content": f"{medium}\n{question}"},
        {"role": "assistant", "content": answer},
    ]
    frames = [frame(size, 80 + 20 * place) for place, size in enumerate(sizes)]
    return read_row({"images": frames, "messages": json.dumps(words)}, number, "train")


def adapter(name: str, r: int = 4, dropout: float = 0.0) -> Adapter:
    return Adapter(
        id=name, name=name, level=1, base="miniature", r=r, lora_alpha=2 * r,
        lora_dropout=dropout, target_modules=ATTENTION, source="a test",
    )  # fmt: skip


@cache
def kept() -> Examples:
    """The same rows with the outputs of the miniature's tower."""
    return keep(examples(), stack())


def stack(names: Sequence[str] = ("unified", "spatial"), r: int = 4, dropout: float = 0.0) -> Any:
    """An untrained miniature under filled adapters, of which the last is trained; always the same.

    At rank 32 half of the trained tensors are large enough for an optimizer's 8-bit state.
    """
    return deepcopy(_stack(tuple(names), r, dropout))


@cache
def _stack(names: tuple[str, ...], r: int, dropout: float) -> Any:
    import torch

    model, _ = fresh_base(0)
    procedure = "single" if len(names) == 1 else "stack"
    with forked_rng():
        torch.manual_seed(1)
        stacked = [adapter(name, r, dropout) for name in names]
        wrapped = put_on(model, procedure, stacked).model
        with torch.no_grad():
            for name, tensor in wrapped.named_parameters():
                if "lora_B" in name:
                    tensor.normal_(std=0.02)
    return wrapped


def run(
    training: Training, steps: int, data: Examples | None = None, plan: Plan | None = None
) -> list[float]:
    """Train on from where the training stands; the losses."""
    data = data or kept()
    plan = plan or Plan(len(data), batch=1, accumulation=4, epochs=9, seed=2)
    made = (data.batches(plan.batches(step)) for step in range(training.steps, steps))
    return [training.step(batches, batches.samples) for batches in made]


def theirs(batch: Tensors) -> dict[str, Any]:
    """What transformers' own forward pass takes of a micro-batch."""
    return {name: tensor for name, tensor in batch.items() if name != "rows"}


def gradients(model: Any) -> dict[str, Any]:
    """Copies of the gradients there are, which are then cleared."""
    found = {n: t.grad.clone() for n, t in model.named_parameters() if t.grad is not None}
    model.zero_grad()
    return found


def apart(some: Tensors, others: Tensors) -> float:
    """The largest distance of a tensor from its like, relative to its length."""
    assert some.keys() == others.keys() and some
    return max(float((some[n] - others[n]).norm() / others[n].norm()) for n in some)


def same_bits(some: Tensors, others: Tensors) -> bool:
    return some.keys() == others.keys() and all(
        some[n].dtype == others[n].dtype and some[n].equal(others[n]) for n in some
    )


def trained(training: Training) -> dict[str, Any]:
    """Copies of what is trained."""
    return {name: tensor.detach().clone() for name, tensor in training.trained.items()}


def schedule(steps: int) -> Cosine:
    return Cosine(RATE, steps, warmup_steps(steps, 0.1))


def begun(optimizer: str = "adamw_torch", stir: bool = False, **options: Any) -> Training:
    """A run over two active adapters with dropout; stirred, so that all of it must be loaded."""
    import torch

    model = stack(r=32, dropout=0.2)
    training = start(model, optimizer, schedule(6), **{**SETTINGS, "seed": 7, **options})
    if stir:
        torch.rand(3)
        run(training, 1)
    return training


def same_state(some: Training, other: Training) -> bool:
    (tensors, numbers), (their_tensors, their_numbers) = some.state(), other.state()
    return same_bits(tensors, their_tensors) and numbers == their_numbers


def through_files(state: tuple[Tensors, Any], folder: Path) -> tuple[Tensors, Any]:
    """As a checkpoint holds it."""
    from safetensors.torch import load_file, save_file

    save_file(state[0], folder / "state.safetensors")
    return load_file(folder / "state.safetensors"), json.loads(json.dumps(state[1]))


def watched(training: Training) -> list[tuple[float, set[float]]]:
    """Norm of the gradients and the rate of every update, as the optimizer gets them."""
    seen: list[tuple[float, set[float]]] = []

    def look(optimizer: Any, *_: Any) -> None:
        grads = [t.grad for t in training.trained.values()]
        norm = math.sqrt(sum(float((grad.double() ** 2).sum()) for grad in grads))
        seen.append((norm, {group["lr"] for group in optimizer.param_groups}))

    training.optimizer.register_step_pre_hook(look)
    return seen
