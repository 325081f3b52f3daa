"""Counts read off real models: the facts at true size, and what is refused."""

from __future__ import annotations

import pytest

from paper_repro.counting.build import as_nf4, build_model, linear_names, meta_model
from paper_repro.counting.count import count
from paper_repro.counting.instantiate import count_instantiated, stored, weights
from paper_repro.counting.lora import LoraSpec
from paper_repro.errors import UserError
from paper_repro.study import load_study

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
SEVEN = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
UNIFIED = LoraSpec(32, SEVEN, frozen=True)
SPATIAL = LoraSpec(16, ATTENTION)
GPT2 = {"model_type": "gpt2", "n_layer": 2, "n_embd": 16, "n_head": 2, "vocab_size": 50}


@pytest.fixture(scope="module")
def config():
    return load_study().configs["qwen2-vl-2b"]


def test_the_stack_of_the_prose_at_true_size(config):
    real = count_instantiated(config, [UNIFIED, SPATIAL])
    assert real.base == 2_208_985_600
    assert real.adapters == (36_929_536, 4_358_144)
    assert real.trainable == 4_358_144
    assert real.total == real.base + sum(real.adapters) == real.stored == real.peft


@pytest.mark.parametrize(
    ("loras", "quantize"),
    [
        ([], "nf4"),
        ([LoraSpec(16, SEVEN)], None),
        ([UNIFIED, SPATIAL], "nf4"),
        ([LoraSpec(2, ("qkv", "layers.3.self_attn.q_proj")), LoraSpec(1, ("all-linear",))], None),
    ],
)
def test_the_closed_form_agrees(config, loras, quantize):
    real, closed = count_instantiated(config, loras, quantize), count(config, loras, quantize)
    assert real.base == closed.base
    assert real.adapters == tuple(adapter.parameters for adapter in closed.adapters)
    assert real.trainable == closed.trainable
    assert real.stored == (closed.naive_sum or closed.total)


def test_in_4_bits_a_plain_sum_is_low_and_peft_on_meta_is_high(config):
    real = count_instantiated(config, [SPATIAL], "nf4")
    assert real.total == count_instantiated(config, [SPATIAL]).total
    model = as_nf4(meta_model(config))
    packed = [p for p in model.parameters() if type(p).__name__ == "Params4bit"]
    assert real.stored == real.total - sum(p.numel() // 2 for p in packed)
    over = sum(p.numel() * (2 * p.element_size() - 1) for p in packed)
    assert real.peft == real.total + over > 7 * real.total
    assert model.lm_head.weight is model.get_input_embeddings().weight


def test_any_transformers_model_counts():
    real = count_instantiated(GPT2, [LoraSpec(4, ("c_attn",))])
    assert real.trainable == 2 * 4 * (16 + 3 * 16)
    assert real.base == sum(p.numel() for p in build_model(GPT2, "cpu").parameters())


def test_a_tensor_that_is_packed_for_real_counts_its_weights():
    from bitsandbytes.nn import Params4bit
    from torch import zeros

    packed = Params4bit(zeros(64, 64), requires_grad=False).to("cpu")
    assert (packed.numel(), stored(packed), weights(packed)) == (2048, 2048, 4096)


@pytest.mark.parametrize(
    "architecture", ["LlamaModel", "LlamaForSequenceClassification", "LlamaForCausalLM"]
)
def test_models_that_do_not_generate_are_counted_too(architecture):
    small = {"model_type": "llama", "hidden_size": 16, "intermediate_size": 32, "vocab_size": 50}
    small |= {"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}
    counted = count(small | {"architectures": [architecture]}, [LoraSpec(2, ("q_proj",))])
    assert counted.added == 2 * 2 * (16 + 16)


def test_a_huge_rank_takes_no_memory():
    rank = 10**12
    assert count(GPT2, [LoraSpec(rank, ("c_attn",))]).added == rank * 2 * (16 + 48)


def test_a_module_name_without_a_layer_names_those_that_exist(config):
    with pytest.raises(UserError, match=r"No layer of Qwen2VL.* is called wq") as caught:
        count_instantiated(config, [LoraSpec(8, ("q_proj", "wq"))])
    assert "gate_proj" in caught.value.expected
    assert "wq" not in linear_names(meta_model(config))


def test_a_module_that_lora_cannot_wrap_is_refused(config):
    with pytest.raises(UserError, match="PEFT cannot put LoRA"):
        count_instantiated(config, [LoraSpec(8, ("input_layernorm",))])


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "made_up", "auto_map": {"AutoModel": "evil.Model"}},
        {"architectures": ["MadeUpModel"], "auto_map": {"AutoModel": "evil.Model"}},
        {"architectures": ["Trainer"]},
        {"architectures": "Qwen2VLForConditionalGeneration", "model_type": None},
        {"hidden_size": "many"},
        {"num_attention_heads": 0},
        {"vision_config": 3},
    ],
)
def test_a_config_that_cannot_be_built_is_refused(config, change):
    with pytest.raises(UserError) as caught:
        meta_model(config | change)
    assert "\n" not in caught.value.got
    assert ("auto_map" in change) == ("own code" in caught.value.got)
