"""Ask a model about frames: greedy answers, several rows at a time, as they come.

``generate(model, processor, rows)`` yields one prediction a row, in the order of the rows, after
each batch. Prompts are padded on the left, so that all answers of a batch begin at the same place;
in float32 a row's answer does not depend on the batch that it is in. Nothing is sampled: whatever a
base's own ``generation_config.json`` says, the likeliest token is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from paper_repro.data.rows import Row, conversation
from paper_repro.errors import UserError
from paper_repro.evaluation.loading import Loaded
from paper_repro.evaluation.predictions import Prediction, unanswered
from paper_repro.quiet import captured

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn

END = "<|im_end|>"
"""The token with which Qwen2-VL ends its turn."""
MAX_NEW_TOKENS = 256
"""Where an answer is cut off: about ten points in the paper's form."""
BATCH = 32


def generate(
    model: nn.Module,
    processor: Any,
    rows: Iterable[Row],
    batch_size: int = BATCH,
    max_new_tokens: int = MAX_NEW_TOKENS,
) -> Iterator[Prediction]:
    """The model's answer to every row; rows are read as they are needed.

    Args:
        model: a Qwen2-VL, bare or with adapters, on the device where it is to run.
        batch_size: rows that are asked together.

    Raises:
        UserError: the card's memory does not hold a batch.
    """
    waiting = iter(rows)
    while batch := list(islice(waiting, batch_size)):
        for row, said in zip(batch, answers(model, processor, batch, max_new_tokens), strict=True):
            yield replace(unanswered(row), prediction=said)


def answers(
    model: nn.Module, processor: Any, rows: Sequence[Row], max_new_tokens: int = MAX_NEW_TOKENS
) -> list[str]:
    """What the model answers to these rows, asked together.

    Raises:
        UserError: the card's memory does not hold them.
    """
    import torch

    inputs = prompts(processor, rows)
    with captured(), torch.inference_mode():
        try:
            inputs = inputs.to(_device(model))
            said = model.eval().generate(  # type: ignore[operator]
                **inputs, generation_config=_greedy(processor, max_new_tokens)
            )
        except torch.cuda.OutOfMemoryError as error:
            raise _no_room(len(rows), error) from None
    return _texts(processor, said[:, inputs["input_ids"].shape[1] :])


def ask(loaded: Loaded, picture: Image, question: str) -> str:
    """What a loaded model answers to one question about one picture."""
    row = Row(0, "asked", (picture,), "image", question, "", "asked", None, (), {})
    return answers(loaded.model, loaded.processor, [row])[0]


def prompts(processor: Any, rows: Sequence[Row]) -> Any:
    """The rows' questions up to where the assistant begins, padded on the left.

    Returns:
        A batch of ``input_ids``, ``attention_mask`` and ``mm_token_type_ids`` of [rows, tokens],
        ``pixel_values`` of [patches, 1176] and ``image_grid_thw`` of [pictures, 3].
    """
    texts = [
        processor.apply_chat_template(
            conversation(row, with_answer=False), tokenize=False, add_generation_prompt=True
        )
        for row in rows
    ]
    frames = [frame for row in rows for frame in row.frames]
    with captured():
        return processor(
            text=texts, images=frames, padding=True, padding_side="left", return_tensors="pt"
        )


def _greedy(processor: Any, max_new_tokens: int) -> Any:
    from transformers import GenerationConfig

    tokenizer = processor.tokenizer
    end = tokenizer.convert_tokens_to_ids(END)
    return GenerationConfig(
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,
        max_new_tokens=max_new_tokens,
        eos_token_id=end,
        pad_token_id=end if tokenizer.pad_token_id is None else tokenizer.pad_token_id,
    )


def _texts(processor: Any, tokens: Tensor) -> list[str]:
    """Answers without the token that ends them and what follows it."""
    end = processor.tokenizer.convert_tokens_to_ids(END)
    rows = [row[: row.index(end)] if end in row else row for row in tokens.tolist()]
    return [
        text.strip()
        for text in processor.tokenizer.batch_decode(rows, clean_up_tokenization_spaces=False)
    ]


def _device(model: nn.Module) -> Any:
    return next(model.parameters()).device


def _no_room(rows: int, error: Exception) -> UserError:
    smaller = f"--batch-size {rows // 2}" if rows > 1 else "--device cpu"
    return UserError(
        f"The card's memory does not hold {rows} rows at once.",
        expected="room for the model, its cache and one batch",
        got=str(error).partition(". ")[0],
        next_command=f"run the same again with {smaller}",
    )
