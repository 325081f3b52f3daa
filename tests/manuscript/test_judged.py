"""Verdicts of numbers: by the study, by a record, by the text itself."""

from __future__ import annotations

import pytest

from paper_repro.counting.bases import resolve_base
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import ALL_LINEAR, LoraSpec, lora_parameters
from paper_repro.judging import Verdict
from tests.manuscript.texts import STUDY, checked, found, verdicts

STATED = (
    "We fine-tuned Qwen2-VL-2B-Instruct for pituitary surgery with LoRA (r=16 on q, k, v and o)"
)
CONVENTION = "holds under another convention"
SEVEN = (
    "We fine-tuned Qwen2-VL-2B-Instruct for pituitary surgery with LoRA (all seven linear modules)"
)


@pytest.mark.parametrize(
    ("before", "said", "rule", "verdict"),
    [
        (STATED, "4,358,144 parameters were trained", "trained-parameters", "holds"),
        (STATED, "4.36M parameters were trained", "trained-parameters", "holds when rounded"),
        (STATED, "18M parameters were trained", "trained-parameters", "contradicted"),
        (SEVEN, "18M parameters were trained", "trained-parameters", "holds when rounded"),
        (SEVEN, "4.36M parameters were trained", "trained-parameters", "contradicted"),
        (STATED, "0.1973 % of the base was trained", "trained-share", "holds when rounded"),
        (STATED, "0.194 % of the base was trained", "trained-share", CONVENTION),
        (STATED, "0.9 % of the model was trained", "trained-share", "contradicted"),
        (STATED, "less than 1 % of the model was trained", "trained-share", "holds"),
        (STATED, "99.8 % of the weights stay frozen", "trained-share", "holds when rounded"),
        (STATED, "95.2 % of the weights stay frozen", "trained-share", "contradicted"),
        (STATED, "the base has 2.2B parameters", "base-size", "holds when rounded"),
        (STATED, "the base has 7B parameters", "base-size", "contradicted"),
        (STATED, "training read 9,125 rows", "samples", "holds"),
        (STATED, "it was fine-tuned on 10,139 rows", "samples", "contradicted"),
        (STATED, "the data set has 10,139 rows in total", "samples", "holds"),
        (STATED, "we took 1,710 optimizer steps", "steps", "holds"),
        (STATED, "we took 1,900 optimizer steps", "steps", "contradicted"),
        (STATED, "training ran for 5 epochs", "epochs", "contradicted"),
        (STATED, "training took 6-8 hours", "hours", "underdetermined"),
        (STATED, "training took 5 minutes", "hours", "contradicted"),
        (STATED, "training ran on a T4 GPU", "card", "holds"),
        (STATED, "training ran on an A100 GPU", "card", "contradicted"),
    ],
)  # fmt: skip
def test_by_the_study(before, said, rule, verdict):
    told = verdicts(f"{before}. In this run {said}.")
    assert [word for (name, _), word in told.items() if name == rule] == [verdict]


def test_the_sentences_of_the_document_are_judged_as_its_claims_are():
    sentence = (
        "We fine-tuned Qwen2-VL-2B-Instruct (Alibaba, 2024) using LoRA adapters on 10,139 surgical "
        "frames, updating 18M parameters (0.9% of the model)."
    )
    told = verdicts(sentence)
    reviewed = {claim.id: claim.reviewed.value for claim in STUDY.claims}
    assert told["trained-parameters", "18M"] == reviewed["L2.sentence.count"]
    assert told["trained-share", "0.9%"] == reviewed["L2.sentence.percent"]
    assert told["samples", "10,139"] == reviewed["L2.frames"]


def test_what_is_true_of_another_variant_names_it():
    (wrong,) = [each for each in found(f"{STATED}, 18M parameters.") if each.severity == "error"]
    assert "variant seven-modules" in wrong.message and "18,464,768" in wrong.message
    assert wrong.suggestion == "4,358,144 (4.36M)"


def test_a_count_with_all_its_digits_names_its_variant():
    told = verdicts(
        "For PitVQA 32,571,392 parameters of Qwen2-VL-2B were trained (1.47 % of the base)."
    )
    assert set(told.values()) == {"holds", "holds when rounded"}


def test_a_variant_that_is_asked_for_decides():
    text = f"{STATED}; 18M parameters were trained."
    told = verdicts(text, variant=STUDY.variant("seven-modules"))
    assert told["trained-parameters", "18M"] == "holds when rounded"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("At Level 1 the PitVQA adapter has 36.9M LoRA weights.", "holds when rounded"),
        ("At Level 2 the PitVQA adapter has 36.9M LoRA weights.", "contradicted"),
        ("The PitVQA adapter has 36.9M LoRA weights.", "contradicted"),
        ("On top of the frozen PitVQA classification adapter 4,358,144 parameters train.", "holds"),
    ],
)  # fmt: skip
def test_levels(text, verdict):
    told = verdicts(text, "pitvqa")
    assert [told[key] for key in told if key[0] == "trained-parameters"][-1] == verdict


def test_a_heading_names_a_level():
    text = "# Level 1\n\nLoRA had a rank of 32.\n\n# Level 2\n\nLoRA had a rank of 32.\n"
    first, second = (each.verdict.value for each in found(text, "pitvqa"))
    assert (first, second) == ("holds", "contradicted")


def test_by_the_text_itself():
    told = verdicts(
        "We fine-tuned Llama-3.2-1B with LoRA (r=8 on q_proj and v_proj): 851,968 trainable "
        "parameters (0.069 % of the base). There are 1.7M trainable parameters.",
        "none",
    )
    assert told["trained-parameters", "851,968"] == "holds"
    assert told["trained-parameters", "1.7M"] == "contradicted"
    assert told["trained-share", "0.069 %"] == "holds when rounded"
    assert told["rank", "8"] == told["modules", "q_proj and v_proj"] == "not checked"


