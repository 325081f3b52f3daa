"""Read the language model's weights off a Qwen2-VL that transformers and PEFT have put together.

``read(whole, dtype)`` gives the :class:`Decoder`. A 4-bit base is unpacked once, to the numbers
that bitsandbytes computes with; one in the type of the products moves into the wide weights, of
which the model then holds views, so that there is one copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from paper_repro.engine.decoder import Decoder, Layer, Shape
from paper_repro.engine.dropout import thresholds
from paper_repro.engine.wide import Piece, Wide

if TYPE_CHECKING:
    from torch import Tensor

NUMBERS = 64
"""Of dropout, for each layer: more than it has adapters."""


class Adapter(NamedTuple):
    """A LoRA adapter on one linear layer.

    Attributes:
        place: of the layer among those that are one product.
        name: PEFT's.
    """

    place: int
    name: str
    a: Tensor
    b: Tensor
    scale: float
    dropout: float


def linears_are_frozen(whole: Any) -> bool:
    """Whether no linear layer of the language model's base is trained."""
    layers = whole.model.language_model.layers
    return not any(
        _base(linear).weight.requires_grad
        for each in layers
        for group in _groups(each)
        for linear in group
    )


def read(whole: Any, dtype: torch.dtype, as_one: bool = True, kernel: bool = False) -> Decoder:
    """The language model of a Qwen2-VL with or without adapters.

    Args:
        whole: the model inside all wrappers.
        dtype: of the products.
        as_one: see :class:`Wide`.
        kernel: see :class:`Shape`.

    Raises:
        ValueError: an adapter is none that is understood here, or stands where none is expected.
    """
    text = whole.model.language_model
    _refuse_others(whole, text)
    config = text.config
    heads = config.num_attention_heads
    head = whole.lm_head.weight
    made = Decoder(
        layers=tuple(_layer(each, place, dtype, as_one) for place, each in enumerate(text.layers)),
        words=text.embed_tokens.weight,
        norm=text.norm.weight,
        head=head if head.requires_grad else head.detach().to(dtype),
        frequencies=text.rotary_emb.inv_freq.float(),
        shape=Shape(
            heads=heads,
            key_heads=config.num_key_value_heads,
            head_width=config.hidden_size // heads,
            epsilon=config.rms_norm_eps,
            sections=tuple(config.rope_parameters["mrope_section"]),
            kernel=kernel,
        ),
    )
    if kernel:
        import paper_repro.engine.card.attention
        import paper_repro.engine.card.gated  # noqa: F401  both are torch operators from here on
        from paper_repro.engine.card.renew import Copy, renewal

        made.renew = renewal(Copy(*each) for wide in made.wides for each in wide.copies())
    return made


def wide(linears: Sequence[Any], dtype: torch.dtype, number: int) -> Wide:
    """Linear layers with the same input as one.

    Args:
        linears: torch's, bitsandbytes', or PEFT's LoRA layers around either.
        number: of the first adapter, for dropout.
    """
    bases = [_base(linear) for linear in linears]
    adapters = _adapters(linears)
    ends = list(accumulate(base.out_features for base in bases))
    ranks = list(accumulate((len(adapter.a) for adapter in adapters), initial=0))
    pieces = tuple(
        Piece(
            ranks=(first, first + len(adapter.a)),
            outputs=(ends[adapter.place] - bases[adapter.place].out_features, ends[adapter.place]),
            scale=adapter.scale,
            dropout=adapter.dropout,
            trained=adapter.a.requires_grad,
        )
        for first, adapter in zip(ranks, adapters, strict=False)
    )
    spread = [(1 / (1 - adapter.dropout), len(adapter.a)) for adapter in adapters]
    device = bases[0].weight.device
    made = Wide(
        block=_block(bases, ends, ranks[-1], dtype),
        bias=_bias(bases, dtype),
        numbers=torch.arange(number, number + len(pieces), dtype=torch.int32, device=device),
        least=thresholds([piece.dropout for piece in pieces]).to(device),
        kept=torch.tensor([kept for kept, r in spread for _ in range(r)]).to(device, dtype),
        pieces=pieces,
        adapters=tuple((adapter.a, adapter.b) for adapter in adapters),
    )
    with torch.no_grad():
        made.refresh(everything=True)
    return made


