"""The hub stage against a hub on loopback that serves repositories of the study's names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from safetensors.torch import save_file

from paper_repro.judging import Value
from paper_repro.study import Study, load_study
from paper_repro.verify.finding import Evidence, Finding, Stage, StageUnavailable, Subject
from paper_repro.verify.stages.hub import READERS, findings
from tests.adapters import broken, changed, model_of, save_adapter, save_base, save_second_wrap
from tests.hub_server import HubServer, Misbehaviour, pointing_at

BASE = "Qwen/Qwen2-VL-2B-Instruct"
UNIFIED = "mmrech/pitvqa-qwen2vl-unified"
SPATIAL = "mmrech/pitvqa-qwen2vl-spatial"
DATA = "mmrech/pitvqa-unified-vlm"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Repositories in small: a base with weights, a sound adapter, the notebook's, a data set."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    root = tmp_path_factory.mktemp("hub")
    base = save_base(root / "base")
    save_file(dict(model_of(base).named_parameters()), base / "model.safetensors")
    save_adapter(root / "sound", base)
    save_second_wrap(root / "wrap", base)
    (root / "data").mkdir()
    write_table(pa.table({"a": [1] * 12}), root / "data/train-00000-of-00001.parquet")
    return root


@pytest.fixture
def hub(root: Path) -> Iterator[HubServer]:
    models = {BASE: root / "base", UNIFIED: root / "sound", SPATIAL: root / "wrap/spatial"}
    with HubServer(models, {DATA: root / "data"}) as server, pointing_at(server.url):
        yield server


@pytest.fixture(scope="module")
def study(root: Path) -> Study:
    """The built-in study, with the small base's config."""
    config = json.loads((root / "base/config.json").read_text())
    built_in = load_study()
    return built_in.model_copy(update={"configs": dict.fromkeys(built_in.configs, config)})


def found(study: Study, *wanted: tuple[str, str]) -> dict[str, Finding]:
    subjects = frozenset(Subject(*pair) for pair in wanted)
    return {f.subject.quantity: f for f in findings(study, subjects, lambda _: None)}


def values(study: Study, name: str, *quantities: str) -> list[Value]:
    by_quantity = found(study, *[(quantity, name) for quantity in quantities])
    return [by_quantity[quantity].value for quantity in quantities]


def test_everything_of_a_base(hub: HubServer, study: Study, root: Path) -> None:
    every = found(
        study,
        ("hub.exists", BASE),
        ("hub.parameters", BASE),
        ("load.downloads", study.models[0].id),
    )
    count = sum(tensor.numel() for tensor in model_of(root / "base").parameters())
    assert [f.value for _, f in sorted(every.items())] == [True, count, True]
    assert {(f.evidence, f.stage, f.key) for f in every.values()} == {
        (Evidence.HUB, Stage.HUB, ("", ""))
    }
    weights = (root / "base/model.safetensors").stat().st_size
    assert f"of {weights:,} bytes" in every["hub.parameters"].formula
    assert hub.sent < weights / 10


def test_a_sound_adapter(hub: HubServer, study: Study, root: Path) -> None:
    quantities = ("hub.parameters", "hub.adapter_r", "hub.adapter_base", "hub.adapter_sound")
    count = 2 * 4 * ((32 + 32) + (32 + 16))  # layers × r × (in + out of q_proj, of v_proj)
    assert values(study, UNIFIED, *quantities) == [count, 4, str(root / "base"), True]


def test_the_notebooks_adapter(hub: HubServer, study: Study) -> None:
    every = found(study, ("hub.adapter_r", SPATIAL), ("hub.adapter_sound", SPATIAL))
    assert every["hub.adapter_r"].value is None
    assert "gate_proj 8, q_proj 4" in every["hub.adapter_r"].formula
    assert every["hub.adapter_sound"].value is False
    assert every["hub.adapter_sound"].formula.startswith("doubled prefix: ")


def test_rows(hub: HubServer, study: Study) -> None:
    rows = found(study, ("hub.rows", DATA))["hub.rows"]
    assert (rows.value, rows.formula) == (12, "12 train in the footers of 1 parquet file")


def test_same_inputs_same_findings(hub: HubServer, study: Study) -> None:
    wanted = frozenset(
        Subject(quantity, SPATIAL) for quantity in READERS if quantity.startswith("hub.a")
    ) | {Subject("hub.exists", name) for name in (BASE, UNIFIED, SPATIAL, DATA)}
    runs = [list(findings(study, wanted, lambda _: None)) for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(runs[0]) == len(wanted)


@pytest.mark.parametrize("how", ["private", "gated"])
def test_what_nobody_can_read_is_not_there_and_the_rest_stays_open(
    hub: HubServer, study: Study, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_the_authors_own")
    getattr(hub, how).add(UNIFIED)
    quantities = ("hub.exists", "hub.parameters", "hub.adapter_sound")
    assert values(study, UNIFIED, *quantities) == [False, None, None]
    assert not any(request.authorized for request in hub.requests)


def test_a_base_without_weights_does_not_download(
    hub: HubServer, study: Study, root: Path, tmp_path: Path
) -> None:
    hub.models = {BASE: save_base(tmp_path)}
    assert values(study, BASE, "hub.exists", "hub.parameters") == [True, None]
    assert found(study, ("load.downloads", study.models[0].id))["load.downloads"].value is False


def test_a_truncated_adapter_is_not_sound(
    hub: HubServer, study: Study, root: Path, tmp_path: Path
) -> None:
    hub.models = {UNIFIED: broken(root / "sound", tmp_path)}
    path = tmp_path / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    quantities = ("hub.exists", "hub.parameters", "hub.adapter_sound")
    assert values(study, UNIFIED, *quantities) == [True, None, False]


def test_an_adapter_without_effect_is_not_sound(
    hub: HubServer, study: Study, root: Path, tmp_path: Path
) -> None:
    hub.models = {UNIFIED: broken(root / "sound", tmp_path, changed("lora_B", lambda t: t * 0))}
    assert values(study, UNIFIED, "hub.adapter_sound") == [False]


@pytest.mark.parametrize("wrong", [Misbehaviour(status=503), Misbehaviour(html=True)])
def test_a_hub_that_is_out_of_order_makes_the_stage_unavailable(
    hub: HubServer, study: Study, wrong: Misbehaviour
) -> None:
    hub.wrong = wrong
    with pytest.raises(StageUnavailable) as caught:
        found(study, ("hub.exists", BASE), ("hub.rows", DATA))
    assert caught.value.command == "python -m paper_repro verify --stage hub"
    assert len(hub.requests) == 1


def test_offline_is_said_without_a_request(
    hub: HubServer, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(StageUnavailable, match="HF_HUB_OFFLINE is set") as caught:
        found(study, ("hub.exists", BASE))
    assert caught.value.command == "HF_HUB_OFFLINE=0 python -m paper_repro verify --stage hub"
    assert found(study, ("model.id", "qwen2-vl-2b")) == {}
    assert hub.requests == []


def test_the_whole_command_in_a_new_process(hub: HubServer, tmp_path: Path) -> None:
    """As a user runs it: the real entry point, the real variable, and no torch."""
    script = (
        "import sys\n"
        "from paper_repro.study import load_study\n"
        "from paper_repro.verify.finding import Stage\n"
        "from paper_repro.verify.run import verify\n"
        "report = verify(load_study(), [Stage.HUB], only=['L0.hub.exists', 'L1.hub.rows'])\n"
        "print([c.verdict.value for c in report.claims], 'torch' in sys.modules)\n"
    )
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['holds', 'contradicted'] False"
