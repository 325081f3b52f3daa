"""The loss of a micro-batch, at the labelled tokens alone.

For every sample the mean over its labelled tokens; for an effective batch the mean over its
samples. So the loss does not depend on how an effective batch is cut, and at one sample a
micro-batch it is that of the notebook (1 × 16). The vocabulary is scored only where there is a
label, and a frozen vision tower is never part of the backward pass, whatever hooks gradient
checkpointing has put on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paper_repro.quiet import captured
from paper_repro.training.positions import positions
from paper_repro.training.tower import tower_outputs

if TYPE_CHECKING:
    from torch import Tensor, nn

IGNORED = -100
"""Label of a token that is not learned."""
FEATURES = "features"
"""Key of a micro-batch for ready tower outputs, in place of ``pixel_values``."""


def summed_loss(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """The sum over samples of the mean over each sample's labelled tokens, in nats; a scalar.

    Args:
        model: a Qwen2-VL, bare or wrapped by PEFT however often.
        batch: ``input_ids``, ``attention_mask``, ``labels`` and ``mm_token_type_ids`` of
            [samples, tokens], ``image_grid_thw`` of [pictures, 3], and ``pixel_values`` of
            [patches, 1176] or ``features`` of [image tokens, width].
    """
    from torch.nn.functional import cross_entropy

    whole = unwrapped(model)
    labels = batch["labels"][:, 1:]
    kept = labels != IGNORED
    hidden = whole.model(**_inputs(whole, batch), use_cache=False).last_hidden_state
    logits = whole.lm_head(hidden[:, :-1][kept]).float()
    tokens = cross_entropy(logits, labels[kept], reduction="none")
    # a weighted sum, not one by sample: on a card that would add in any order
    weights = (1 / kept.sum(1)).unsqueeze(1).expand(kept.shape)[kept]
    total: Tensor = (tokens * weights).sum()
    return total


def unwrapped(model: nn.Module) -> Any:
    """The Qwen2-VL itself, with the adapters' layers inside it."""
    whole: Any = model
    while hasattr(whole, "get_base_model"):
        whole = whole.get_base_model()
    return whole


def tower_is_frozen(whole: Any) -> bool:
    """Whether no parameter of the vision tower is trained."""
    return not any(tensor.requires_grad for tensor in whole.model.visual.parameters())


def set_checkpointing(model: nn.Module, on: bool) -> None:
    """Recompute the language model's layers in the backward pass, or keep their activations.

    Without re-entrance, so that no input has to require gradients: PEFT's way marks the outputs of
    the vision tower as well, and the frozen tower becomes part of the backward pass.
    """
    whole = unwrapped(model)
    with captured():
        whole.disable_input_require_grads()
        if on:
            whole.gradient_checkpointing_enable({"use_reentrant": False})
            for module in whole.model.visual.modules():
                if hasattr(module, "gradient_checkpointing"):
                    module.gradient_checkpointing = False
        else:
            whole.gradient_checkpointing_disable()


def _inputs(whole: Any, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What the model is called with: words and pictures embedded, and every token's positions."""
    grid, mask = batch["image_grid_thw"], batch["attention_mask"]
    image = batch["mm_token_type_ids"] == 1
    words = whole.get_input_embeddings()(batch["input_ids"])
    return {
        "inputs_embeds": words.masked_scatter(image.unsqueeze(-1), _features(whole, batch, words)),
        "attention_mask": mask,
        "position_ids": positions(image, mask, grid, whole.model.visual.spatial_merge_size),
    }


def _features(whole: Any, batch: Mapping[str, Tensor], words: Tensor) -> Tensor:
    import torch

    if FEATURES in batch:
        return batch[FEATURES].to(words.dtype)
    with torch.set_grad_enabled(torch.is_grad_enabled() and not tower_is_frozen(whole)):
        return tower_outputs(whole, batch["pixel_values"], batch["image_grid_thw"]).to(words.dtype)
