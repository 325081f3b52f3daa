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
# # 0.9 % of what?
#
# A percentage is a division, and the document's readers see only its result. This page does the
# division with everything that can stand above the line and everything that can stand beneath it,
# and sees which of them print as the document does.

# %%
from paper_repro.counting.denominators import LABELS
from paper_repro.judging import read_printed
from paper_repro.study import load_study

study = load_study()
claims = [c for c in study.claims if c.quantity.endswith(".percent")]
for claim in claims:
    print(f"line {claim.line}: {claim.printed}, of {LABELS[claim.denominator]}")

own = study.claim("L2.document.percent")
nine = read_printed(own.printed or "").interval
print(f"{own.printed} stands for anything in {nine} %")

# %% [markdown]
# ## The document's own division
#
# Its breakdown lists base and adapters. The last number over their sum:

# %%
from paper_repro.counting.denominators import denominators, percent
from paper_repro.study.document import document_sum

lines = [study.claim(id) for id in study.document.breakdown]
numbers = [int((line.printed or "").replace(",", "")) for line in lines]
share = percent(numbers[-1], sum(numbers))
print(" + ".join(f"{number:,}" for number in numbers), f"= {sum(numbers):,}")
print(f"{numbers[-1]:,} of that: {float(share):.3f} %")
assert sum(numbers) == document_sum(study)
assert share in nine

# %% [markdown]
# The division is right. What about the numbers?
#
# ## Above the line
#
# What is trained can be read in several ways ([Deriving 18M](deriving-18m.md) counts them twice):

# %%
from paper_repro.counting.families import architecture_of
from paper_repro.hardware.estimate import adapters_of

model = study.base(study.variant("stated"))
qwen = architecture_of(study.configs[model.id])
adapters = {v.id: adapters_of(study, v) for v in study.variants}
trained = {id: each.trained for id, each in adapters.items()}
for v in study.variants:
    print(f"{v.id:14}{trained[v.id]:>11,}  {v.title}")

# %% [markdown]
# ## Beneath the line
#
# The rows of the next table are what people divide by; each is right if it is named. The columns give
# the counts above in percent of it. (In the second row each is divided by a whole of its own; the
# number is that of the stated stack.) An arrow marks what prints as the document does.

# %%
wholes, shares = {}, {}
for id, each in adapters.items():
    there = each.trained + each.frozen
    wholes[id] = denominators(qwen, there, sum(numbers), model.nominal)
    for name, whole in wholes[id].items():
        shares[id, name] = percent(trained[id], whole)
fits = [key for key in shares if shares[key] in nine]
of = {name for _, name in fits}
assert {id for id, _ in fits} == {"seven-modules"} and not of & {"base", "total"}

# %% tags=["hide-input"]
from pathlib import Path

from paper_repro.hardware.figures import AMBER, BLUE, GREY, TEAL, style, write
from paper_repro.site.shown import Plot, Sentence, Table
from paper_repro.verify.report.markdown import table

counts = (f"{id}, {count / 1e6:.1f}M" for id, count in trained.items())
rows = []
for name, whole in wholes["stated"].items():
    keys = [(id, name) for id in trained]
    cells = ("→ " * (key in fits) + f"{float(shares[key]):.3f}" for key in keys)
    rows.append((f"{LABELS[name]}, {whole:,}", *cells))
percentages = Table(table(("percent of", *counts), rows, numbers=len(trained)))
percentages

# %% tags=["remove-cell"]
print(percentages)


