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
    ends = {0, settings.accumulation - 1}
    plain = [p for p in range(notebook.WARM_UP, passes) if p % settings.accumulation not in ends]
    assert len(found.seconds) >= len(plain) >= 10 and min(found.seconds) > 0


def passes(updates, every, warm=0.0):
    """When passes of a second ended, of updates whose samples take three and a step five more."""
    took = ([4.0] + [1.0] * (every - 2) + [6.0]) * updates
    took = [each + warm * (place < notebook.WARM_UP) for place, each in enumerate(took)]
    return [sum(took[:end]) for end in range(len(took) + 1)]


@pytest.mark.parametrize(("updates", "every", "count"), [(2, 16, 25), (4, 4, 6), (3, 8, 15)])
@pytest.mark.parametrize("warm", [0.0, 50.0])
def test_what_is_done_once_an_update_is_shared_out_and_the_warm_up_left_out(
    updates, every, count, warm
):
    """A whole update takes as long by its passes as it took."""
    found = notebook._of_passes(passes(updates, every, warm), every)
    assert found == pytest.approx([1 + 8 / every] * count)
    assert sum(found[:1]) * every == pytest.approx(every + 8)


def test_passes_of_an_update_that_is_broken_off_count_too():
    at = passes(2, 16)[: notebook.WARM_UP + notebook.LEAST + 1]
    assert notebook._of_passes(at, 16) == pytest.approx([1.5] * (11 + 7))


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
