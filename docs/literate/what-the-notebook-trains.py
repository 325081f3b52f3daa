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
# # What the notebook really trains
#
# The document shows the notebook's code in four steps, and says what each freezes and trains. This
# page runs them with the real Qwen2-VL classes and the real PEFT library: at true size on PyTorch's
# *meta* device, where tensors have shapes and no numbers, then small, with real numbers.

# %%
from paper_repro.study import load_study

study = load_study()
at_notebook = [c for c in study.claims if c.variant == "notebook"]
claims = [c for c in at_notebook if "instantiate" in c.decided_by]
for claim in claims:
    print(f"line {claim.line}: {claim.quote.strip().splitlines()[0]}")

# %% [markdown]
# ## Steps 1 and 2: the base, and Level 1's adapter
#
# The base is loaded in 4 bits, and the published adapter is put on it. To count, shapes are enough:
# we put on a new one of the same *r* and modules. PEFT calls an adapter without a name `default`.

# %%
from paper_repro.counting.build import as_nf4, meta_model
from paper_repro.quiet import captured
from paper_repro.training.levels import adapter_tensors, lora_config, trainable

with captured():
    import torch
    from peft import PeftModel, get_peft_model, prepare_model_for_kbit_training

torch.set_num_threads(1)
notebook = study.variant("notebook")
config = study.configs[study.base(notebook).id]
unified, spatial = study.stack(notebook)
for a in (unified, spatial):
    print(f"Level {a.level}: r={a.r} on {', '.join(a.target_modules)}")


def with_level1() -> PeftModel:
    """The base in 4 bits with Level 1 on it, at true size, without numbers."""
    with captured():
        return get_peft_model(as_nf4(meta_model(config)), lora_config(unified))


model = with_level1()
level1 = adapter_tensors(model)
loaded = trainable(model)
print(f"trainable: {loaded:,}")

# %% [markdown]
# `is_trainable=True` asks for the opposite of frozen: all of Level 1 is now trainable. But the
# notebook has one more line here, not shown in the document. It freezes whatever it finds:

# %%
with captured():
    prepare_model_for_kbit_training(model)
print(f"trainable: {trainable(model):,}")
assert trainable(model) == 0

# %% [markdown]
# Now all is as the prose says: base and Level 1 are frozen.
#
# ## Step 3: the new adapter
#
# `get_peft_model` expects a bare model, and gets one with Level 1 on it. PEFT warns:

# %%
with captured() as warned:
    model = get_peft_model(model, lora_config(spatial))
print(*(line.partition(". ")[0] for line in warned if "second time" in line))
wrapped = trainable(model)
print(f"trainable: {wrapped:,}")

# %% [markdown]
# Level 2 needs far fewer. Which are they? A matrix kept in `level1` is Level 1's, any other new.


# %%
def module(name: str) -> str:
    """``…layers.0.self_attn.q_proj.lora_A.default.weight`` → ``q_proj``."""
    return name.partition(".lora_")[0].rpartition(".")[2]


def trained(model: PeftModel) -> dict[str, int]:
    """Trainable weights by module."""
    found = dict.fromkeys(unified.target_modules, 0)
    for name, tensor in adapter_tensors(model).items():
        found[module(name)] += tensor.numel() * tensor.requires_grad
    return found


old = {id(tensor) for tensor in level1.values()}
now = adapter_tensors(model)
kept = {module(name) for name, tensor in now.items() if id(tensor) in old}
for name, count in trained(model).items():
    print(f"{name:10}{'Level 1' if name in kept else 'new':8}{count:>11,}")
assert sum(trained(model).values()) == wrapped
assert kept == set(unified.target_modules) - set(spatial.target_modules)

# %% [markdown]
# Two adapters of one name cannot lie side by side. Where both name a module, PEFT throws Level 1's
# matrices away and starts fresh ones. Where only Level 1 names it, its matrices stay, and as they
# are called `default` too, they are trained on. The same sum, by formula and without building:

# %%
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_parameters, second_wrap

qwen = architecture_of(config)
lower, upper = (LoraSpec(a.r, a.target_modules) for a in (unified, spatial))
new, rest = second_wrap(qwen, lower, upper)
assert new.parameters + rest.parameters == wrapped
assert lora_parameters(qwen, lower) == loaded

# %% [markdown]
# ## What was meant
#
# The document's diagram draws two adapters, the lower one frozen. In PEFT that takes two names.
# Three lines in place of `get_peft_model` do it, and nothing else before training changes:


