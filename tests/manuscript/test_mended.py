"""Numbers as newcomers and held-out texts wrote them: each was read wrongly once."""

from __future__ import annotations

import pytest

from paper_repro.judging import Verdict
from tests.manuscript.readers.reading import reading, words
from tests.manuscript.texts import found, verdicts


def test_an_item_of_a_list_names_the_level_of_what_stands_within():
    text = (
        "- **mmrech/pitvqa-qwen2vl-unified**\n  - Rank: 32\n    - more\n  - LoRA rank 32\n"
        "- mmrech/pitvqa-qwen2vl-spatial\n  - LoRA rank 16\n\nThe LoRA rank is 16.\n"
    )
    ranks = [each for each in found(text) if each.rule == "rank"]
    assert [each.line for each in ranks] == [2, 4, 6, 8]
    assert {each.verdict for each in ranks} == {Verdict.HOLDS}


def test_an_item_that_goes_on_for_long_names_nothing():
    long = "pitvqa-qwen2vl-unified " + "and so on " * 20
    told = found(f"- {long}\n  - LoRA rank 16\n")
    assert [each.verdict for each in told if each.rule == "rank"] == [Verdict.HOLDS]


def test_a_batch_counts_wherever_it_stands():
    text = "We fine-tuned on 9,600 rows for 2 epochs.\n\nBatch size: 16\n\nIt took 1,200 steps."
    assert verdicts(text, "none")["steps", "1,200"] == "holds"


def test_a_share_may_stand_in_a_sentence_of_its_own():
    tuned = "We fine-tuned Llama-3.1-8B with r=16 on `q_proj` and `v_proj`."
    told = verdicts(f"{tuned} That is 0.085 % of the base.", "none")
    assert told["trained-share", "0.085 %"] == "holds when rounded"
    text = "The village has 400 people. That is 0.085 % of the model."
    assert not verdicts(text, "none")


@pytest.mark.parametrize(
    "text",
    [
        "A Finnish agency trained a LoRA with rank 64 for ten epochs.",
        "Another recent paper fine-tuned a 13B model for 3 epochs.",
        "A later version may be trained for ten epochs with rank 64.",
        "A run with rank 64 over ten epochs is planned.",
        "# What others do\n\nFor three epochs a LoRA with rank 64 was trained.",
        "The history of surgery falls into three epochs.",
        "Reading took 4 minutes on average.",
        "Radiographers were trained on the new console for two days.",
        "She found an error in 9 % of those by the machine; 18M parameters were trained.",
    ],
)
def test_what_says_nothing_of_the_run(text):
    told = verdicts(text, "none")
    assert not [name for name, _ in told if name != "trained-parameters"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We fine-tuned on letters; 410 rulings were held out.", "410"),
        ("From our corpus 620 discharge letters were set aside for testing.", "620"),
    ],
)
def test_rows_of_any_kind_may_be_held_out(text, said):
    assert verdicts(text, "none") == {("samples", said): "not checked"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PitVQA has 9 125 training rows.", {("samples", "9 125"): "holds"}),
        ("Level 2 125 rows of PitVQA were for training.", {("samples", "125"): "contradicted"}),
        (
            "PitVQA: 1,014 of the 10,139 pairs were held out.",
            {("samples", "1,014"): "holds", ("samples", "10,139"): "holds"},
        ),
        (
            "PitVQA: the vision encoder (665M parameters) of the base (2.2B parameters) is frozen.",
            {("base-size", "2.2B"): "holds when rounded"},
        ),
        (
            "Of PitVQA's 2.2 billion parameters, of which 4.36 million (0.2%) were trained.",
            {
                ("base-size", "2.2 billion"): "holds when rounded",
                ("trained-parameters", "4.36 million"): "holds when rounded",
                ("trained-share", "0.2%"): "holds when rounded",
            },
        ),
        (
            "On PitVQA we updated 4.36 million (0.2 %) of its parameters.",
            {
                ("trained-parameters", "4.36 million"): "holds when rounded",
                ("trained-share", "0.2 %"): "holds when rounded",
            },
        ),
        (
            "Qwen2-VL-2B-Instruct (2.2B parameters) learns pituitary surgery.",
            {("base-size", "2.2B"): "holds when rounded"},
        ),
        (
            "PitVQA: 9,125 training and 1,014 test questions.",
            {("samples", "9,125"): "holds", ("samples", "1,014"): "holds"},
        ),
    ],
)
def test_numbers_as_newcomers_wrote_them(text, said):
    assert verdicts(text, "pitvqa") == said