# %% tags=["hide-input"]
def draw(path: Path) -> None:
    """A row for each denominator, a mark for each variant, the printed percentage across."""
    import matplotlib

    names, colours = list(wholes["stated"]), (AMBER, BLUE, TEAL)
    low, high = (float(end or 0) for end in (nine.low, nine.high))
    with matplotlib.rc_context(style("share")):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        axes = figure.add_subplot(xscale="log", xlabel="percent that is trained")
        axes.axvspan(low, high, color=GREY, alpha=0.4)
        for id, colour, mark in zip(trained, colours, "soD", strict=True):
            marks = [float(shares[id, name]) for name in names]
            axes.plot(marks, range(len(names)), mark, color=colour, label=id)
        axes.set_yticks(range(len(names)), [LABELS[name] for name in names])
        axes.set(ylim=(len(names) - 0.5, -0.5), xticks=(0.2, 0.5, 0.9, 2))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.tick_params(axis="x", which="minor", labelbottom=False)
        figure.legend(loc="outside upper right", ncols=3, frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        write(figure, path)


said = ", ".join(f"{variant} of {LABELS[name]}" for variant, name in fits)
Plot(draw, f"Shares by denominator; {own.printed} is {said}")

# %% [markdown]
# The adapter that the document describes is left of the band whatever it is divided by.
#
# ## In 4 bits, a sum counts bytes
#
# The last row needs a word. The notebook holds the base in 4 bits, two weights in a byte, and then
# PyTorch's own count of numbers, `numel()`, counts bytes. We load the package's miniature so:

# %%
from paper_repro.counting.bases import read_config
from paper_repro.counting.denominators import packed_parameters
from paper_repro.counting.instantiate import count_instantiated
from paper_repro.counting.lora import LoraSpec
from paper_repro.miniature import shipped
from paper_repro.quiet import captured
from paper_repro.training.levels import lora_config

with captured():
    from peft import get_peft_model
    from transformers import BitsAndBytesConfig
    from transformers import Qwen2VLForConditionalGeneration as Qwen2VL

    folder, cpu = shipped("base") / "base", {"": "cpu"}
    nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    small = Qwen2VL.from_pretrained(folder, quantization_config=nf4, device_map=cpu)
config = read_config(folder / "config.json")
naive = sum(tensor.numel() for tensor in small.parameters())
print(f"{architecture_of(config).parameters:,} weights, a naive sum says {naive:,}")
assert naive == packed_parameters(architecture_of(config))

# %% [markdown]
# PEFT knows, and counts such a byte as two. But it divides by base and adapters together: one more
# percentage. (The last line is of the true size, on PyTorch's *meta* device, with Level 1 beneath.)

# %%
unified, spatial = study.stack(study.variant("stated"))
with captured():
    wrapped = get_peft_model(small, lora_config(spatial))
wrapped.print_trainable_parameters()
new, everything = wrapped.get_nb_trainable_parameters()
assert everything == architecture_of(config).parameters + new
parts = (new / (everything - new), new / naive)
print("of the base {:.4%}, of the naive sum {:.4%}".format(*parts))

low, top = (LoraSpec(a.r, a.target_modules) for a in (unified, spatial))
built = count_instantiated(study.configs[model.id], [low, top], quantize="nf4")
packed = built.stored - sum(built.adapters)
print(f"{packed:,} numbers of the base in 4 bits; {built.total:,} weights in all")
assert packed == wholes["stated"]["packed-4bit"]
assert built.total == wholes["stated"]["total"]
assert built.adapters[-1] == trained["stated"]

# %% [markdown]
# ## The verdicts
#
# `verify` finds this again, with the real PEFT too. At the end is what would reconcile the last line.

# %%
from paper_repro.verify.finding import Stage
from paper_repro.verify.run import verify

stages = [Stage.ARITHMETIC, Stage.INSTANTIATE]
report = verify(study, stages, only=[claim.id for claim in claims])
for claim, judged in zip(claims, report.claims, strict=True):
    where = f"line {claim.line}, {claim.printed}"
    print(f"{where}: {judged.verdict}, {judged.found_text}")
print(*judged.reconciles, sep="\n")
assert judged.printed == own.printed and len(judged.reconciles) == len(fits)

# %% [markdown]
# So the older script's adapter makes the figure right, if such a whole is named. If results come from
# the described one, it is more sparing than the document says. (That it is below 1 % holds.)
#
# ## The sentence to write
#
# It names the count, the share and the whole. The checker for manuscripts reads it and the document's:

# %% tags=["hide-input"]
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_variant
from paper_repro.writing.formats import words_of

written = words_of(compose(of_variant(study, study.variant("stated")), "sentence"))
Sentence(written)

# %%
from paper_repro.manuscript.asked import Asked
from paper_repro.manuscript.check import check, may_matter
from paper_repro.manuscript.document import Manuscript
from paper_repro.manuscript.readers.plain import passages


def errors(text: str) -> list[str]:
    """What the checker finds wrong in a sentence."""
    read = Manuscript("paper.txt", text, passages(text, may_matter), False)
    found = check(read, Asked(study, always=True)).findings
    return [each.text for each in found if each.severity == "error"]


printed = study.claim("L2.sentence.percent").quote
print(f"as printed: {errors(printed)}\nto write:   {errors(written)}")
assert own.printed in errors(printed) and not errors(written)

# %% tags=["hide-input"]
named = " or ".join(LABELS[name] for _, name in fits)
base_share, all_share = (float(shares["stated", of]) for of in ("base", "total"))
conclusion = Sentence(
    f"{own.printed} is right for {trained['seven-modules']:,} weights, of {named}; the adapter that "
    f"the document describes has {trained['stated']:,}, which is {base_share:.2f} % of the base's "
    f"{qwen.parameters:,} and {all_share:.2f} % of base and adapters together."
)
conclusion

# %% tags=["remove-cell"]
print(conclusion)
