"""The hub stage: what is published, read without a token, as anyone could.

``findings(study, wanted, progress)`` asks for one listing a repository, and then for safetensors
headers, parquet footers and small JSON files by range requests; never for whole weights. The first
request that gets no answer makes the stage unavailable: nothing is retried. It needs torch for
``hub.adapter_sound`` alone. A repository that nobody can read leaves everything but its existence
open. It does not say what published weights can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple

from paper_repro.counting.checkpoint import Malformed, read_checkpoint, read_json
from paper_repro.counting.facts import ranks_of
from paper_repro.counting.rows import count_rows
from paper_repro.counting.source import HubUnreachable, RepoUnreadable, Source, open_hub
from paper_repro.errors import UserError
from paper_repro.judging import Key, Value
from paper_repro.study import Study
from paper_repro.verify.finding import (
    Evidence,
    Finding,
    Progress,
    Stage,
    StageUnavailable,
    Subject,
    Wanted,
)

WEIGHTS = (".safetensors", ".bin")
COMMAND = "python -m paper_repro verify --stage hub"


class Reading(NamedTuple):
    """A value and how it came about."""

    value: Value
    formula: str


def findings(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
    """Yield the wanted findings; see :class:`paper_repro.verify.finding.StageRunner`.

    Raises:
        StageUnavailable: when the hub gives no answer, or ``HF_HUB_OFFLINE`` is set.
    """
    from huggingface_hub import constants

    subjects = sorted(
        (_hub_name(study, subject), subject) for subject in wanted if subject.quantity in READERS
    )
    if subjects and constants.HF_HUB_OFFLINE:
        raise StageUnavailable("HF_HUB_OFFLINE is set", f"HF_HUB_OFFLINE=0 {COMMAND}")
    for name, group in groupby(subjects, key=lambda pair: pair[0]):
        progress(f"reading {name} on the hub")
        try:
            yield from _repository(study, name, [subject for _, subject in group])
        except HubUnreachable as error:
            reason = f"{error.problem.rstrip('.')} ({error.got})"
            raise StageUnavailable(reason, COMMAND) from None


def _hub_name(study: Study, subject: Subject) -> str:
    return study.model(subject.of).hub if subject.quantity == "load.downloads" else subject.of


def _repository(study: Study, name: str, subjects: list[Subject]) -> Iterator[Finding]:
    is_dataset = name in {dataset.hub for dataset in study.datasets}
    source: Source | None = None
    refusal = ""
    try:
        source = open_hub(name, "dataset" if is_dataset else "model", anonymous=True)
    except RepoUnreadable as error:
        refusal = _said(error)
    for subject in subjects:
        value, formula = (
            _read(study, source, subject)
            if source is not None
            else Reading(_when_unreadable(subject), refusal)
        )
        yield Finding(subject, Key(), value, formula, Evidence.HUB, Stage.HUB)


def _read(study: Study, source: Source, subject: Subject) -> Reading:
    try:
        return READERS[subject.quantity](study, source)
    except HubUnreachable:
        raise
    except Malformed as error:
        unloadable = subject.quantity in ("hub.adapter_sound", "load.downloads")
        return Reading(False if unloadable else None, _said(error))
    except RepoUnreadable as error:
        return Reading(_when_unreadable(subject), _said(error))
    except UserError as error:
        return Reading(None, _said(error))


def _when_unreadable(subject: Subject) -> Value:
    """A repository that nobody can read is not there; what it holds stays open."""
    return False if subject.quantity in ("hub.exists", "load.downloads") else None


def _said(error: UserError) -> str:
    return f"{error.problem} Expected: {error.expected}; got: {error.got}"


def _exists(study: Study, source: Source) -> Reading:
    if not source.files:
        return Reading(True, "the hub lists it, without files")
    largest = max(source.files, key=lambda file: (source.files[file], file))
    source.read(largest, 0, min(1, source.files[largest]))
    return Reading(
        True, f"{len(source.files)} files; the first byte of {largest} came without a token"
    )


def _parameters(study: Study, source: Source) -> Reading:
    checkpoint = read_checkpoint(source, _stem(study, source))
    count = len(checkpoint.tensors)
    return Reading(
        checkpoint.parameters,
        f"sum over {count:,} tensors = {checkpoint.parameters:,} ({checkpoint.read})",
    )


def _adapter_r(study: Study, source: Source) -> Reading:
    checkpoint = read_checkpoint(source, "adapter_model")
    ranks = ranks_of({name: tensor.shape for name, tensor in checkpoint.tensors.items()})
    different = {rank for found in ranks.values() for rank in found}
    said = ", ".join(f"{module} {' and '.join(map(str, r))}" for module, r in ranks.items())
    formula = f"rows of lora_A: {said or 'no LoRA tensor'} ({checkpoint.read})"
    return Reading(different.pop() if len(different) == 1 else None, formula)


def _adapter_base(study: Study, source: Source) -> Reading:
    base = read_json(source, "adapter_config.json").get("base_model_name_or_path")
    return Reading(
        base if isinstance(base, str) else None,
        f"base_model_name_or_path in adapter_config.json: {base!r}",
    )


def _adapter_sound(study: Study, source: Source) -> Reading:
    from paper_repro.counting.doctor import examine_source

    bases = [adapter.base for adapter in study.adapters if adapter.hub == source.name]
    if not bases:
        return Reading(None, f"no adapter of the study is published as {source.name}")
    base = study.model(bases[0])
    found = examine_source(source, base.hub, study.configs[base.id])
    wrong = [f"{s.name}: {s.got}" for s in found.symptoms if s.severity == "unsound"]
    keys = found.answers[2].detail
    return Reading(found.sound, "; ".join([*wrong, f"on {base.hub}: {keys} ({found.read})"]))


def _rows(study: Study, source: Source) -> Reading:
    rows = count_rows(source)
    return Reading(rows.total, rows.formula)


def _downloads(study: Study, source: Source) -> Reading:
    if "config.json" not in source.files or not any(f.endswith(WEIGHTS) for f in source.files):
        return Reading(False, f"config.json and weights are not among {len(source.files)} files")
    checkpoint = read_checkpoint(source, _stem(study, source))
    return Reading(True, f"config.json, and without a token the {checkpoint.read}")


def _stem(study: Study, source: Source) -> str:
    adapters = {adapter.hub for adapter in study.adapters}
    return "adapter_model" if source.name in adapters else "model"


READERS: dict[str, Callable[[Study, Source], Reading]] = {
    "hub.exists": _exists,
    "hub.parameters": _parameters,
    "hub.adapter_r": _adapter_r,
    "hub.adapter_base": _adapter_base,
    "hub.adapter_sound": _adapter_sound,
    "hub.rows": _rows,
    "load.downloads": _downloads,
}
