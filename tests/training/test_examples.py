"""Rows as tokens: those of the real processor, labelled where the model has to write."""

from __future__ import annotations

import pytest

from paper_repro.data.rows import conversation
from paper_repro.engine import IGNORED
from paper_repro.errors import UserError
from paper_repro.miniature.config import processor as new_processor
from paper_repro.miniature.rows import Lessons
from paper_repro.training.examples import collate, encode, image_tokens, pixels
from tests.training.bench import SIZES, frame, row


@pytest.fixture(scope="module")
def processor():
    return new_processor()


@pytest.fixture(scope="module")
def rows():
    """Lessons of several kinds, a class, two points over two lines, and a tracking row."""
    return [
        *Lessons(8, seed=5),
        row("Which phase of the operation is this?", "tumor removal", [(300, 180)]),
        row(
            "Point to the curette and to the dura.",
            "<point x='5.0' y='99.9'>curette</point>\n<point x='50.1' y='0.0'>dura</point>",
        ),
        row("Track the curette.", "<point x='1.5' y='2.5'>curette</point>", SIZES[:3]),
    ]


def template(processor, row, **options):
    options = {"tokenize": False, **options}
    with_answer = not options.get("add_generation_prompt", False)
    return processor.apply_chat_template(conversation(row, with_answer), **options)


def test_ids_are_those_of_the_real_processor(processor, rows):
    made = encode(rows, processor).tokens
    for one, tokens in zip(rows, made, strict=True):
        whole = processor(text=[template(processor, one)], images=list(one.frames))
        assert list(tokens.ids) == whole["input_ids"][0]


def test_the_question_is_the_prompt_that_evaluation_asks(processor, rows):
    for one, tokens in zip(rows, encode(rows, processor).tokens, strict=True):
        text = template(processor, one, add_generation_prompt=True)
        asked = processor(text=[text], images=list(one.frames))
        assert list(tokens.ids[: tokens.answer.start]) == asked["input_ids"][0]


def test_labels_cover_the_answer_and_the_end_of_its_turn(processor, rows):
    batch = encode(rows, processor).batch(range(len(rows)))
    for one, labels in zip(rows, batch["labels"], strict=True):
        said = processor.tokenizer.decode(labels[labels != IGNORED])
        assert said == one.answer + "<|im_end|>"
    learned = batch["labels"] != IGNORED
    assert batch["labels"][learned].equal(batch["input_ids"][learned])


def test_an_answer_that_begins_with_a_line_break_keeps_the_prompt_as_it_is_asked(processor):
    odd = row("Where is the dura?", "\n\n <point x='1.0' y='2.0'>dura</point> \n")
    (tokens,) = encode([odd], processor).tokens
    text = template(processor, odd, add_generation_prompt=True)
    asked = processor(text=[text], images=list(odd.frames))
    assert list(tokens.ids[: tokens.answer.start]) == asked["input_ids"][0]
    assert processor.tokenizer.decode(tokens.ids[tokens.answer]) == odd.answer + "<|im_end|>"


def test_labels_of_the_notebook_are_the_whole_sequence(processor, rows):
    batch = encode(rows, processor, "sequence").batch(range(len(rows)))
    there = batch["attention_mask"] == 1
    assert batch["labels"][there].equal(batch["input_ids"][there])
    assert (batch["labels"][~there] == IGNORED).all() and not there.all()


@pytest.mark.parametrize("labels", ["answer", "sequence"])
def test_rows_are_padded_on_the_right_and_padding_is_never_learned(processor, rows, labels):
    made = encode(rows, processor, labels)
    batch = made.batch(range(len(rows)))
    lengths = [len(tokens.ids) for tokens in made.tokens]
    assert batch["input_ids"].shape == (len(rows), max(lengths))
    assert len(set(lengths)) > 3
    for place, length in enumerate(lengths):
        assert batch["attention_mask"][place].tolist() == [1] * length + [0] * (
            max(lengths) - length
        )
        assert batch["input_ids"][place, :length].tolist() == list(made.tokens[place].ids)
        assert (batch["input_ids"][place, length:] == processor.tokenizer.pad_token_id).all()
        assert (batch["labels"][place, length:] == IGNORED).all()


