"""Layers as one product, against PEFT's own layers: outputs and every gradient."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from paper_repro.engine.weights import wide

TOKENS = 21
SHAPES = {"narrower": (48, 20), "as wide": (24, 24), "wider": (20, 48)}


class Beside(nn.Module):
    """Two layers that read the same input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)

    def forward(self, x):
        return torch.cat([self.one(x), self.other(x)], dim=1)


def wrapped(inputs, outputs, both):
    """With a frozen adapter, and a trained one on ``other``, or on both; no B is zero."""
    torch.manual_seed(0)
    lower = LoraConfig(r=3, lora_alpha=5, target_modules=["one", "other"])
    model = get_peft_model(Beside(inputs, outputs), lower, adapter_name="lower")
    names = ["one", "other"] if both else ["other"]
    model.add_adapter("upper", LoraConfig(r=2, lora_alpha=3, target_modules=names))
    model.base_model.set_adapter(["lower", "upper"])
    for name, tensor in model.named_parameters():
        tensor.requires_grad_(".upper." in name)
        if "lora_" in name:
            nn.init.normal_(tensor)
    return model


@pytest.mark.parametrize("as_one", [True, False])
@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layers", [1, 2])
def test_outputs_and_gradients_are_those_of_peft(layers, shape, both, as_one):
    model = wrapped(*SHAPES[shape], both).double()
    inner = model.base_model.model
    x, above = torch.randn(TOKENS, SHAPES[shape][0]), torch.randn(TOKENS, layers * SHAPES[shape][1])
    x, above = x.double().requires_grad_(), above.double()
    chosen = [inner.one, inner.other][-layers:]
    trained = [t for layer in chosen for t in layer.parameters() if t.requires_grad]

    def found(run):
        out = run(x)
        return [out.detach(), *torch.autograd.grad((out * above).sum(), [x, *trained])]

    theirs = found(lambda x: torch.cat([layer(x) for layer in chosen], dim=1))
    made = wide(chosen, torch.float64, number=0)._replace(as_one=as_one)
    for own, wanted in zip(found(lambda x: made(x, None)), theirs, strict=True):
        torch.testing.assert_close(own.double(), wanted, rtol=1e-5, atol=1e-5)


def test_an_update_is_seen_once_copies_are_renewed():
    model = wrapped(24, 24, both=True)
    layer = model.base_model.model.other
    made, x = wide([layer], torch.float32, number=0), torch.randn(TOKENS, 24)
    with torch.no_grad():
        before = made(x, None)
        layer.lora_A["upper"].weight.mul_(1.5)
        layer.lora_B["upper"].weight.mul_(-0.5)
        assert made(x, None).equal(before)
        made.refresh()
        torch.testing.assert_close(made(x, None), layer(x))
