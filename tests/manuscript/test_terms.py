"""Rules on words: their own examples, denials, quotations, facts and swaps."""

from __future__ import annotations

import pytest

from paper_repro.judging import Verdict
from paper_repro.manuscript.check import _FACTS
from paper_repro.manuscript.numbers.patterns import pattern
from paper_repro.manuscript.terms import facts
from paper_repro.manuscript.terms.facts import RunFacts
from paper_repro.manuscript.terms.rules import rules
from tests.manuscript.texts import STUDY, checked, found, read

BY_ID = {rule.id: rule for rule in rules()}
WRONG = [(rule.id, text) for rule in rules() for text in rule.wrong]
RIGHT = [(rule.id, text) for rule in rules() for text in rule.right]


def terms(text, study="none", **asked):
    told = checked(text, study, **asked).findings
    return [each.rule for each in told if each.kind == "term"]


def test_every_rule_has_examples_reasons_and_a_source():
    assert len(BY_ID) == len(rules())
    for rule in rules():
        assert rule.wrong and rule.right and rule.source and len(rule.why) > 40
        assert any((rule.yes, rule.unknown, rule.no))
        assert rule.fact or (rule.yes and rule.no is None)


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_example_is_flagged(name, text):
    study = "pitvqa" if name == "frames-for-rows" else "none"
    assert name in terms(text, study)


@pytest.mark.parametrize(("name", "text"), RIGHT)
def test_a_right_example_is_not(name, text):
    told = [each for each in found(text, "none") if each.kind == "term"]
    assert name not in [each.rule for each in told]
    assert all(each.severity == "note" for each in told)


@pytest.mark.parametrize("rule", rules(), ids=list(BY_ID))
def test_a_rule_looks_at_no_sentence_without_its_stems(rule):
    for text in rule.wrong:
        hit = [
            each
            for each in found(text, "pitvqa" if not rule.flagged else "none")
            if each.rule == rule.id
        ]
        assert any(stem in hit[0].sentence.lower() for stem in rule.stems)


DENIED = [
    "We did not {}.",
    "We never {}.",
    "Rather than what others call it, to {} was avoided.",
    "Nobody {}.",
    "It would be wrong to say that we {}.",
    "Reviewers said: “we {}”.",
    'They wrote "we {}" in their paper.',
    "The command is `we {}`.",
    "> We {}.",
]


@pytest.mark.parametrize("frame", DENIED)
def test_what_is_denied_or_quoted_is_not_flagged(frame):
    text = frame.format("retrained the model with LoRA from scratch")
    assert not {"retrained", "from-scratch"} & set(terms(text))


@pytest.mark.parametrize(
    "text",
    [
        "We not only retrained the model but added LoRA.",
        "Without new labels, we retrained the model with LoRA.",
        "Unlike Smith et al., we retrained the model with LoRA.",
        "LoRA was not used before, but we retrained the model.",
    ],
)
def test_a_denial_of_something_else_excuses_nothing(text):
    assert "retrained" in terms(text)


@pytest.mark.parametrize(
    ("text", "severity"),
    [("We retrained Qwen2-VL with LoRA.", "error"), ("We retrained Qwen2-VL.", "warning")],
)
def test_a_fact_decides_how_severe_it_is(text, severity):
    (told,) = [each for each in found(text, "none") if each.rule == "retrained"]
    assert told.severity == severity
    assert told.verdict.value == ("contradicted" if severity == "error" else "underdetermined")


def test_the_study_is_a_source_of_facts():
    (told,) = [
        each for each in found("We retrained Qwen2-VL-2B on PitVQA.") if each.rule == "retrained"
    ]
    assert told.severity == "error"
    (told,) = [
        each
        for each in found("One gets the identical model when one trains again.", "pitvqa")
        if each.rule == "identical-model"
    ]
    assert told.severity == "error"


def test_facts_of_a_text():
    assert facts.of_text("A CNN was trained.") == RunFacts()
    assert facts.of_text("We used QLoRA with a seed of 42.") == RunFacts(True, True, True)
    assert facts.of_text("No seed was fixed for the adapters.") == RunFacts(True, None, False)