def _layer(module: Any, place: int, dtype: torch.dtype, as_one: bool) -> Layer:
    qkv, o, gate_up, down = (
        wide(group, dtype, _first_number(place, index))._replace(as_one=as_one)
        for index, group in enumerate(_groups(module))
    )
    before, between = module.input_layernorm.weight, module.post_attention_layernorm.weight
    return Layer(before, qkv, o, between, gate_up, down)


def _groups(module: Any) -> tuple[tuple[Any, ...], ...]:
    """A layer's linear layers: those with the same input together."""
    own, mlp = module.self_attn, module.mlp
    return (
        (own.q_proj, own.k_proj, own.v_proj),
        (own.o_proj,),
        (mlp.gate_proj, mlp.up_proj),
        (mlp.down_proj,),
    )


def _base(linear: Any) -> Any:
    return getattr(linear, "base_layer", linear)


def dropouts(whole: Any) -> Iterator[tuple[Any, str, int]]:
    """PEFT's table of dropouts, the name in it, and the number, of every adapter on every layer."""
    for place, each in enumerate(whole.model.language_model.layers):
        for index, group in enumerate(_groups(each)):
            first = _first_number(place, index)
            for number, adapter in enumerate(_adapters(group), first):
                yield group[adapter.place].lora_dropout, adapter.name, number


def _first_number(layer: int, group: int) -> int:
    return NUMBERS * layer + NUMBERS // 4 * group


def _adapters(linears: Sequence[Any]) -> list[Adapter]:
    """Those that are active, the trained ones last."""
    return sorted(_active(linears), key=lambda adapter: adapter.a.requires_grad)


def _active(linears: Sequence[Any]) -> Iterator[Adapter]:
    for place, linear in enumerate(linears):
        for name in getattr(linear, "active_adapters", ()):
            if name in linear.lora_A:
                if name in linear.lora_variant or linear.lora_bias[name]:
                    raise ValueError(f"expected plain LoRA, got a variant of it in {name!r}")
                a, b = linear.lora_A[name].weight, linear.lora_B[name].weight
                dropout = getattr(linear.lora_dropout[name], "p", 0.0)
                yield Adapter(place, name, a, b, linear.scaling[name], dropout)


def _refuse_others(whole: Any, text: Any) -> None:
    known = {id(linear) for each in text.layers for group in _groups(each) for linear in group}
    for part in (text, whole.lm_head):
        for name, module in part.named_modules():
            ours = id(module) in known
            if not ours and (hasattr(module, "lora_A") or hasattr(module, "modules_to_save")):
                raise ValueError(f"expected adapters on the layers' linears only, got {name!r}")


def _block(bases: Sequence[Any], ends: Sequence[int], ranks: int, dtype: torch.dtype) -> Tensor:
    """The bases' weights one above the other, with room for B to the right and A below."""
    first = bases[0].weight
    if any(base.weight.requires_grad for base in bases):
        if ranks:
            raise ValueError("expected a frozen base under adapters, got one that is trained")
        return torch.cat([base.weight for base in bases])
    if len(bases) == 1 and not ranks and first.dtype == dtype:
        return torch.Tensor.detach(first)
    inputs = bases[0].in_features
    shape = (ends[-1] + ranks, inputs + ranks)
    block = torch.zeros(shape, dtype=dtype, device=first.device)
    with torch.no_grad():
        for base, end in zip(bases, ends, strict=True):
            _move(base, block[end - base.out_features : end, :inputs])
    return block


def _move(base: Any, place: Tensor) -> None:
    """A layer's weight into its place; one of the same type is a view of it from then on."""
    state = getattr(base.weight, "quant_state", None)
    if state is not None:
        from bitsandbytes.functional import dequantize_4bit

        place.copy_(dequantize_4bit(base.weight.data, state))
        return
    place.copy_(base.weight)
    if base.weight.dtype == place.dtype:
        base.weight.data = place


def _bias(bases: Sequence[Any], dtype: torch.dtype) -> Tensor | None:
    if bases[0].bias is None:
        return None
    bias = torch.cat([base.bias for base in bases])
    return bias if bias.requires_grad else bias.to(dtype)