def test_a_batch_is_what_the_real_processor_makes_of_the_same_rows(processor, rows):
    theirs = processor(
        text=[template(processor, one) for one in rows],
        images=[picture for one in rows for picture in one.frames],
        padding=True,
        padding_side="right",
        return_tensors="pt",
    )
    ours = encode(rows, processor).batch(range(len(rows)))
    assert ours.pop("rows").tolist() == list(range(len(rows)))
    del ours["labels"]
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours)


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_takes_as_many_tokens_as_the_processor_gives_it(processor, size):
    grid = pixels(processor, [frame(size)])["image_grid_thw"]
    assert image_tokens(processor, *size) == int(grid.prod()) // 4
    (tokens,) = encode([row("Where?", "there", [size])], processor).tokens
    assert tokens.ids.count(processor.image_token_id) == int(grid.prod()) // 4


def test_every_frame_of_a_row_is_shown_in_its_order(processor, rows):
    made = encode(rows, processor)
    batch = made.batch([len(rows) - 1, 0])
    assert batch["image_grid_thw"].shape == (4, 3)
    alone = [pixels(processor, [picture])["pixel_values"] for picture in rows[-1].frames]
    parts = batch["pixel_values"].split([len(part) for part in alone] + [64])
    assert all(part.equal(other) for part, other in zip(parts, alone, strict=False))
    assert len(parts[-1]) == 64
    images = (batch["input_ids"][0] == processor.image_token_id).sum()
    assert images == batch["image_grid_thw"][:3].prod(1).sum() // 4
    assert batch["mm_token_type_ids"][0].sum() == images


def test_a_step_is_collated_when_it_is_asked_for(processor, rows):
    made = encode(rows, processor)
    batches = made.batches(((0, 1), (2,)))
    assert (len(batches), batches.samples, len(made)) == (2, 3, len(rows))
    wanted = made.batch([2])
    assert all(batches[1][name].equal(wanted[name]) for name in wanted)
    assert [len(batch["input_ids"]) for batch in batches] == [2, 1]


def test_a_row_that_is_too_long_is_refused_with_the_length_that_it_needs(processor, rows):
    length = len(encode(rows[:1], processor).tokens[0].ids)
    assert len(encode(rows[:1], processor, max_length=length).tokens) == 1
    with pytest.raises(UserError) as caught:
        encode(rows[:1], processor, max_length=length - 1)
    assert "Row 0 of split 'train' is too long" in str(caught.value)
    assert f"at most {length - 1} tokens" in str(caught.value)
    assert caught.value.next_command == f"the same command with --max-length {length}"


def test_rows_may_be_encoded_each_when_it_is_asked_for(processor, rows):
    """Endless rows are read one by one, and no others are looked at."""
    read = []

    class Watched(list):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    later = encode(Watched(rows), processor, at_once=False)
    assert len(later) == len(rows) and not read
    wanted, found = encode(rows, processor).batch([5, 2]), later.batch([5, 2])
    assert all(found[name].equal(wanted[name]) for name in wanted)
    assert set(read) == {5, 2}
    with pytest.raises(UserError, match="too long"):
        encode(rows, processor, max_length=9, at_once=False).batch([0])


def test_no_row_at_all_is_refused(processor):
    with pytest.raises(UserError, match="There is no row to train on"):
        encode([], processor)


def test_unknown_labels_are_refused(processor, rows):
    with pytest.raises(ValueError, match="expected 'answer' or 'sequence', got 'all'"):
        encode(rows, processor, "all")


@pytest.mark.parametrize("written", ["<|image_pad|>", "<|vision_start|><|image_pad|>"])
def test_a_question_that_writes_a_placeholder_itself_is_refused(processor, written):
    with pytest.raises(UserError) as caught:
        encode([row(f"What does {written} mean?", "a picture")], processor)
    assert caught.value.expected == "1 times <|image_pad|>" and caught.value.got == "2"


def test_a_template_that_writes_answered_questions_otherwise_is_refused():
    odd = new_processor()
    odd.chat_template = "{% if add_generation_prompt %}Q:{% else %}A:{% endif %}<|image_pad|>"
    with pytest.raises(UserError, match="answered question otherwise than an open one"):
        encode([row("Where?", "there")], odd)


def test_an_answer_without_an_end_of_turn_is_learned_whole():
    odd = new_processor()
    odd.chat_template = (
        "{% for m in messages %}{% for part in m['content'] %}"
        "{% if part['type'] == 'image' %}<|image_pad|>{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}{% endfor %}"
    )
    (tokens,) = encode([row("Where?", "there")], odd).tokens
    assert odd.tokenizer.decode(tokens.ids[tokens.answer]) == "there"
    assert tokens.answer.stop == len(tokens.ids)


def test_texts_of_one_length_need_no_padding(processor, rows):
    (tokens,) = encode(rows[:1], processor).tokens
    made = collate([tokens, tokens], processor, "answer")
    assert made["attention_mask"].all() and made["input_ids"].shape == (2, len(tokens.ids))