def test_the_first_source_that_knows_decides():
    variant = facts.of_variant(STUDY, STUDY.variant("notebook"))
    assert variant == RunFacts(True, True, False, False)
    said = RunFacts(adapters=None, four_bits=None, seeded=True)
    assert facts.first(variant, said) == variant
    assert facts.first(RunFacts(), said).seeded is True


@pytest.mark.parametrize(
    "text",
    [
        "Qwen2-VL was pre-trained by Alibaba; adapters came later.",
        "Smith et al. trained a 7B parameter model from scratch.",
        "The Qwen team trained a 2B parameter model; LoRA is ours.",
    ],
)
def test_other_people_may_train_models(text):
    assert all(each.severity == "note" for each in found(text, "none") if each.kind == "term")


def test_the_special_rule_speaks_alone():
    told = terms("The model was trained from scratch with LoRA.")
    assert told == ["from-scratch"]
    assert terms("We trained a 2B parameter model with LoRA.") == ["trained-model-of-size"]


def test_a_note_is_told_once_a_text():
    text = "We fine-tuned it with LoRA.\n\nWe fine-tuned it with LoRA; frozen base, frozen base."
    told = terms(text)
    assert told.count("lora-fine-tuning") == 1
    assert told.count("frozen-base") <= 1


def test_a_rule_may_look_at_the_whole_text():
    text = "We used LoRA on a base in NF4."
    assert "lora-is-qlora" in terms(text)
    assert "lora-is-qlora" not in terms(text + "\n\nThis is QLoRA.")


@pytest.mark.parametrize(
    ("name", "words", "swap"),
    [
        ("retrained", "retrained", "fine-tuned"),
        ("retrained", "Re-training", "Fine-tuning"),
        ("model-name", "Qwen-VL2", "Qwen2-VL"),
        ("from-scratch", "from scratch", ""),
    ],
)
def test_swaps(name, words, swap):
    assert BY_ID[name].swapped(words) == swap


def test_rows_are_not_frames():
    text = "The adapter was fine-tuned on 9,125 training {}."
    assert "frames-for-rows" in terms(text.format("frames"), "pitvqa")
    assert "frames-for-rows" not in terms(text.format("rows"), "pitvqa")
    assert "frames-for-rows" not in terms(text.format("frames"), "none")


def test_patterns_are_whatever_the_case():
    assert pattern("lora", "|rank").search("LoRA") and pattern("lora", "|rank").search("RANK")
    assert [sentence.lower for sentence in read("LoRA It Is")] == ["lora it is"]


def test_a_note_gives_way_to_an_error_about_the_same_words():
    assert terms("Using LoRA, we fully fine-tuned the network.") == ["full-fine-tuning"]
    assert terms("We used LoRA. We fully fine-tuned the network.") == ["full-fine-tuning"]
    assert terms("We fine-tuned the network with LoRA.") == ["lora-fine-tuning"]


def test_a_section_on_others_is_not_on_this_work():
    text = "With LoRA the network was fully fine-tuned."
    assert terms(text) == ["full-fine-tuning"]
    assert not terms(f"# What others do\n\n{text}")
    assert terms(f"# What others do\n\nOur LoRA: {text}") == ["full-fine-tuning"]


def test_a_base_in_sixteen_bits_is_no_qlora():
    text = "It fits where NF4 does. We used LoRA; the base is kept frozen."
    assert "lora-is-qlora" in terms(text)
    assert "lora-is-qlora" not in terms(text.replace("frozen", "frozen in bfloat16"))


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.fact and rule.unknown])
def test_where_a_fact_is_not_known_the_message_says_what_it_rests_on(rule):
    told = [each for text in rule.wrong for each in found(text, "none") if each.rule == rule.id]
    unknown = [each for each in told if each.verdict is Verdict.UNDERDETERMINED]
    assert all(each.message.startswith(f"If {_FACTS[rule.fact]}: ") for each in unknown)
    assert rule.fact in _FACTS


def test_what_a_message_rests_on_is_said_in_words():
    (told,) = found("We retrained the model.", "none")
    assert told.message.startswith("If adapters were trained: ")
    (known,) = found("We retrained the model with LoRA.", "none")[:1]
    assert not known.message.startswith("If ")
