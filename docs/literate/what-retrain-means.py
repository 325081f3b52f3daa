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
# # Pre-train, fine-tune, LoRA
#
# The document asks a good question: does *retrain the model* mean Alibaba's? It answers no, and draws
# a hierarchy of levels. This page puts numbers to it: what is trained at each level, what rests, and
# what each word would take, in weights, operations, card hours and dollars.

# %%
from paper_repro.study import load_study

study = load_study()
for level in study.levels:
    print(f"Level {level.number}: {level.title}, by {level.by}")

# %% [markdown]
# ## What is trained, and what rests
#
# We set each level up with the real classes and the real PEFT, at true size on PyTorch's *meta*
# device, where tensors have shapes and no numbers. A weight is trained if `requires_grad` is set.

# %%
from paper_repro.counting.build import meta_model
from paper_repro.counting.instantiate import weights
from paper_repro.quiet import captured
from paper_repro.training.levels import put_on

stated = study.variant("stated")
stack, model = study.stack(stated), study.base(stated)
config = study.configs[model.id]
trained, resting = {}, {}
for level in study.levels:
    n = level.number
    below = [adapter for adapter in stack if adapter.level <= n]
    with captured():
        made = meta_model(config)
        set_up = put_on(made, "stack", below).model if below else made
    free = [t for t in set_up.parameters() if t.requires_grad]
    trained[n] = sum(map(weights, free))
    resting[n] = sum(map(weights, set_up.parameters())) - trained[n]
    print(f"Level {n}: {trained[n]:>13,} trained, {resting[n]:>13,} at rest")

# %% [markdown]
# The same by formula, from the model's `config.json` alone:

# %%
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_parameters

qwen = architecture_of(config)
specs = [LoraSpec(adapter.r, adapter.target_modules) for adapter in stack]
sizes = [qwen.parameters, *(lora_parameters(qwen, spec) for spec in specs)]
assert list(trained.values()) == sizes
assert list(resting.values()) == [sum(sizes[:number]) for number in trained]

# %% [markdown]
# At each level all below is at rest, as the document describes it. (In [the notebook's
# cells](what-the-notebook-trains.md) it is not. What rests [keeps its bytes](frozen-base.md).)
#
# ## What the words would take
#
# *Pre-training* made the base. To *retrain* it, or to train it *from scratch*, would be to do that
# again. *Fine-tuning* goes on from there: of all weights; or with *LoRA*, of small adapters alone; or
# with *QLoRA*, the same beside a base in 4 bits. What these two take depends on the code as well, so
# their rows name it. All is on one kind of card:

# %%
from dataclasses import replace

from paper_repro.hardware.bounds import pretraining_cost
from paper_repro.hardware.estimate import estimate_of
from paper_repro.hardware.training import HELD, Training, hull, three_trainings
from paper_repro.hardware.ways import WAYS, Way
from paper_repro.hardware.words import ends
from paper_repro.judging import Interval

found = three_trainings(study, stated)
pre, full, lora = found
published, frames = model.pretraining, stated.settings.image_sizes
assert published is not None


def computed(way: Way) -> Training:
    """LoRA as one way of computing has it, from the smallest frames to the largest."""
    each = [estimate_of(study, stated, lora.card, size, way) for size in frames]
    flops = [sum(e.flops.values()) * e.passes + e.tower_once for e in each]
    held = [sum(e.memory[part] for part in HELD) for e in each]
    hours = hull([e.hours for e in each])
    assert published
    return replace(
        lora,
        flops=hull([Interval.point(int(some)) for some in flops]),
        held=hull([Interval.point(int(some)) for some in held]),
        spans=(("", hours),),
        dollars=pretraining_cost(hours, published),
    )


# %%
notebook = WAYS["notebook"]
sixteen_bits = replace(notebook, quantised=False)
words = {
    "pre-train (or: retrain, from scratch)": pre,
    "fine-tune all weights": full,
    "fine-tune with LoRA, by this package's engine": computed(WAYS["default"]),
    "fine-tune with LoRA, by the notebook's cells": computed(sixteen_bits),
    "fine-tune with QLoRA, by the notebook's cells": computed(notebook),
}
*_, engine, in_16_bits, in_4_bits = words.values()
assert [one.weights for one in found] == [sizes[n] for n in (0, 0, 2)]
assert [engine.gpu_hours, in_4_bits.gpu_hours] == [hours for _, hours in lora.spans]
assert ends(in_4_bits.held) < ends(in_16_bits.held)
assert ends(in_4_bits.gpu_hours) >= ends(in_16_bits.gpu_hours)

# %% tags=["hide-input"]
from paper_repro.hardware.training_words import (
    beside_the_document,
    of_fine_tuning,
    printed_hours,
    rows,
    scientific,
)
from paper_repro.hardware.words import span
from paper_repro.site.shown import Plot, Sentence, Table
from paper_repro.verify.report.markdown import escape, table

