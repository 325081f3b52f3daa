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
# # Six to eight hours on a T4?
#
# The document gives 6–8 hours on a T4, but neither the size of the frames nor the number type that
# the card computed in. This page works out hours from the model's sizes: operations, bytes and
# launches. Nobody here has a T4, so the result is an interval, and the page ends with what would
# replace it. [Six to eight hours?](../hours.md) has more sizes, and every measured run.

# %%
from paper_repro.judging import read_printed
from paper_repro.study import load_study

study = load_study()
claims = [claim for claim in study.claims if claim.quantity == "run.hours"]
for claim in claims:
    print(f"line {claim.line}: {claim.quote}")
(words,) = {claim.printed for claim in claims if claim.printed}
printed = read_printed(words).interval

# %% [markdown]
# ## How many samples
#
# The training rows, once for each epoch, one by one:

# %%
notebook = study.variant("notebook")
settings = notebook.settings
rows = study.dataset(settings.dataset).train_rows
samples = rows * settings.epochs
update = settings.batch * settings.accumulation
print(f"{rows:,} rows × {settings.epochs} epochs = {samples:,} samples")
print(f"in {rows // update * settings.epochs:,} steps of {update}")

low, high = (3600 * float(end or 0) for end in (printed.low, printed.high))
print(f"{words}: {low / samples:.2f} – {high / samples:.2f} seconds a sample")

# %% [markdown]
# So: can a T4 take one sample in that time?
#
# ## Operations of one sample
#
# A frame is cut into patches of 14 × 14 pixels. The vision tower reads them and merges four into
# one token, and the language model reads these beside the words. Two sizes of frames have a source:
# that of the data's card, and that of the videos. The libraries are those that the notebook pins.

# %%
from paper_repro.hardware.estimate import HOUR, SLACK, estimate
from paper_repro.hardware.flops import sample
from paper_repro.hardware.gpus import gpus

config, t4 = study.configs[study.base(notebook).id], gpus()[settings.card]
TYPES = {"bfloat16": "notebook", "float16": "notebook-fp16"}
found = {
    (size, name): estimate(study, notebook, t4, size, way)
    for size in settings.image_sizes
    for name, way in TYPES.items()
}
flops = {size: one.flops for (size, _), one in found.items()}
sizes = {size: sample(config, *size, settings.text_tokens) for size in flops}
for (width, height), one in sizes.items():
    print(f"{width} × {height}: {one.patches:,} patches, {one.tokens:,} tokens")
    for part, many in flops[width, height].items():
        print(f"    {part:12}{many / 1e12:8.3f} TFLOP")

# %% [markdown]
# These come from formulas. We count the language model's part again without any: the real model runs
# on PyTorch's *meta* device, which computes nothing, while PyTorch notes each product.

# %%
from paper_repro.counting.build import meta_model
from paper_repro.hardware.flops import language_attention, language_linear
from paper_repro.quiet import captured

with captured():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model = meta_model(config).requires_grad_(False)


