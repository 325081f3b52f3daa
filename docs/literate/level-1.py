# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Level 1 in miniature: naming what is seen
#
# Level 1 of the document teaches a pre-trained model to name the phases and steps of an operation.
# This page trains such a level for real, in small. So first: what the document says, and what is
# different here.

# %%
from paper_repro.study import load_study

study = load_study()
ids = ["L1.base", "L1.tasks", "L1.dataset.rows", "L1.adapter.count", "L0.frozen"]
for claim in map(study.claim, ids):
    print(f"line {claim.line}: {claim.quote}")

# %% [markdown]
# ## What is a miniature here, and what is not
#
# Real are the model's class, its processor, PEFT's adapter with the author's rank and modules, and
# the code that trains: the package's, which trains the 2B model too. Small or made up are the base,
# the frames, and the settings that follow from them (those of speed and memory are left out):

# %% tags=["hide-input"]
from paper_repro.counting.bases import read_config
from paper_repro.counting.families import architecture_of
from paper_repro.miniature import shipped
from paper_repro.site.shown import Pictures, Plot, Sentence, Table
from paper_repro.training.recipes import defaults, deviations
from paper_repro.verify.report.markdown import table

unified, base = study.adapter("unified"), shipped("base") / "base"
settings = defaults(study, 1, "mini", "", on_card=False)
real = architecture_of(study.configs[unified.base])
small = architecture_of(read_config(base / "config.json"))
compared = ("batch", "accumulation", "epochs", "learning_rate", "labels", "seed")
lora = f"r={unified.r} on {len(unified.target_modules)} modules"
sizes = (f"{each.parameters:,} weights" for each in (real, small))
lines = [("LoRA", lora, "the same"), ("base", *sizes)]
for each in deviations(study, settings):
    if each["name"] in compared:
        lines.append((each["name"], str(each["paper"]), str(each["here"])))
Table(table(("setting", "author's script", "miniature"), lines))

# %% [markdown]
# A small model that starts from little takes larger steps. Two differences are choices: only the
# answer is learned, not the question, and a seed is set, so that the run can be repeated.
#
# ## The frames
#
# The author's frames may not be passed on, so these are drawn. The tissue's colour tells the phase;
# colour and pattern tell the step. A row is a frame, a question and an answer, as in the paper.

# %%
from paper_repro.data.rows import Row, read_row
from paper_repro.miniature.frames import SIDE
from paper_repro.miniature.rows import FRAMES_PER_STEP, VIDEOS, raw_rows

drawn: dict[str, list[Row]] = {}
for split, numbers in VIDEOS.items():
    raws = enumerate(raw_rows(1, 0, split))
    drawn[split] = [read_row(raw, number, split) for number, raw in raws]
    print(f"{split}: {len(drawn[split]):,} rows of {len(numbers)} videos")
assert not set(VIDEOS["train"]) & set(VIDEOS["validation"])


# %% tags=["hide-input"]
def pictures(said: dict[str, Row]) -> Pictures:
    """Frames at twice their size, above what is said of each."""
    large = [row.image.resize((2 * SIDE, 2 * SIDE)) for row in said.values()]
    return Pictures(large, [*said])


video = [row for row in drawn["train"][:40] if row.task.startswith("phase")]
pictures({f"{row.question} {row.answer}": row for row in video})

# %% [markdown]
# The base has learned colours, shapes, patterns and places from such frames, and to repeat the words
# of surgery. What the words mean, nobody has told it.
#
# ## Training
#
# This is what `python -m paper_repro train 1` does, but that it stops early. One thread is fastest
# for tensors so small. The count comes a second time from sizes alone: beside a layer with *m* inputs
# and *n* outputs, LoRA of rank *r* has *r* · (*m* + *n*) weights.

# %%
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from paper_repro.counting.lora import LoraSpec, lora_parameters
from paper_repro.quiet import captured
from paper_repro.training.context import Options
from paper_repro.training.run import train

with captured():
    import torch
    from torch.nn.functional import cross_entropy
    from transformers import Qwen2VLForConditionalGeneration as Qwen

torch.set_num_threads(1)
folder = Path((held := TemporaryDirectory()).name) / "run"
record = train(replace(settings, max_steps=80), folder, Options(device="cpu"))
trained, changed = record.counts["trainable"], record.base_changed
spec = LoraSpec(unified.r, unified.target_modules)
print(f"{record.steps} steps of {settings.batch} rows; {trained:,} weights trained")
print(f"{changed} of the base's {record.base_tensors} tensors changed")
assert changed == 0 and trained == lora_parameters(small, spec)

# %% [markdown]
# The first loss can be checked from outside. A new adapter changes nothing, as its *B* is zero. So
# the loss must be the bare base's, and transformers alone can compute that: minus the logarithm of
# how likely the base finds each token of a true answer.

# %%
from paper_repro.data.processor import load_processor
from paper_repro.training.examples import encode
from paper_repro.training.order import order

with captured():
    bare = Qwen.from_pretrained(base, dtype=torch.float32)