columns = rows([*words.values()], scientific)[2:]
head = (f"on one {pre.card.name}, to …", *(name for name, _ in columns))
lines = zip(words, *(map(escape, cells) for _, cells in columns), strict=True)
Table(table(head, lines))

# %% [markdown]
# A dash means from the least to the most. Fine-tuning is counted for Level 2: its rows and epochs, at
# both sizes of frames that have a source. Of the last three rows each differs from the next in one
# thing. The first two differ in the code, and so in hours. The last two differ in the bits of the
# base, and so in memory; 4 bits save no hours, as they are unpacked at every use. (The notebook itself
# has 4 bits. Its cells with 16 are an estimate, with as many launches.)
#
# ## A rule of thumb, as a check
#
# Training takes six operations for each weight and token (Kaplan et al., arXiv 2001.08361): two
# forward, two back through the layers, two for the weight itself. Frozen weights spare the last two
# alone: to teach an adapter, a step still goes through the language model and back. (There is no way
# back through the vision tower, in which nothing is trained.)

# %%
from math import isclose

from paper_repro.hardware.flops import sample

tokens = published.language_tokens
rule = 6 * (qwen.language * tokens + qwen.parameters * published.multimodal_tokens)
print(f"pre-training: {rule:.2e}; above {float(pre.flops.low or 0):.2e}")
assert pre.flops == Interval.point(rule)

small = sample(config, *frames[0], stated.settings.text_tokens)
read = full.amount * qwen.language * small.tokens
seen = full.amount * qwen.vision * small.patches
all_of_it, adapters = (ends(one.flops)[0] for one in (full, engine))
print(f"all weights:  {6 * (read + seen):.2e}; above, at the least {all_of_it:.2e}")
print(f"LoRA:         {4 * read:.2e}; above, at the least {adapters:.2e}")
assert isclose(6 * (read + seen), all_of_it, rel_tol=0.02)
assert isclose(4 * read, adapters, rel_tol=0.1)

# %% tags=["hide-input"]
from paper_repro.hardware.training_figure import draw_trainings

printed = printed_hours(study, model.id)
said = [f"{one.name}: {span(one.gpu_hours)} card hours" for one in found]
Plot(lambda path: draw_trainings(found, path, printed), "; ".join(said))

# %% tags=["hide-input"]
beside = [*beside_the_document(study, model.id, found), *of_fine_tuning(found)]
Table("\n\n".join(map(escape, beside)))

# %% [markdown]
# ## The claims about the hierarchy, and their verdicts

# %%
from paper_repro.verify.finding import Stage
from paper_repro.verify.run import verify

headings = ("The Question", "What We", "The Training", "Key Terms", "Why This")
claims = [c for c in study.claims if study.places[c.id].startswith(headings)]
stages = [Stage.ARITHMETIC, Stage.INSTANTIATE]
report = verify(study, stages, only=[claim.id for claim in claims])
pairs = zip(claims, report.claims, strict=True)
for claim, judged in sorted(pairs, key=lambda pair: pair[0].line or 0):
    print(f"{claim.line:>3}  {judged.verdict:15}  {claim.quote}")
    if judged.verdict == "contradicted":
        ways = "; would hold at ".join([judged.found_text, *judged.reconciles])
        print(f"{'here: ':>28}{ways}")
    assert not judged.changed
    assert (judged.verdict == "not checked") == (claim.decided_by == ("hub",))

# %% [markdown]
# What the hub alone can tell is not checked here: `python -m paper_repro verify --stage hub`.
#
# ## The word itself
#
# The package's checker for manuscripts knows the word, and says what to write:

# %%
from paper_repro.manuscript.asked import Asked
from paper_repro.manuscript.check import check, may_matter
from paper_repro.manuscript.document import Manuscript
from paper_repro.manuscript.finding import Finding
from paper_repro.manuscript.readers.plain import passages


def checked(text: str) -> dict[str, Finding]:
    """What the checker has to say of a text, by the words that it is about."""
    read = Manuscript("paper.txt", text, passages(text, may_matter), False)
    return {each.text: each for each in check(read, Asked(study, True)).findings}


flagged = checked("We retrained Qwen2-VL-2B-Instruct with LoRA.")["retrained"]
print(f"{flagged.severity}: {flagged.message}\nwrite: {flagged.suggestion}")

# %% tags=["hide-input"]
name = model.hub.rpartition("/")[2]
new, share = f"{trained[2]:,}", f"{trained[2] / trained[0]:.2%}"
conclusion = Sentence(
    f"{name} was pre-trained by {model.publisher}, and none of its {trained[0]:,} weights were "
    f"trained again. It was fine-tuned with LoRA: as the document describes it, Level 2 trains {new} "
    f"parameters ({share} of the base), while the base and Level 1's {trained[1]:,} are frozen."
)
heard = checked(conclusion)
assert heard[new].verdict == "holds" and "holds" in heard[share].verdict
conclusion

# %% tags=["remove-cell"]
print(conclusion)