def noted(tokens: int) -> tuple[int, int]:
    """FLOP of the language model's forward and of its backward pass."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        words = torch.empty(
            1, tokens, model.lm_head.in_features, requires_grad=True
        )
        at = torch.empty(3, 1, tokens, dtype=torch.long)
        read = model.model.language_model(inputs_embeds=words, position_ids=at)
        scores = model.lm_head(read.last_hidden_state)
        forward = counter.get_total_flops()
        scores.backward(torch.empty_like(scores))
        return forward, counter.get_total_flops() - forward


for size, one in sizes.items():
    forward, backward = noted(one.tokens)
    products = language_linear(config) * one.tokens + flops[size]["head"] / 2
    square = 2 * language_attention(config, one.tokens)
    print(f"{one.tokens:,} tokens: {forward:,} forward, {backward:,} backward")
    assert (forward, backward) == (products + square, products + 2 * square)

# %% [markdown]
# Equal to the last operation. (The real model fills in the whole square of attention; a fast kernel
# leaves out the half that looks ahead, and so does the estimate.)
#
# ## From operations to seconds
#
# A T4 has no units for bfloat16, the type that the notebook asks for. It computes in it all the
# same, by detours, at a fraction of its rate in float16. Besides operations there are bytes:
# weights that are read and unpacked from 4 bits, numbers that pass through memory. And there are
# launches: thousands of times a sample the host, the computer beside the card, tells it what to do.

# %%
readings = {f"{w} × {h}, {name}": one for ((w, h), name), one in found.items()}
print("ms of a sample       TFLOP/s products   memory   unpack host from  host to")
for label, each in readings.items():
    took, rate = each.seconds, t4.rate(bf16="bfloat" in label)
    ms = (took.arithmetic, took.memory, took.unpacking, *took.host)
    parts = "".join(f"{1000 * part:9.0f}" for part in ms)
    print(f"{label:21}{rate / 1e12:7.2f}{parts}")
    assert took.arithmetic == sum(each.flops.values()) / rate

# %% [markdown]
# ## From seconds to hours
#
# Card and host work side by side. At best the slower one decides; at worst each waits for the
# other, and the card reaches half of its rate. These are the ends of the interval:

# %%
from paper_repro.hardware.words import ends, span

possible = [name for name, one in readings.items() if one.hours.meets(printed)]
for label, each in readings.items():
    took, may = each.seconds, "possible" if label in possible else "out of reach"
    least, most = max(took.card, took.host[0]), SLACK * took.card + took.host[1]
    assert ends(each.hours) == (least * samples / HOUR, most * samples / HOUR)
    print(f"{label}: {span(each.hours)} h; {words}: {may}")
assert 0 < len(possible) < len(readings)

# %% tags=["hide-input"]
from pathlib import Path

from paper_repro.hardware.figures import GREY, style, write
from paper_repro.hardware.sweep import LOOKS
from paper_repro.site.shown import Measured, Plot, Sentence


def draw(path: Path) -> None:
    """A bar for each, from the least to the most hours; the printed hours across."""
    import matplotlib

    with matplotlib.rc_context(style("t4-hours")):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        axes = figure.add_subplot(xscale="log", xlabel="hours on a T4")
        for row, one in enumerate(readings.values()):
            least, most = ends(one.hours)
            axes.barh(row, most - least, 0.5, least, color=LOOKS[one.way][0])
            axes.text(most * 1.06, row, span(one.hours), va="center")
        axes.axvspan(low / HOUR, high / HOUR, color=GREY, alpha=0.45, linewidth=0)
        axes.text(high / HOUR * 1.06, -0.65, f"printed: {words}", va="center")
        axes.set_yticks(range(len(readings)), list(readings))
        axes.set(ylim=(len(readings) - 0.5, -1), xlim=(2, 500))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.spines[["top", "right"]].set_visible(False)
        write(figure, path)


said = "; ".join(f"{name} {span(one.hours)}" for name, one in readings.items())
Plot(draw, f"Hours on a T4, beside the printed {words}: {said}")

# %% [markdown]
# ## How far the estimate itself is off
#
# An estimate is worth what it was held against: the same cells, timed at true size.

# %% tags=["hide-input"]
from paper_repro.hardware.calibration import calibration, estimated, measured
from paper_repro.hardware.calibration_figure import called

runs = [run for run in measured() if run.way == "notebook"]
Measured(
    calibration("notebook").words.partition(" on ")[2].partition(" time")[0],
    " and ".join(sorted({run.date for run in runs})),
    {
        name: " and ".join(sorted({getattr(run, name) for run in runs}))
        for name in ("torch", "transformers")
    },
    "python -m paper_repro bench --image 224x224",
)

# %%
for run in runs:
    least, most = (1000 * end for end in estimated(run).seconds)
    print(called(run), f"{1000 * run.seconds:.0f} ms measured", end="")
    print(f", {least:.0f} – {most:.0f} estimated")
    assert least <= 1000 * run.seconds <= most
print(f"The middle of the estimate: {calibration('notebook').words}.")

# %% [markdown]
# Each time lies in its interval. But there the host decided, and the cards have units for bfloat16:
# of products on a T4 these runs say nothing. Others have timed other models on a T4. Where the
# tokens of a sample are known or bounded, their time fits one type or the other, which is no proof:

# %%
from paper_repro.hardware.published import contained_in, published

for other in published():
    if fits := contained_in(other, t4):
        print(f"{other.model}: {span(other.seconds)} s a sample, as in {fits[0]}")
        assert len(fits) == 1

# %% [markdown]
# ## The verdict

# %%
from paper_repro.verify.finding import Stage
from paper_repro.verify.run import verify

report = verify(study, [Stage.ARITHMETIC], only=[claim.id for claim in claims])
for judged in report.claims:
    print(
        f"{judged.id}, variant {judged.variant}: {judged.verdict}; {judged.found_text}"
    )
assert {judged.verdict for judged in report.claims} == {"underdetermined"}

# %% [markdown]
# That is no reproach: the hours are quite possible. The run's log would decide, by frame size and
# `train_runtime`. So would minutes on a T4: `python -m paper_repro bench --image 224x224`, and
# `verify --record bench.json`.

# %% tags=["hide-input"]
conclusion = Sentence(
    f"{words} on a T4 are possible at {' and at '.join(possible)}, by estimate, and out of reach for "
    f"{len(found) - len(possible)} of {len(found)} readings, so the claim is "
    f"{report.claims[0].verdict} until a log names the frames' size, the type and the time."
)
conclusion

# %% tags=["remove-cell"]
print(conclusion)
