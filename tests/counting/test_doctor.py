"""A sound adapter, saved by the real PEFT, broken in one way at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from paper_repro.counting.doctor import examine
from paper_repro.counting.facts import Diagnosis
from paper_repro.counting.naming import common_renaming
from paper_repro.errors import UserError
from paper_repro.quiet import captured
from tests.adapters import (
    ATTENTION,
    Tensors,
    broken,
    changed,
    model_of,
    save_adapter,
    save_base,
    save_second_wrap,
)
from tests.hub_server import HubServer, pointing_at

PREFIX = "base_model.model."


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders ``tiny`` and ``wider`` that hold a Qwen2-VL's ``config.json`` alone."""
    root = tmp_path_factory.mktemp("bases")
    save_base(root / "tiny")
    save_base(root / "wider", width=64)
    return root


@pytest.fixture(scope="session")
def sound(bases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_adapter(tmp_path_factory.mktemp("sound"), bases / "tiny")


@pytest.fixture(scope="session")
def notebook(bases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_second_wrap(tmp_path_factory.mktemp("notebook"), bases / "tiny")


def answers(diagnosis: Diagnosis) -> list[str]:
    return [answer.answer for answer in diagnosis.answers]


def names(diagnosis: Diagnosis, severity: str = "unsound") -> list[str]:
    return [s.name for s in diagnosis.symptoms if s.severity == severity]


def test_the_notebooks_adapter_is_caught_although_it_names_no_base(notebook: Path) -> None:
    """PEFT's second wrap leaves base_model_name_or_path empty; the names alone convict it."""
    assert (
        json.loads((notebook / "adapter_config.json").read_text())["base_model_name_or_path"]
        is None
    )
    diagnosis = examine(str(notebook))
    assert diagnosis.exit_code == 1
    assert names(diagnosis) == ["doubled prefix", "modules disagree"]
    assert answers(diagnosis) == ["no", "no base named", "no", "no", "no", "no"]


def peft_outcome(adapter: Path, base: Path) -> tuple[bool, bool]:
    """Whether the real PEFT loads every tensor of it, and whether outputs then change."""
    model = model_of(base).eval()
    ids = torch.arange(8, 16)[None]
    before = model(input_ids=ids).logits
    with captured() as said:
        from peft import PeftModel

        after = PeftModel.from_pretrained(model, adapter)(input_ids=ids).logits
    quiet = not any("missing adapter keys" in text for text in said)
    return quiet, not torch.equal(before, after)


def test_a_sound_adapter(sound: Path, bases: Path) -> None:
    found = examine(str(sound))
    assert found.symptoms == ()
    assert (found.exit_code, found.tensors) == (0, 8)
    assert answers(found) == ["yes", str(bases / "tiny"), "yes", "yes", "yes", "no"]
    assert found.ranks == {"q_proj": (4,), "v_proj": (4,)}
    assert peft_outcome(sound, bases / "tiny") == (True, True)
    assert json.dumps(found.to_json()) == json.dumps(examine(str(sound)).to_json())


def test_the_notebooks_saved_adapter_is_caught(notebook: Path, bases: Path) -> None:
    found = examine(str(notebook), str(bases / "tiny"))
    assert found.exit_code == 1
    assert names(found) == ["doubled prefix", "modules disagree"]
    assert answers(found)[0] == "no"
    assert answers(found)[2:5] == ["no", "no", "no"]
    assert "outputs stay those of the bare base" in found.symptoms[0].what
    assert "8 of 20 would match" in found.symptoms[0].what
    assert found.ranks["gate_proj"] == (8,)
    assert peft_outcome(notebook, bases / "tiny") == (False, False)


def test_the_way_out_that_is_offered_for_it_works(notebook: Path, bases: Path) -> None:
    command = examine(str(notebook), str(bases / "tiny")).symptoms[0].next.partition("  ")[0]
    with captured():
        from peft import PeftModel

        model = eval(
            command, {"PeftModel": PeftModel, "base": model_of(bases / "tiny"), "adapter": notebook}
        )
    saved = load_file(notebook / "adapter_model.safetensors")
    layer = "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_B"
    assert torch.equal(
        model.state_dict()[f"{layer}.default.weight"], saved[f"{PREFIX}{layer}.weight"]
    )


def renamed(old: str, new: str) -> Callable[[Tensors], Tensors]:
    return lambda found: {name.replace(old, new): tensor for name, tensor in found.items()}


def without(part: str) -> Callable[[Tensors], Tensors]:
    return lambda found: {name: tensor for name, tensor in found.items() if part not in name}


def with_more(found: Tensors) -> Tensors:
    layer = "base_model.model.model.language_model.layers.0.self_attn.k_proj"
    return found | {
        f"{layer}.lora_A.weight": torch.ones(4, 32),
        f"{layer}.lora_B.weight": torch.ones(16, 4),
    }


def one_nan(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.clone()
    tensor[0, 0] = torch.nan
    return tensor


BREAKS: dict[str, tuple[Callable[[Tensors], Tensors], dict[str, Any], list[str]]] = {
    "older names": (renamed(".language_model.", "."), {}, ["no key matches"]),
    "strange names": (renamed("self_attn", "attention"), {}, ["no key matches"]),
    "one layer gone": (without("layers.1"), {}, ["missing tensors"]),
    "one module gone": (without("v_proj"), {}, ["missing tensors", "modules disagree"]),
    "one module more": (with_more, {}, ["unexpected tensors", "modules disagree"]),
    "another rank in the config": (lambda t: t, {"r": 8}, ["rank disagrees"]),
    "another module in the config": (
        lambda t: t, {"target_modules": ["q_proj"]}, ["unexpected tensors", "modules disagree"],
    ),
    "B is zero": (changed("lora_B", torch.zeros_like), {}, ["no effect"]),
    "A is zero": (changed("lora_A", torch.zeros_like), {}, ["no effect"]),
    "alpha is zero": (lambda t: t, {"lora_alpha": 0}, ["no effect"]),
    "NaN": (changed("layers.0.self_attn.q_proj.lora_A", one_nan), {}, ["not finite"]),
    "infinity": (changed("lora_B", lambda t: t / 0), {}, ["not finite"]),
    "a whole module is not saved": (
        lambda t: t, {"modules_to_save": ["lm_head"]}, ["refused by PEFT"],
    ),
    "a module that is not there": (
        lambda t: t, {"target_modules": ["c_attn"]}, ["refused by PEFT"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_every_break_has_its_symptom(name: str, sound: Path, bases: Path, tmp_path: Path) -> None:
    tensors, config, expected = BREAKS[name]
    adapter = broken(sound, tmp_path, tensors, **config)
    found = examine(str(adapter))
    assert names(found) == expected
    assert found.exit_code == 1
    try:
        whole, effect = peft_outcome(adapter, bases / "tiny")
    except (RuntimeError, ValueError, KeyError):
        assert answers(found)[0] == "no"
    else:
        assert (answers(found)[0] == "yes") is whole
        assert (answers(found)[3] == "yes") is effect


def test_older_names_come_with_the_mapping_that_loads_them(
    sound: Path, bases: Path, tmp_path: Path
) -> None:
    adapter = broken(sound, tmp_path, renamed(".language_model.", "."))
    command = examine(str(adapter)).symptoms[0].next
    with captured() as said:
        from peft import PeftModel

        eval(command, {"PeftModel": PeftModel, "base": model_of(bases / "tiny")})
    assert not [text for text in said if "adapter keys" in text]


def test_another_base_is_noted_and_a_wrong_one_refused(sound: Path, bases: Path) -> None:
    found = examine(str(sound), str(bases / "wider"))
    assert names(found) == ["wrong base"]
    assert names(found, "note") == ["another base"]
    with pytest.raises(RuntimeError, match="size mismatch"):
        peft_outcome(sound, bases / "wider")


def test_random_initialisation_is_not_mistaken_for_none(
    sound: Path, bases: Path, tmp_path: Path
) -> None:
    adapter = broken(sound, tmp_path, renamed("self_attn", "attention"), init_lora_weights=False)
    found = examine(str(adapter))
    assert (names(found), answers(found)[3]) == (["no key matches"], "yes")
    assert "random" in found.symptoms[0].what
    assert peft_outcome(adapter, bases / "tiny") == (False, True)


def test_partly_dead_modules_are_noted(sound: Path, tmp_path: Path) -> None:
    adapter = broken(sound, tmp_path, changed("v_proj.lora_B", torch.zeros_like))
    found = examine(str(adapter))
    assert (found.exit_code, names(found, "note")) == (0, ["modules without effect"])
    assert found.answers[3].detail == "B is not zero in 2 of 4 modules that were read"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_zero_and_nan_are_seen_in_every_type(
    sound: Path, tmp_path: Path, dtype: torch.dtype
) -> None:
    narrow = broken(sound, tmp_path / "n", changed("lora", lambda t: t.to(dtype)))
    assert examine(str(narrow)).symptoms == ()
    nan = broken(narrow, tmp_path / "m", changed("layers.0.self_attn.q_proj.lora_B", one_nan))
    assert names(examine(str(nan))) == ["not finite"]
    zero = broken(narrow, tmp_path / "z", changed("lora_B", lambda t: -torch.zeros_like(t)))
    assert names(examine(str(zero))) == ["no effect"]


def test_all_linear_reaches_the_vision_tower(bases: Path, tmp_path: Path) -> None:
    adapter = save_adapter(
        tmp_path, bases / "tiny", target_modules="all-linear", rank_pattern={"q_proj": 2},
        modules_to_save=["lm_head"],
    )  # fmt: skip
    found = examine(str(adapter))
    assert (found.exit_code, answers(found)[5]) == (0, "yes")
    assert names(found, "note") == ["reaches the vision tower", "whole modules saved"]
    assert (found.ranks["q_proj"], found.ranks["qkv"]) == ((2,), (4,))


def test_variants_of_lora_are_examined_too(bases: Path, tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path, bases / "tiny", use_dora=True, target_modules=["q_proj"])
    assert examine(str(adapter)).symptoms == ()


def test_a_stack_is_sent_to_its_parts(sound: Path, bases: Path, tmp_path: Path) -> None:
    with captured():
        from peft import LoraConfig, PeftModel

        model = PeftModel.from_pretrained(model_of(bases / "tiny"), sound, adapter_name="unified")
        model.add_adapter("spatial", LoraConfig(r=2, target_modules=ATTENTION))
        model.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="a stack of adapters") as caught:
        examine(str(tmp_path))
    assert caught.value.got == "spatial, unified"
    assert examine(caught.value.next_command.split()[-1]).exit_code == 0
    shutil.copytree(tmp_path / "spatial", tmp_path, dirs_exist_ok=True)
    found = examine(str(tmp_path))
    assert (names(found), names(found, "note")) == (["no effect"], ["more adapters below"])


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"peft_type": "IA3"}, "a LoRA adapter"),
        ({"base_model_name_or_path": None}, "or --base"),
        ({"base_model_name_or_path": "./no/such/base"}, "The base that .* names cannot be found"),
    ],
)
def test_what_cannot_be_examined(
    sound: Path, tmp_path: Path, config: dict[str, Any], match: str
) -> None:
    with pytest.raises(UserError, match=match):
        examine(str(broken(sound, tmp_path, **config)))


def test_a_pickle_is_not_examined(sound: Path, tmp_path: Path) -> None:
    adapter = broken(sound, tmp_path)
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(UserError, match="pickles are never loaded"):
        examine(str(adapter))


@pytest.fixture
def hub(sound: Path, bases: Path, tmp_path: Path) -> Iterator[HubServer]:
    zero = changed("lora_B", torch.zeros_like)
    adapters = {
        "org/sound": broken(sound, tmp_path / "a", base_model_name_or_path=str(bases / "tiny")),
        "org/zero": broken(sound, tmp_path / "b", zero),
    }
    with HubServer(adapters) as server, pointing_at(server.url):
        yield server


def test_a_published_adapter_is_examined_by_a_few_bytes(hub: HubServer) -> None:
    found = examine("org/sound")
    assert (found.symptoms, answers(found)[3]) == ((), "yes")
    header = found.facts.checkpoint.header_bytes
    config = (hub.models["org/sound"] / "adapter_config.json").stat().st_size
    one_matrix = 16 * 4 * 4
    assert hub.sent == header + config + one_matrix


def test_a_published_adapter_without_effect(hub: HubServer) -> None:
    assert names(examine("org/zero")) == ["no effect"]


def test_numbers_beyond_the_budget_are_not_checked(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paper_repro.counting.values.HUB_BUDGET", 100)
    found = examine("org/sound")
    assert (found.symptoms, answers(found)[3]) == ((), "not checked")


def test_common_renaming() -> None:
    assert common_renaming(["a.b.c", "a.b.d"], ["x.b.c", "x.b.d"]) == ("a.", "x.")
    assert common_renaming(["a.b.c", "a.b.e"], ["x.b.c", "x.b.d"]) is None
    assert common_renaming([], ["a"]) is None
    assert common_renaming(["q"], ["a.b"]) is None