places = order(len(drawn["train"]), 0, settings.seed)[: settings.batch]
first = [drawn["train"][place] for place in places]
tokens = encode(first, load_processor(base), "answer", settings.max_length)
batch = tokens.batch(range(len(first)))
labels, _ = batch.pop("labels")[:, 1:], batch.pop("rows")
with torch.inference_mode():
    scores = bare(**batch).logits[:, :-1].transpose(1, 2)
    each_token = cross_entropy(scores, labels, reduction="none")
again = (each_token.sum(1) / (labels >= 0).sum(1)).mean().item()
print(f"first loss: {record.losses[0]:.5f} in the run, {again:.5f} here")
assert abs(record.losses[0] - again) < 1e-4

# %% [markdown]
# Another witness is the run that comes with the package: the same command, not stopped. It began
# with the same base, adapter and rows, so with the same loss.

# %% tags=["hide-input"]
from paper_repro.hardware.figures import BLUE, GREY, style, write
from paper_repro.training.record import read_record

whole = read_record(shipped("unified"))
assert abs(record.losses[0] - whole.losses[0]) < 1e-4
assert record.hashes["base_after"] == whole.hashes["base_before"]


def draw(path: Path) -> None:
    """Both runs' losses, step by step."""
    import matplotlib

    with matplotlib.rc_context(style("level-1")):
        from matplotlib.figure import Figure

        axes = (figure := Figure((7.2, 3), layout="constrained")).add_subplot()
        for run, colour in ((whole, GREY), (record, BLUE)):
            axes.plot(range(1, run.steps + 1), run.losses, color=colour)
        axes.text(whole.steps / 2, 0.2, "the shipped run", color=GREY)
        axes.text(record.steps / 4, 4, "this page's run", color=BLUE)
        axes.set(yscale="log", xlabel="step", ylabel="loss, nats a token")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.spines[["top", "right"]].set_visible(False)
        write(figure, path)


last = f"{record.losses[-1]:.3f} here, {whole.losses[-1]:.3f} in the shipped run"
Plot(draw, f"Loss by step, from {again:.1f} down to {last}")

# %% [markdown]
# ## What it has learned
#
# Asked are the base, the adapter trained above, and the shipped one, about videos that no run has
# seen, one frame of each step. Intervals of 95 % take videos for their unit, as frames of one video
# resemble each other. Each share is counted again, by the truth's words in the answer.

# %%
from paper_repro.evaluation.generate import generate
from paper_repro.evaluation.loading import Wanted, load
from paper_repro.evaluation.metrics import evaluate

exam = [r for r in drawn["validation"] if r.number // 2 % FRAMES_PER_STEP == 0]
said = [f"{row.question} Truth: {row.answer}" for row in exam]
tasks, shares = ("phase", "step"), {}
models = {
    "Level 0": None,
    f"Level 1, {record.steps} steps": str(folder / "adapter"),
    f"Level 1, {whole.steps} steps": str(shipped("unified") / "adapter"),
}
for name, adapter in models.items():
    model = load(Wanted("mini", "", adapter=adapter), "cpu")
    got = list(generate(model.model, model.processor, exam, 100))
    said = [f"{a}; {name}: {b.prediction}" for a, b in zip(said, got, strict=True)]
    found = evaluate(got, drawn=True).metrics
    for task in tasks:
        one = found[f"{task}_accuracy"]
        ends = [f"{end:.0%}" for end in (one.interval.low, one.interval.high)]
        shares[name, task] = f"{one.value:.0%}"
        print(f"{name:20}{task:6}{one.value:6.1%} of {one.n}", end=" ")
        print(f"({' – '.join(ends)}); constant answer {one.chance[-1].value:.0%}")
        right = [a.answer in a.prediction for a in got if a.task.startswith(task)]
        assert len(right) == one.n and sum(right) >= round(one.value * one.n)

# %% tags=["hide-input"]
pictures({said[place]: exam[place] for place in (3, 146, 291)})

# %% [markdown]
# The base answers with what it knows: coloured shapes. Level 1 did not teach it to see: the adapter
# is in the language model alone. It joined what the base sees to a surgeon's words. Here the
# document's plan is right: build on a pre-trained model, and leave it frozen.
#
# ## The verdicts

# %%
from textwrap import fill

from paper_repro.verify.finding import Stage
from paper_repro.verify.run import verify

report = verify(study, [Stage.ARITHMETIC, Stage.INSTANTIATE], only=ids[:-1])
for judged in report.claims:
    print(fill(f"{judged.id}: {judged.verdict}. {judged.explanation}", 84))
assert lora_parameters(real, spec) in [judged.found for judged in report.claims]

# %% [markdown]
# How well the real Level 1 does is **not checked**. Its answers to the held-out rows would show it, by
# `python -m paper_repro evaluate --predictions FILE`. The story goes on with [Level 2](level-2.md).

# %% tags=["hide-input"]
was_phase, was_step, *then = shares.values()
conclusion = Sentence(
    f"On drawn frames of {len(VIDEOS['validation'])} unseen videos, {record.steps} steps of Level 1 "
    f"take right phases from {was_phase} to {then[0]} and right steps from {was_step} to {then[1]}, "
    f"{whole.steps} steps to {then[2]} and {then[3]}; {changed} of the base's tensors change."
)
conclusion

# %% tags=["remove-cell"]
print(conclusion)
