"""Reading a wrapped model: its numbers, its memory, and adapters that are not understood."""

from __future__ import annotations

import pytest
import torch

from paper_repro.engine.engine import engine
from paper_repro.engine.model import unwrapped
from paper_repro.miniature.config import fresh_base
from paper_repro.quiet import captured
from paper_repro.training.bases import NF4, Bases
from paper_repro.training.digest import base_digests
from paper_repro.training.levels import put_on
from paper_repro.training.miniature import CONFIG, batch
from tests.training.bench import adapter, apart, gradients, kept, stack


def test_the_base_keeps_its_bytes_and_there_is_one_copy_of_them():
    model = stack()
    before = base_digests(model)
    made = engine(model)
    assert base_digests(model) == before
    own = unwrapped(model).model.language_model.layers[1].self_attn
    wide = made.decoder.layers[1].qkv.weight
    for name in ("q_proj", "k_proj", "v_proj"):
        weight = getattr(own, name).base_layer.weight
        assert weight.untyped_storage().data_ptr() == wide.untyped_storage().data_ptr()
    made.loss(kept().batch([0])).backward()
    assert base_digests(model) == before


def test_a_model_that_was_read_still_answers_as_before():
    model, data = stack().eval(), kept().batch([0, 1])
    ids = {name: data[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        before = model(**ids).logits
        engine(model)
        assert float((model(**ids).logits - before).abs().max()) < 1e-5


def test_several_adapters_are_stacked_with_the_trained_one_last():
    model = stack(("one", "two", "three"), r=4)
    for layer in engine(model).decoder.layers:
        pieces = layer.qkv.pieces
        assert [piece.trained for piece in pieces] == [False] * 6 + [True] * 3
        assert [piece.ranks for piece in pieces] == [(4 * i, 4 * i + 4) for i in range(9)]
        assert {piece.scale for piece in pieces} == {2.0}
        assert not layer.down.pieces and layer.down.weight.shape == (128, 384)


def test_every_piece_has_a_number_of_its_own_for_dropout():
    layers = engine(stack()).decoder.layers
    numbers = [wide.numbers for each in layers for wide in (each.qkv, each.o)]
    drawn = torch.cat(numbers).tolist()
    assert len(set(drawn)) == len(drawn) == len(layers) * 8


def test_a_base_in_four_bits_is_unpacked_to_the_numbers_bitsandbytes_computes_with(tmp_path):
    base = Bases(CONFIG, tmp_path).fresh(NF4)
    model = put_on(base, "single", [adapter("spatial")]).model.eval()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "lora_B" in name:
                tensor.normal_(std=0.02)
    data = batch(base.config, 1, 1)
    found = engine(model).loss(data)
    found.backward()
    mine = gradients(model)
    whole = model(**data, use_cache=False).loss
    whole.backward()
    assert found.item() == pytest.approx(whole.item(), rel=1e-5)
    assert apart(mine, gradients(model)) < 1e-4


def put_by_hand(**options):
    from peft import LoraConfig, get_peft_model

    with captured():
        return get_peft_model(fresh_base(0)[0], LoraConfig(r=4, **options))


def test_a_variant_of_lora_is_refused():
    model = put_by_hand(target_modules=["q_proj"], use_dora=True)
    with pytest.raises(ValueError, match="plain LoRA, got a variant of it in 'default'"):
        engine(model)


@pytest.mark.parametrize(
    "options",
    [
        {"target_modules": ["q_proj", "lm_head"]},
        {"target_modules": ["q_proj", "embed_tokens"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
    ],
)
def test_an_adapter_where_none_is_expected_is_refused(options):
    with pytest.raises(ValueError, match="adapters on the layers' linears only"):
        engine(put_by_hand(**options))


def test_adapters_on_a_base_that_is_trained_are_refused():
    model = stack()
    unwrapped(model).model.language_model.layers[0].self_attn.q_proj.base_layer.requires_grad_()
    with pytest.raises(ValueError, match="a frozen base under adapters"):
        engine(model).loss(kept().batch([0]))
