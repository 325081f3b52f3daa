"""A miniature of Qwen2-VL: the real class and processor, 1.2 million random weights, toy frames.

``Bases(CONFIG, folder).fresh("float32")`` makes the model, and ``batch(model.config, seed, rows)``
a batch whose pixels went through the real image processor. Module names, grouped-query attention,
multimodal rotary positions and tied embeddings are those of the 2B model; what it learns is not.
Text is one token a byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paper_repro.quiet import captured

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, device
    from transformers import PretrainedConfig

SIDE = 112
"""Height and width of a frame in pixels: 8 × 8 patches, 4 × 4 image tokens."""
VISION_START, VISION_END, IMAGE, VIDEO = 128, 129, 130, 131
COLOURS = {"suction device": (200, 60, 60), "curette": (70, 90, 210)}
CONFIG: dict[str, Any] = {
    "architectures": ["Qwen2VLForConditionalGeneration"],
    "model_type": "qwen2_vl",
    "tie_word_embeddings": True,
    "vision_start_token_id": VISION_START,
    "vision_end_token_id": VISION_END,
    "image_token_id": IMAGE,
    "video_token_id": VIDEO,
    "text_config": {
        "model_type": "qwen2_vl_text",
        "vocab_size": 160,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "bos_token_id": None,
        "eos_token_id": None,
        "tie_word_embeddings": True,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            "mrope_section": [2, 3, 3],
        },
    },
    "vision_config": {
        "model_type": "qwen2_vl",
        "depth": 3,
        "embed_dim": 64,
        "hidden_size": 128,
        "num_heads": 4,
        "mlp_ratio": 4,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    },
}


def batch(
    config: PretrainedConfig, seed: int, rows: int, where: device | str = "cpu"
) -> dict[str, Tensor]:
    """Frames, questions and answers for any Qwen2-VL, the same for the same seed.

    Returns:
        ``input_ids``, ``attention_mask``, ``labels`` and ``mm_token_type_ids`` of [rows, tokens],
        ``pixel_values`` of [rows · 64, 1176] and ``image_grid_thw`` of [rows, 3]. Labels are the
        whole sequence, as in the notebook.
    """
    with captured():
        import torch

        random = np.random.default_rng(seed)
        drawn = [draw_frame(random) for _ in range(rows)]
        pixels = _processor()(images=[frame for frame, _ in drawn], return_tensors="pt")
    texts = [f"Point to the {name}.{answer}" for _, (name, answer) in drawn]
    width = max(map(len, texts))
    start = [
        config.vision_start_token_id,
        *[config.image_token_id] * 16,
        config.vision_end_token_id,
    ]
    ids = torch.tensor([[*start, *text.ljust(width).encode("ascii")] for text in texts])
    tensors = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "labels": ids.clone(),
        "mm_token_type_ids": (ids == config.image_token_id).int(),
        **pixels,
    }
    return {name: tensor.to(where) for name, tensor in tensors.items()}


def draw_frame(random: np.random.Generator) -> tuple[Image, tuple[str, str]]:
    """A frame with two discs under uneven light, and which disc is asked for, and where it is."""
    from PIL import Image

    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    light = 0.2 + 0.8 * np.exp(-2.5 * ((x - 0.3) ** 2 + (y - 0.4) ** 2))
    scene = np.broadcast_to(np.array([150.0, 90.0, 80.0]), (SIDE, SIDE, 3)).copy()
    centres = {}
    for name, colour in COLOURS.items():
        cx, cy = random.uniform(0.12, 0.88, 2)
        scene[(x - cx) ** 2 + (y - cy) ** 2 < 0.1**2] = colour
        centres[name] = (cx, cy)
    name = str(random.choice(list(COLOURS)))
    cx, cy = (100 * centre for centre in centres[name])
    frame = Image.fromarray((scene * light[..., None]).astype(np.uint8))
    return frame, (name, f"<point x='{cx:.1f}' y='{cy:.1f}'>{name}</point>")


def _processor() -> Any:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil,
    )

    return Qwen2VLImageProcessorPil(
        size={"shortest_edge": SIDE * SIDE, "longest_edge": SIDE * SIDE}
    )
