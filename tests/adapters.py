"""Small adapters, saved by the real PEFT as people save them, and ways to break them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from paper_repro.quiet import captured

Tensors = dict[str, torch.Tensor]
ATTENTION = ["q_proj", "v_proj"]


def small_config(width: int = 32) -> dict[str, Any]:
    """``config.json`` of a Qwen2-VL with two layers, ``width`` 32 or 64."""
    sections = {32: [1, 1, 2], 64: [2, 3, 3]}[width]
    return {
        "model_type": "qwen2_vl",
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "text_config": {
            "model_type": "qwen2_vl_text",
            "hidden_size": width,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "vocab_size": 64,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "rope_parameters": {
                "rope_type": "default", "rope_theta": 1e4, "mrope_section": sections,
            },
        },
        "vision_config": {
            "depth": 2, "embed_dim": 16, "num_heads": 2, "hidden_size": width, "mlp_ratio": 2,
        },
        "image_token_id": 3, "video_token_id": 4,
        "vision_start_token_id": 5, "vision_end_token_id": 6,
    }  # fmt: skip


def save_base(folder: Path, width: int = 32) -> Path:
    """A folder that holds a base's ``config.json`` alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(small_config(width)))
    return folder


def save_second_wrap(folder: Path, base: Path) -> Path:
    """What ``get_peft_model`` on a ``PeftModel`` saves: the notebook's cells, in small."""
    seven = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]
    first = save_adapter(folder / "unified", base, r=8, target_modules=seven)
    with captured():
        from peft import LoraConfig, PeftModel, get_peft_model

        level1 = PeftModel.from_pretrained(model_of(base), first, is_trainable=True)
        config = LoraConfig(r=4, target_modules=ATTENTION)
        trained(get_peft_model(level1, config)).save_pretrained(folder / "spatial")
    return folder / "spatial"


def model_of(folder: Path) -> Any:
    with captured():
        from transformers import AutoConfig, Qwen2VLForConditionalGeneration

        torch.manual_seed(0)
        model = Qwen2VLForConditionalGeneration(AutoConfig.from_pretrained(folder))
    model.name_or_path = str(folder)
    return model


def save_adapter(folder: Path, base: Path, **changes: Any) -> Path:
    """A trained-looking LoRA adapter, as PEFT saves it."""
    with captured():
        from peft import LoraConfig, get_peft_model

        config = {"r": 4, "target_modules": ATTENTION} | changes
        model = get_peft_model(model_of(base), LoraConfig(**config))
        trained(model).save_pretrained(folder)
    return folder


def trained(model: Any) -> Any:
    """As after some steps: no matrix is zero."""
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if ".lora_" in name and tensor.requires_grad:
                tensor.normal_(std=0.1)
    return model


def broken(
    adapter: Path,
    folder: Path,
    tensors: Callable[[Tensors], Tensors] = lambda found: found,
    **config: Any,
) -> Path:
    """A copy of an adapter with other tensors, or another config."""
    shutil.copytree(adapter, folder, dirs_exist_ok=True)
    save_file(tensors(load_file(adapter / "adapter_model.safetensors")),
              folder / "adapter_model.safetensors")  # fmt: skip
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def changed(
    part: str, change: Callable[[torch.Tensor], torch.Tensor]
) -> Callable[[Tensors], Tensors]:
    return lambda found: {
        name: change(tensor).contiguous() if part in name else tensor
        for name, tensor in found.items()
    }