def test_four_bit_storage_is_no_whole_where_nothing_is_in_four_bits():
    text = "We fine-tuned Llama-2-7B with r=8 on `q_proj` and `v_proj`, 0.12% of its weights."
    assert verdicts(text, "none")["trained-share", "0.12%"] == "contradicted"
    told = verdicts(text.replace("We", "In NF4 we"), "none")
    assert told["trained-share", "0.12%"] == "holds under another convention"


def test_a_table_whose_first_row_has_a_number_has_no_head(tmp_path):
    rows = "Trainable params & 18M \\\\\nEpochs & 3 \\\\\n"
    text = f"\\begin{{tabular}}{{ll}}\n{rows}\\end{{tabular}}"
    assert words(reading(tmp_path, "a.tex", text)) == ["Trainable params | 18M", "Epochs | 3"]
    headed = text.replace("18M", "Value")
    assert words(reading(tmp_path, "b.tex", headed)) == [
        "Trainable params: Epochs | Value · Epochs: 3"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Base and spatial adapter together count 2,213,343,744 parameters in total.",
            {("total-parameters", "2,213,343,744"): "holds"},
        ),
        (
            "All told, 2,213,343,744 parameters in total.",
            {("total-parameters", "2,213,343,744"): "holds under another convention"},
        ),
        (
            "Its base has 2.21B parameters, and the sum is 2.25B parameters in total.",
            {
                ("base-size", "2.21B"): "holds when rounded",
                ("total-parameters", "2.25B"): "holds when rounded",
            },
        ),
        (
            "pitvqa-qwen2vl-unified is a LoRA adapter with r=16.",
            {("rank", "16"): "contradicted"},
        ),
        (
            "It was trained on 9,125 pairs and tested on 1,014 held-out ones.",
            {("samples", "9,125"): "holds", ("samples", "1,014"): "holds"},
        ),
        (
            "A total of 9,125 video frames were used to train the adapter.",
            {("samples", "9,125"): "holds"},
        ),
        ("Full fine-tuning would update all 2.2 billion parameters of the base.", {}),
        (
            "The 2B base model has seen neither endoscopes nor theatres.",
            {("base-size", "2B"): "holds when rounded"},
        ),
        ("Two surgeons labelled 300 images twice.", {}),
        ("No adapter of rank 32 was trained, and no run with rank 64 was made.", {}),
        ("LoRA: no more than rank 16 was needed.", {("rank", "16"): "holds"}),
        (
            "In total the model has 2,250,273,280 parameters.",
            {("total-parameters", "2,250,273,280"): "holds"},
        ),
        (
            "It has 4,358,144 trainable parameters and 2.2B parameters in the base.",
            {
                ("trained-parameters", "4,358,144"): "holds",
                ("base-size", "2.2B"): "holds when rounded",
            },
        ),
        (
            "6 to 8 h on a T4",
            {("hours", "6 to 8 h"): "underdetermined", ("card", "T4"): "holds"},
        ),
        (
            "The first stage had rank 32 on all seven linear modules.",
            {("rank", "32"): "holds", ("modules", "all seven linear modules"): "holds"},
        ),
        (
            "The adapter sits on the attention projections q_proj, k_proj, v_proj and o_proj.",
            {("modules", "q_proj, k_proj, v_proj and o_proj"): "holds"},
        ),
        ("The reviewer asks how 18M trainable parameters can arise.", {}),
        ("Our abstract used to say that 18M parameters were trained.", {}),
        ("If we had forty A100 cards, we would fine-tune on them.", {}),
        (
            "At Level 1, its 36.9M LoRA weights were frozen afterwards.",
            {("trained-parameters", "36.9M"): "holds when rounded"},
        ),
        (
            "In total, base and both adapters have 2,250,273,280 parameters, of which 0.194 % were "
            "trained.",
            {
                ("total-parameters", "2,250,273,280"): "holds",
                ("trained-share", "0.194 %"): "holds when rounded",
            },
        ),
        ("PitVQA: residents walked 8,000 steps a day.", {}),
        ("0.2 % of the model", {("trained-share", "0.2 %"): "holds when rounded"}),
        ("The talk, which took 2 hours, was about LoRA runs.", {}),
        (
            "Trained for three epochs: 1,710 steps.",
            {("epochs", "three"): "holds", ("steps", "1,710"): "holds"},
        ),
        (
            "The collection holds 10,139 question-answer pairs in total.",
            {("samples", "10,139"): "holds"},
        ),
        ("| Part | |\n|---|---|\n| Training pairs | 9,125 |", {("samples", "9,125"): "holds"}),
        (
            "An adapter for dialects: base model Llama-3.2-1B, rank 32.",
            {("base-model", "Llama-3.2-1B"): "contradicted", ("rank", "32"): "contradicted"},
        ),
        (
            "Base and trained adapter together come to 2,213,343,744 parameters.",
            {("total-parameters", "2,213,343,744"): "holds"},
        ),
        (
            "What is stored is a 4.36M-parameter adapter.",
            {("trained-parameters", "4.36M"): "holds when rounded"},
        ),
        ("## Level 2\n\nHere the rank is 16.", {("rank", "16"): "holds"}),
        (
            "Training has three epochs, or 1,910 optimizer steps, with a warm-up of 10 %.",
            {("epochs", "three"): "holds", ("steps", "1,910"): "contradicted"},
        ),
        ("All of it was done on one T4.", {("card", "T4"): "holds"}),
        ("The judges were trained in a workshop of four hours.", {}),
        (
            "LoRA trains 4.36M parameters. Of the language model alone, it is 0.28 % of the "
            "language model.",
            {
                ("trained-parameters", "4.36M"): "holds when rounded",
                ("trained-share", "0.28 %"): "holds when rounded",
            },
        ),
    ],
)
def test_numbers_as_held_out_texts_wrote_them(text, said):
    assert verdicts(text, "pitvqa") == said


