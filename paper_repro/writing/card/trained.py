"""What a card is of: a finished run, its adapter's folder, and where others will find it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError
from paper_repro.study import Study
from paper_repro.training.saving import ADAPTER
from paper_repro.training.soundness import CONFIG
from paper_repro.writing.card.evaluated import Evaluated, evaluations
from paper_repro.writing.facts import Facts, of_record
from paper_repro.writing.text import Figure

if TYPE_CHECKING:
    from paper_repro.training.record import Record
    from paper_repro.verify.records import Run


@dataclass(frozen=True)
class Trained:
    """A run and its adapter.

    Attributes:
        where: the record's file.
        config: the adapter's ``adapter_config.json``.
        repository: on the hub, where the adapter is or will be; empty: its folder stands for it.
        licence: of the adapter, as the hub spells it; empty where nobody has said.
        evaluations: those that lie beside the record.
    """

    facts: Facts
    record: Record
    where: Path
    config: Mapping[str, Any]
    repository: str = ""
    licence: str = ""
    evaluations: tuple[Evaluated, ...] = ()

    @property
    def adapter(self) -> str:
        """What loads it: the repository, or the folder."""
        return self.repository or str(self.where.parent / ADAPTER)

    @property
    def is_full(self) -> bool:
        """Whether its base is of true size."""
        return self.facts.model is not None

    @property
    def base_from_hub(self) -> str:
        """The base's name on the hub; empty where it came from a folder."""
        return str(self.record.settings["base"]) if self.record.revisions["base"] else ""

    @property
    def method(self) -> str:
        """LoRA, or QLoRA where the base was in 4 bits."""
        return "QLoRA" if self.facts.precision == "nf4" else "LoRA"

    @property
    def saved_rank(self) -> Figure:
        """Of the adapter's file, which holds a whole stack as one."""
        return Figure(f"{self.config['r']}", "adapter.r", "", f"{self.where.parent}: {CONFIG}: r")

    def figure(self, words: str, field: str) -> Figure:
        """A number of the record."""
        return Figure(words, f"record.{field}", "", f"{self.where}: {field}")


def trained(study: Study, run: Run, repository: str = "", licence: str = "") -> Trained:
    """All that a card is made of.

    Raises:
        UserError: no adapter lies beside the record, it is of other ranks or modules, the base
            changed, or an evaluation cannot be read.
    """
    folder = run.path.parent
    facts = of_record(study, run.record, str(run.path))
    config = _config(folder)
    _refuse_other(facts, config, folder)
    found = evaluations(folder)
    return Trained(facts, run.record, run.path, config, repository, licence, found)


def _refuse_other(facts: Facts, config: Mapping[str, Any], folder: Path) -> None:
    """The file holds the variant's adapters as one: ranks added up, modules together."""
    ranks = [adapter.r for adapter in facts.stack]
    modules = {name for adapter in facts.stack for name in adapter.target_modules}
    if config["r"] != sum(ranks) or set(config["target_modules"]) != modules:
        raise UserError(
            f"The adapter in {folder / ADAPTER} is not what its record describes.",
            expected=f"rank {' + '.join(map(str, ranks))} on {', '.join(sorted(modules))}, "
            "saved as one adapter",
            got=f"rank {config['r']} on {', '.join(sorted(config['target_modules']))}, of the "
            f"variant {facts.variant.id}",
            next_command=f"python -m paper_repro doctor {folder}",
        )


def _config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / ADAPTER / CONFIG).read_text(encoding="utf-8"))
        return config | {"r": int(config["r"]), "target_modules": list(config["target_modules"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            "A card is of an adapter, and there is none beside the record.",
            expected=f"{folder / ADAPTER / CONFIG}",
            got=f"{type(error).__name__}: {error}",
            next_command="python -m paper_repro train 2 --out DIR, then: card --record DIR",
        ) from None
