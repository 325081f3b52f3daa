"""Real steps on the CPU, of the miniature: both ways, and what is noticed while they run."""

from __future__ import annotations

import pytest

from paper_repro.bench import notebook, own
from paper_repro.bench.run import miniature
from paper_repro.bench.samples import samples
from paper_repro.study import load_study
from paper_repro.training.bases import NF4, Bases
from paper_repro.training.levels import put_on
from paper_repro.training.precision import choose
from paper_repro.training.step import start

STUDY = load_study()


@pytest.fixture(scope="module", params=["stated", "seven-modules"])
def placed(request, tmp_path_factory):
    """A variant, its model in 4 bits, and samples of one update."""
    variant = STUDY.variant(request.param)
    settings = variant.settings
    base = Bases(miniature(), tmp_path_factory.mktemp("base")).fresh(NF4)
    model = put_on(base, variant.procedure.value, STUDY.stack(variant)).model
    made = samples(miniature(), (112, 112), 40, settings.batch * settings.accumulation)
    return settings, model, made


@pytest.mark.parametrize("backward", [True, False])
def test_the_notebooks_tower_is_differentiated_or_not(placed, backward):
    settings, model, made = placed
    before = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    visual = model.base_model.model.model.visual
    found = notebook.train(
        model, made, settings, on_card=False, rows=100, seconds=0.1, tower_backward=backward
    )
    assert found.tower_differentiated is backward
    assert "forward" not in vars(visual) and not visual._forward_hooks
    changed = {n for n, tensor in model.named_parameters() if not tensor.equal(before[n])}
    trained = {n for n, tensor in model.named_parameters() if tensor.requires_grad}
    assert changed and changed <= trained, "real updates of what is trained alone"
    assert found.checkpointing and found.samples_a_pass == settings.batch
    passes = notebook.WARM_UP + notebook.LEAST
    updates = -(-passes // settings.accumulation)
    least = updates * settings.accumulation - notebook.WARM_UP - updates
    assert len(found.seconds) >= least and min(found.seconds) > 0


def test_an_updates_time_is_shared_out_among_its_passes():
    """Sixteen passes of a second, the last of which takes a second more for the update."""
    took = [5.0, 4.0, 3.0, 2.0] + [1.0] * 11 + [2.0] + [1.0] * 15 + [2.0]
    at = [sum(took[:end]) for end in range(len(took) + 1)]
    found = notebook._of_passes(at, 16)
    assert len(found) == 26 and found == pytest.approx([1 + 1 / 16] * 26)


def test_an_update_of_the_warm_up_counts_as_little_as_its_passes():
    """Updates of four passes: the first is warm-up throughout, however long it took."""
    took = [9.0, 9.0, 9.0, 90.0] + [1.0, 1.0, 1.0, 2.0] * 3
    at = [sum(took[:end]) for end in range(len(took) + 1)]
    assert notebook._of_passes(at, 4) == pytest.approx([1.25] * 9)


def test_the_engine_takes_real_updates_and_runs_the_tower_once(placed, monkeypatch):
    settings, _, made = placed
    variant = STUDY.variant("stated")
    base = Bases(miniature(), None).fresh("float32")
    model = put_on(base, variant.procedure.value, STUDY.stack(variant)).model
    before = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    calls = []
    visual = model.base_model.model.model.visual
    visual.register_forward_hook(lambda *_: calls.append(1))
    started = []
    monkeypatch.setattr(own, "start", lambda *a, **k: started.append(start(*a, **k)) or started[0])
    found = own.train(
        model, made, settings, choose("cpu"), device="cpu",
        batch=len(made.frames) // 2, checkpointing=True, rows=100, seconds=0.01,
    )  # fmt: skip
    changed = {n for n, tensor in model.named_parameters() if not tensor.equal(before[n])}
    assert changed and changed <= {n for n, t in model.named_parameters() if t.requires_grad}
    assert len(calls) == own.TOWER and found.once_seconds > 0
    assert len(found.seconds) == own.LEAST and found.samples_a_pass == len(made.frames) // 2
    assert found.checkpointing and found.peak_bytes == 0
    assert started[0].engine.checkpointing and started[0].steps == own.WARM_UP + own.LEAST
