"""The tiny base before it has learned anything: config, tokenizer, processor, random weights.

Class, module names, grouped-query attention, multimodal rotary positions, tied embeddings, chat
template and special tokens are those of Qwen2-VL-2B; only the sizes differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from paper_repro.counting.build import build_model
from paper_repro.data.labels import PHASES, STEPS
from paper_repro.data.processor import build_processor
from paper_repro.miniature.frames import SIDE
from paper_repro.miniature.lessons import PHASE_QUESTION, POINTING, STEP_QUESTION, texts
from paper_repro.miniature.things import NAMED
from paper_repro.quiet import captured

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
VOCABULARY = 640
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONFIG: dict[str, Any] = {
    "architectures": ["Qwen2VLForConditionalGeneration"],
    "model_type": "qwen2_vl",
    "tie_word_embeddings": True,
    "vision_start_token_id": SPECIAL.index("<|vision_start|>"),
    "vision_end_token_id": SPECIAL.index("<|vision_end|>"),
    "image_token_id": SPECIAL.index("<|image_pad|>"),
    "video_token_id": SPECIAL.index("<|video_pad|>"),
    "text_config": {
        "model_type": "qwen2_vl_text",
        "vocab_size": VOCABULARY,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "bos_token_id": SPECIAL.index("<|endoftext|>"),
        "eos_token_id": SPECIAL.index("<|im_end|>"),
        "pad_token_id": SPECIAL.index("<|endoftext|>"),
        "tie_word_embeddings": True,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e4,
            "mrope_section": [4, 6, 6],
        },
    },
    "vision_config": {
        "model_type": "qwen2_vl",
        "depth": 3,
        "embed_dim": 128,
        "hidden_size": 128,
        "num_heads": 4,
        "mlp_ratio": 2,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    },
}


def fresh_base(seed: int, device: str = "cpu") -> tuple[PreTrainedModel, Any]:
    """An untrained miniature in float32 and its processor; the same weights for the same seed."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build_model(CONFIG, "cpu", "float32")
    return model.to(device), processor()  # type: ignore[arg-type]


def processor() -> Any:
    """Tokenizer, image processor and chat template; no file is read."""
    with captured():
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
            Qwen2VLImageProcessorPil,
        )

        side = {"shortest_edge": SIDE * SIDE, "longest_edge": SIDE * SIDE}
        return build_processor(_tokenizer(), Qwen2VLImageProcessorPil(size=side), TEMPLATE)


def _tokenizer() -> Any:
    """Byte-level BPE as Qwen's, digits apart, learned from the sentences of all levels."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(_sentences(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )


def _sentences() -> Iterable[str]:
    classes = [name.replace("_", " ") for name in (*PHASES, *STEPS)]
    asked = [question.format(name) for question in POINTING for name in NAMED]
    named = [f"'>{name}<" for name in NAMED]
    return [*texts(0, 4000), *([PHASE_QUESTION, STEP_QUESTION, *classes, *asked, *named] * 20)]
