"""What a sentence states in numbers, and what it does not."""

from __future__ import annotations

import pytest

from tests.manuscript.texts import read, stated

LORA = " The adapter is LoRA's."


def told(text):
    return [(each.rule, each.text, each.about) for each in stated(text) if each.sentence.start == 0]


@pytest.mark.parametrize(
    ("text", "rule", "words", "about"),
    [
        ("We update 18M parameters.", "trained-parameters", "18M", ""),
        ("18.5 million LoRA weights are stored.", "trained-parameters", "18.5 million", ""),
        ("4,358,144 parameters were trained.", "trained-parameters", "4,358,144", ""),
        ("Trainable parameters: 18,464,768", "trained-parameters", "18,464,768", ""),
        ("A 32M adapter is loaded; 32M adapters.", "trained-parameters", "32M", ""),
        ("A 2B-parameter model is used.", "base-size", "2B", ""),
        ("The 2B base model is frozen.", "base-size", "2B", ""),
        ("The base's 2.2 billion parameters stay.", "base-size", "2.2 billion", ""),
        ("The remaining 2.2B parameters remain frozen.", "base-size", "2.2B", ""),
        ("all params: 2,227,450,368", "total-parameters", "2,227,450,368", ""),
        ("With the adapter there are 2.25B parameters in total.", "total-parameters", "2.25B", ""),
        ("Only 0.9 % of the model is trained.", "trained-share", "0.9 %", "base"),
        ("It trains 0.83% of all parameters.", "trained-share", "0.83%", "total"),
        ("It trains 0.84% of the frozen base.", "trained-share", "0.84%", "base"),
        ("1.2% of the language model is tuned.", "trained-share", "1.2%", "language"),
        ("trainable%: 0.829", "trained-share", "0.829", "total"),
        ("We train 0.2 % of base and adapters.", "trained-share", "0.2 %", "total"),
        ("LoRA with r=16 is used.", "rank", "16", ""),
        ("A rank-16 LoRA adapter is used.", "rank", "16", ""),
        ("The LoRA rank (r) was set to 16.", "rank", "16", ""),
        ("lora_r: 16", "rank", "16", ""),
        ("16 is the rank of our LoRA matrices.", "rank", "16", ""),
        ("The rank was 32 for the lower adapter and 16 for the spatial one.", "rank", "16", ""),
        ("It took 1,710 optimizer steps.", "steps", "1,710", ""),
        ("max_steps: 1710", "steps", "1710", ""),
        ("We trained for three epochs.", "epochs", "three", ""),
        ("num_train_epochs=3", "epochs", "3", ""),
        ("Training took 6-8 hours.", "hours", "6-8 hours", ""),
        ("Fine-tuning ran for 45 min.", "hours", "45 min", ""),
        ("We trained on a single NVIDIA T4.", "card", "T4", ""),
        ("Training ran on two A100 GPUs.", "card", "A100", ""),
        ("The data set comprises 10,139 rows.", "samples", "10,139", "all"),
        ("We fine-tuned on 9,125 samples.", "samples", "9,125", "train"),
        ("There are 9,125 training samples.", "samples", "9,125", "train"),
        ("1,014 held-out rows were scored.", "samples", "1,014", "validation"),
        ("9,125 were used for training.", "samples", "9,125", "train"),
        ("Base model: Qwen2-VL-2B-Instruct", "base-model", "Qwen2-VL-2B-Instruct", ""),
    ],
)  # fmt: skip
def test_a_statement(text, rule, words, about):
    assert (rule, words, about) in told(text + LORA)


@pytest.mark.parametrize(
    "text",
    [
        "The accuracy was 80.3 % on 4 phases of 25 videos in 2024.",
        "A warm-up of 10 % and a dropout of 0.05 were used.",
        "The correlation was r = 0.45.",
        "T4 tumours were excluded.",
        "We looked at 30 training images of the data set.",
        "We came 16th; a rank of 16 among 40 teams is no shame.",
        "See pages 12-15 and reference 16.",
        "Surgery took 3 hours.",
        "Residents train for 40 hours on a simulator.",
        "A batch of 16 samples is drawn at each step.",
        "Every 100 steps a checkpoint is written.",
        "The 2B suffix is part of the name Qwen2-VL-2B.",
        "It was trained two years ago and read two hours later.",
    ],
)
def test_what_is_no_statement(text):
    assert [each for each in told(text) if each[0] != "base-model"] == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("LoRA on q, k, v and o.", {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("LoRA on `q_proj` and `v_proj`.", {"q_proj", "v_proj"}),
        ("LoRA on the query and value projections.", {"q_proj", "v_proj"}),
        ("LoRA on q/k/v/o.", {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("LoRA on the four attention projections.", {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("LoRA on gate_proj, up_proj and down_proj.", {"gate_proj", "up_proj", "down_proj"}),
    ],
)
def test_modules_by_their_names(text, names):
    assert [each.stated for each in stated(text) if each.rule == "modules"] == [names]


@pytest.mark.parametrize(
    "text",
    ["LoRA on all seven linear modules.", "LoRA on all linear layers.", "LoRA, all-linear layers."],
)
def test_all_modules(text):
    assert [each.stated for each in stated(text) if each.rule == "modules"] == ["all linear"]


def test_a_list_item_may_be_a_rank_alone():
    assert [(each.rule, each.text) for each in stated("- r = 16")] == [("rank", "16")]


def test_minutes_are_hours():
    (took,) = [each for each in stated("Training took 45 minutes.") if each.rule == "hours"]
    assert float(took.printed.exact) == 0.75


def test_what_stays_frozen_is_the_other_share():
    (share,) = [s for s in stated("More than 99 % of the weights stay frozen.")]
    assert share.frozen and share.rule == "trained-share"


def test_a_table_gives_its_heads_and_its_rows_names():
    table = "| quantity | value |\n| --- | --- |\n| LoRA rank | 16 |\n| Epochs | 3 |\n"
    assert [(each.rule, each.text) for each in stated(table)] == [("rank", "16"), ("epochs", "3")]
    table = "| adapter | trainable parameters |\n| --- | --- |\n| LoRA | 4.36M |\n"
    assert [(each.rule, each.text) for each in stated(table)] == [("trained-parameters", "4.36M")]


def test_sentences_end_at_stops_and_not_at_abbreviations():
    text = "Smith et al. (2024) used LoRA, e.g. r=16. We did too. See Fig. 3 for r=8! Is it 0.9 %?"
    said = [sentence.text.strip() for sentence in read(text)]
    assert said == [
        "Smith et al. (2024) used LoRA, e.g. r=16.",
        "We did too.",
        "See Fig. 3 for r=8!",
        "Is it 0.9 %?",
    ]


def test_a_sentence_that_never_ends_is_read_in_parts():
    words = "we train the adapter of the model " * 1_000
    parts = read(words)
    assert max(len(part.text) for part in parts) <= 4_000
    assert "".join(part.text for part in parts).strip() == words.strip()
