"""Greedy answers: the same alone and in a batch, ended where the model ends them, as they come."""

from __future__ import annotations

import copy
import time

import pytest

from paper_repro.data.rows import conversation
from paper_repro.errors import UserError
from paper_repro.evaluation.generate import answers, generate, prompts
from tests.evaluation import talker

SAMPLING = {"do_sample": True, "temperature": 5.0, "repetition_penalty": 9.0, "max_length": 1}


@pytest.fixture(scope="module")
def model():
    return talker.model()


def said(model, rows, batch_size, **options):
    made = generate(model, talker.processor(), rows, batch_size, **options)
    return [prediction.prediction for prediction in made]


def test_answers_do_not_depend_on_the_batch(model):
    rows = talker.rows(30, seed=3)
    alone = said(model, rows, 1)
    assert set(alone) == {answer for _, answer in talker.LESSONS}
    assert said(model, rows, 7) == said(model, rows, 30) == alone


def test_they_are_what_a_loop_without_cache_takes_as_the_likeliest(model):
    import torch

    tool, row = talker.processor(), talker.rows(1)[0]
    text = tool.apply_chat_template(
        conversation(row, False), tokenize=False, add_generation_prompt=True
    )
    answer = ""
    with torch.no_grad():
        while len(answer) < 80:
            inputs = tool(text=[text + answer], images=[row.image], return_tensors="pt")
            token = int(model(**inputs, use_cache=False).logits[0, -1].argmax())
            if token == tool.tokenizer.convert_tokens_to_ids("<|im_end|>"):
                break
            answer += tool.tokenizer.decode([token])
    assert answers(model, tool, [row]) == [answer] and len(answer) > 4


def test_what_was_learned_is_answered(model):
    rows = talker.rows(8)
    assert said(model, rows, 8) == [row.answer for row in rows]


def test_an_answer_is_cut_at_max_new_tokens(model):
    rows = talker.rows(8)
    cut = said(model, rows, 8, max_new_tokens=3)
    assert cut == [row.answer[:3] for row in rows]


def test_a_bases_own_settings_for_sampling_are_not_followed(model):
    rows = talker.rows(8)
    plain = said(model, rows, 8)
    sampling = copy.deepcopy(model)
    sampling.generation_config.update(**SAMPLING)
    assert said(sampling, rows, 8) == plain


def test_rows_are_read_when_they_are_needed_and_answers_come_at_once(model):
    read = []

    def one_by_one():
        for row in talker.rows(9):
            read.append(row.number)
            yield row

    made = generate(model, talker.processor(), one_by_one(), 4)
    first = next(made)
    assert read == [0, 1, 2, 3] and first.row == 0
    assert [prediction.row for prediction in made] == list(range(1, 9))


def test_a_prediction_says_what_was_asked_and_expected(model):
    row = talker.rows(1)[0]
    (made,) = generate(model, talker.processor(), [row])
    assert (made.row, made.split, made.task) == (row.number, row.split, row.task)
    assert (made.question, made.answer) == (row.question, row.answer)
    assert made.prediction == row.answer


def test_prompts_begin_as_training_does_and_are_padded_on_the_left():
    tool, rows = talker.processor(), talker.rows(3)
    batch = prompts(tool, rows)
    for row, ids, mask in zip(rows, batch["input_ids"], batch["attention_mask"], strict=True):
        whole = tool.apply_chat_template(conversation(row, True), tokenize=False)
        inputs = tool(text=[whole], images=[row.image], return_tensors="pt")["input_ids"][0]
        asked = ids[mask.bool()]
        assert inputs[: len(asked)].equal(asked)
        assert not mask[: len(ids) - len(asked)].any()
    alone = [prompts(tool, [row])["pixel_values"] for row in rows]
    for pixels, single in zip(batch["pixel_values"].chunk(3), alone, strict=True):
        assert pixels.equal(single)
    assert not batch["attention_mask"].all()


def test_nothing_reaches_the_terminal(model, capfd):
    said(model, talker.rows(2), 2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_four_hundred_rows_take_less_than_twenty_seconds(model):
    rows = talker.rows(400)
    began = time.monotonic()
    assert len(said(model, rows, 32)) == 400
    assert time.monotonic() - began < 20


@pytest.mark.gpu
def test_the_same_answers_on_a_card(model):
    rows = talker.rows(8)
    card = copy.deepcopy(model).to("cuda")
    assert said(card, rows, 8) == said(model, rows, 8)


@pytest.mark.gpu
def test_a_batch_that_the_card_does_not_hold_is_named(model):
    import torch

    card = copy.deepcopy(model).to("cuda")
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(torch.cuda.memory_reserved() / total)
    try:
        with pytest.raises(UserError, match="does not hold 400 rows") as error:
            said(card, talker.rows(400), 400)
        assert "--batch-size 200" in error.value.next_command
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