@pytest.mark.parametrize("name", ["Qwen2-VL", "Qwen2-VL-7B-Instruct"])
def test_a_name_without_the_size_of_the_base_does_not_name_the_study(name):
    assert verdicts(f"We fine-tuned {name} on surgical questions with rank 16.")["rank", "16"] == (
        "not checked"
    )


def test_the_base_that_was_tuned_decides_among_several():
    tuned = "We fine-tuned Mistral-7B-v0.1 with r=16 on `q_proj` and `v_proj`: 6,815,744 weights."
    told = verdicts(f"{tuned} Touvron et al. trained Llama-2-7B on two trillion tokens.", "none")
    assert told["trained-parameters", "6,815,744"] == "holds"
    both = verdicts(f"{tuned} We fine-tuned Llama-2-7B too.", "none")
    assert both["trained-parameters", "6,815,744"] == "not checked"


@pytest.mark.parametrize(("steps", "said"), [("1,713", "holds"), ("1,712", "contradicted")])
def test_steps_hold_as_either_trainer_counts_them(steps, said):
    assert verdicts(f"Training took {steps} optimizer steps.", "pitvqa")["steps", steps] == said


def test_the_size_of_another_s_base_is_not_the_own_one_s():
    """The own base cannot be counted offline; the other one can."""
    tuned = "We fine-tuned SmolLM2-1.7B with LoRA. It has 1.7 billion parameters in the base."
    told = verdicts(f"Sato et al. fine-tuned Llama-2-7B.\n\n{tuned}", "none")
    assert told["base-size", "1.7 billion"] == "not checked"


@pytest.mark.parametrize(
    "text",
    [
        "PitVQA: nobody has tried rank 64 on these rows.",
        "PitVQA: we did not train 18M parameters.",
        "PitVQA was read. Chen and Ruiz fine-tuned Llama-2-13B with LoRA at rank 64.",
        "PitVQA: the paper by Lindqvist [14] reports 4.2M trainable parameters and 12 epochs.",
        "See PitVQA. US 2023/0000000 describes a model with 70 billion trainable parameters.",
        "PitVQA: two residents trained in surgery read each question; a third settled 7 % of them.",
    ],
)
def test_what_others_did_or_nobody(text):
    assert not [each for each in found(text, "pitvqa") if each.rule != "samples"]