def test_a_share_of_what_a_text_prints():
    right = "We train 4.2M parameters (0.06 %) with LoRA; the base model has 6.7B parameters."
    wrong = right.replace("0.06", "0.6")
    assert verdicts(right, "none")["trained-share", "0.06 %"] == "holds when rounded"
    assert verdicts(wrong, "none")["trained-share", "0.6 %"] == "contradicted"


@pytest.mark.parametrize(("steps", "verdict"), [("750", "holds"), ("810", "contradicted")])
def test_steps_of_rows_batch_and_epochs(steps, verdict):
    text = (
        "LoRA was trained on 4,000 training samples for 3 epochs, effective batch size 16: "
        f"{steps} optimizer steps."
    )
    assert verdicts(text, "none")["steps", steps] == verdict


@pytest.mark.parametrize("steps", ["750", "752", "753"])
def test_steps_with_the_remainder_dropped_carried_or_kept(steps):
    text = (
        "LoRA was trained on 4,010 training samples for 3 epochs, with a batch size of 4 and 4 "
        f"gradient accumulation steps, in {steps} optimizer steps."
    )
    assert verdicts(text, "none")["steps", steps] == "holds"
    assert verdicts(text.replace(steps, "757"), "none")["steps", "757"] == "contradicted"


def test_all_linear_layers_may_reach_into_the_tower_or_not():
    architecture = architecture_of(resolve_base("Qwen/Qwen2-VL-2B-Instruct")[1])
    text = "LoRA (r=16 on all linear layers) of Qwen2-VL-2B-Instruct trains {} parameters."
    forms = (architecture.language_names, (ALL_LINEAR,))
    small, large = (f"{lora_parameters(architecture, LoraSpec(16, each)):,}" for each in forms)
    assert small != large
    for count, verdict in ((small, "holds"), (large, "holds"), ("19,464,768", "contradicted")):
        assert verdicts(text.format(count), "none")["trained-parameters", count] == verdict


def test_several_ranks_decide_nothing():
    text = "With LoRA on q_proj and v_proj of Llama-3.2-1B, r=8 and r=16 train 851,968 parameters."
    assert verdicts(text, "none")["trained-parameters", "851,968"] == "not checked"


def test_a_base_that_is_named_by_the_user():
    text = "LoRA (r=8 on q_proj and v_proj) trains 4,194,304 parameters."
    key = "trained-parameters", "4,194,304"
    assert verdicts(text, "none")[key] == "not checked"
    assert verdicts(text, "none", base="meta-llama/Llama-2-7b-hf")[key] == "holds"


def test_all_seven_are_not_the_four_of_another_variant():
    text = "LoRA was on all seven linear modules."
    for variant, verdict in (("stated", "contradicted"), ("seven-modules", "holds")):
        told = verdicts(text, variant=STUDY.variant(variant), study="pitvqa")
        assert list(told.values()) == [verdict]


def test_a_question_states_nothing():
    text = "The PitVQA adapter has 18M LoRA weights"
    assert verdicts(f"{text}.", "pitvqa") and not verdicts(f"{text}?", "pitvqa")


def test_two_bases_decide_nothing():
    text = "LoRA (r=8 on q_proj and v_proj) of Llama-3.2-1B trains 851,968 parameters. {}"
    key = "trained-parameters", "851,968"
    assert verdicts(text.format(""), "none")[key] == "holds"
    assert verdicts(text.format("Llama-2-7B needs more."), "none").get(key) != "holds"


def test_the_size_in_a_name_is_a_denominator_whatever_its_letter():
    text = "LoRA (r=8 on q_proj and v_proj) on meta-llama/Llama-2-7b-hf trains 0.06 % of the model."
    assert verdicts(text, "none")["trained-share", "0.06 %"] == "holds when rounded"
    text = text.replace("0.06 %", "0.0599 %")
    (told,) = [each for each in found(text, "none") if each.rule == "trained-share"]
    assert told.verdict.value == "holds under another convention"
    assert "the size in the model's name" in told.message


@pytest.mark.parametrize(
    "text",
    [
        "LLaVA-7B has 7B parameters.",
        "Smith et al. trained 4M parameters with LoRA (r=8) for 5 epochs.",
        "Chen and colleagues fine-tuned on 20,000 images.",
        "# Related work\n\nLoRA was used there with r=64 and 100M trainable parameters.",
        "# References\n\n1. Doe, J. Fine-tuning with LoRA, r=64, on one A100 GPU. 2023.",
    ],
)
def test_other_peoples_work_is_not_judged(text):
    assert verdicts(text, "pitvqa") == {}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("The adapter pitvqa-qwen2vl-spatial has 18M LoRA weights.", True),
        ("LoRA was trained on 9,125 training samples.", True),
        ("We fine-tuned Qwen2-VL-2B for pituitary surgery.", True),
        ("We fine-tuned Qwen2-VL-2B on chest X-rays with LoRA, r=8.", False),
        ("We fine-tuned Llama-3.2-1B for surgery with LoRA, r=8.", False),
    ],
)
def test_which_texts_the_study_judges(text, named):
    assert ("pitvqa" in checked(text).judged_by) is named


def test_severities_follow_verdicts():
    from paper_repro.manuscript.finding import OF_VERDICT

    assert set(OF_VERDICT) == set(Verdict)
    for each in found(f"{STATED}; 18M parameters, 0.9 % of the model, in 6-8 hours of training."):
        assert each.kind == "term" or each.severity == OF_VERDICT[each.verdict]