# %%
def put_beside(model: PeftModel) -> None:
    """Level 2 beside Level 1, which rests."""
    model.add_adapter("spatial", lora_config(spatial))
    model.base_model.set_adapter(["default", "spatial"])  # type: ignore[operator]
    model.set_requires_grad("default", requires_grad=False)


with captured():
    stack = with_level1()
    prepare_model_for_kbit_training(stack)
    put_beside(stack)
meant = trainable(stack)
print(f"trainable: {meant:,}")
assert meant == lora_parameters(qwen, upper) == new.parameters

# %% [markdown]
# The first line adds an adapter under its own name. The second makes both take part, and trainable;
# so the third lets Level 1 rest again. What prints as 18M is on [Deriving 18M](deriving-18m.md).

# %% tags=["hide-input"]
from paper_repro.judging import read_printed
from paper_repro.site.figures import bars
from paper_repro.site.shown import Sentence

(words,) = {c.printed for c in claims if c.printed}
printed = read_printed(words).interval
assert wrapped not in printed and meant not in printed
fresh, trained_on = (", ".join(part.names) for part in (new, rest))
bars(
    "Trainable weights after each step",
    [
        ("Level 1 loaded: all seven modules of Level 1", loaded),
        ("prepared for 4 bits: none", 0),
        (f"wrapped again: {fresh}, new", new.parameters),
        (f"and {trained_on} of Level 1", rest.parameters),
        ("in all", wrapped),
        (f"what was meant: {fresh}, new", meant),
    ],
    (float(printed.low or 0), float(printed.high or 0)),
    f"prints as {words}",
)

# %% [markdown]
# ## The same steps with real numbers
#
# Shapes cannot show that what Level 1 learned is lost. So the steps run again on the package's
# miniature, a small Qwen2-VL whose trained Level 1 is loaded here as the notebook loads it.

# %%
from paper_repro.miniature import shipped
from paper_repro.training.levels import canonical
from safetensors.torch import load_file
from transformers import Qwen2VLForConditionalGeneration

folder = shipped("unified") / "adapter"
file = load_file(folder / "adapter_model.safetensors")
saved = {canonical(n).replace(".weight", ".default.weight"): file[n] for n in file}


def small() -> PeftModel:
    """The miniature with its Level 1, prepared."""
    base = Qwen2VLForConditionalGeneration.from_pretrained(shipped("base") / "base")
    model = PeftModel.from_pretrained(base, str(folder), is_trainable=True)
    prepare_model_for_kbit_training(model)
    return model


with captured():
    again, beside = get_peft_model(small(), lora_config(spatial)), small()
    put_beside(beside)
one, two = adapter_tensors(again), adapter_tensors(beside)
same = {module(name) for name in saved if one[name].equal(saved[name])}
zero = {module(name) for name in one if "_B" in name and not one[name].any()}
print(f"as saved: {', '.join(sorted(same))}; B = 0: {', '.join(sorted(zero))}")
assert same == kept and zero == set(spatial.target_modules)
untouched = [n for n in saved if two[n].equal(saved[n])]
print(f"put beside: {len(untouched)} of {len(saved)} matrices as saved")
assert untouched == [n for n in saved if not two[n].requires_grad] == list(saved)

# %% [markdown]
# *B* = 0 is how every LoRA adapter begins: there Level 1 is forgotten before training starts. What
# wrapping twice does to the saved file is on the page of [Option A](option-a.md).
#
# ## The verdicts
#
# `verify` replays the steps too, and trains for a few more on a miniature in 4 bits.

# %%
from paper_repro.verify.finding import Stage
from paper_repro.verify.run import verify

stages = [Stage.INSTANTIATE, Stage.TRAIN]
report = verify(study, stages, only=[claim.id for claim in claims])
for judged in report.claims:
    others = (f"{name}: {at.verdict}" for name, at in judged.by_variant.items())
    print(f"{judged.id}: {judged.verdict} ({judged.evidence})")
    print("  " + judged.formula.replace("; ", ";\n  "))
    print(f"  by variant: {', '.join(others)}")
assert wrapped in [judged.found for judged in report.claims]

# %% [markdown]
# So the document's design is sound, and three lines bring the code to it. Which adapter gave the
# results, only the author's files can say: this page has seen the code, not the run.

# %% tags=["hide-input"]
conclusion = Sentence(
    f"After the notebook's cells {wrapped:,} weights are trainable: {new.parameters:,} new ones "
    f"(r={new.r} on {fresh}) and {rest.parameters:,} of Level 1's (r={rest.r} on {trained_on}); "
    f"with adapters of two names it would be {meant:,}, and Level 1 would rest."
)
conclusion

# %% tags=["remove-cell"]
print(conclusion)
