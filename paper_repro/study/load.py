"""Read a study's folder: TOML, model configs and the document, checked as one."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from paper_repro.errors import UserError
from paper_repro.study.model import Claim, Study
from paper_repro.study.quantities import QUANTITIES

BUILT_IN = Path(__file__).parent / "pitvqa"
FILES = ("study.toml", "models.toml", "training.toml", "claims.toml")
_CHECK = "python -m paper_repro verify --study {} --stage arithmetic"


def load_study(folder: Path = BUILT_IN) -> Study:
    """Read and validate a study.

    Args:
        folder: holds ``study.toml``, ``models.toml``, ``training.toml``, ``claims.toml``
            and the files that these name.

    Raises:
        UserError: when a file is missing or malformed, an id is unknown, or a quote does not
            stand in the document at its line.
    """
    tables: dict[str, Any] = {}
    for name in FILES:
        tables |= read_toml(folder, name)
    document = _read_document(folder, tables)
    for name in ("claims", "models"):
        _expect_tables(folder, name, tables.get(name, []))
    claims = [_claim(folder, table) for table in tables.get("claims", ())]
    try:
        study = Study.model_validate(
            tables
            | {
                "claims": claims,
                "configs": {
                    model["id"]: _read_json(folder, model["config"])
                    for model in tables.get("models", ())
                },
                "places": {claim.id: _place(document, claim, folder) for claim in claims},
            }
        )
    except ValidationError as error:
        raise _invalid(folder, error) from None
    except KeyError as error:
        raise UserError(
            f"The study in {folder} is incomplete.",
            expected="every [[models]] table to have an id and a config",
            got=f"a missing {error}",
            next_command=_CHECK.format(folder),
        ) from None
    _check_unique(study, folder)
    _check_ids(study, folder)
    _check_words(study, document, folder)
    return study


def _expect_tables(folder: Path, name: str, got: object) -> None:
    if not isinstance(got, list) or not all(isinstance(table, dict) for table in got):
        raise UserError(
            f"{folder / name}.toml holds no list of tables.",
            expected=f"[[{name}]] tables",
            got=repr(got)[:200],
            next_command=_CHECK.format(folder),
        )


def _claim(folder: Path, table: dict[str, Any]) -> Claim:
    try:
        return Claim.model_validate(table)
    except ValidationError as error:
        raise _invalid(folder, error, f"claim {table.get('id')}: ") from None


def _read_text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, TypeError, ValueError) as error:  # a name that is no text, or no text in it
        raise UserError(
            f"{folder}/{name} cannot be read.",
            expected=f"a study folder with {', '.join(FILES)} in UTF-8",
            got=type(error).__name__,
            next_command="python -m paper_repro verify  (the built-in study)",
        ) from None


def read_toml(folder: Path, name: str) -> dict[str, Any]:
    """One TOML file of a study's folder; a :class:`UserError` when it cannot be read."""
    text = _read_text(folder, name)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(
            f"{folder / name} is not valid TOML.",
            expected="TOML 1.0",
            got=str(error),
            next_command=_CHECK.format(folder),
        ) from None


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    text = _read_text(folder, name)
    try:
        config = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(
            f"{folder / name} is not valid JSON.",
            expected="a model's config.json",
            got=str(error),
            next_command=_CHECK.format(folder),
        ) from None
    if not isinstance(config, dict):
        raise UserError(
            f"{folder / name} is not a model's config.",
            expected="a JSON object",
            got=type(config).__name__,
            next_command=_CHECK.format(folder),
        )
    return config


def _read_document(folder: Path, tables: dict[str, Any]) -> str:
    described = tables.get("document")
    if not isinstance(described, dict) or not isinstance(described.get("file"), str):
        raise UserError(
            f"{folder / 'study.toml'} names no document.",
            expected="a [document] table with file, title and sha256",
            got=repr(described),
            next_command=_CHECK.format(folder),
        )
    text = _read_text(folder, described["file"])
    digest = hashlib.sha256(text.encode()).hexdigest()
    if digest != described.get("sha256"):
        raise UserError(
            f"{folder / described['file']} is not the document that was reviewed.",
            expected=f"SHA-256 {described.get('sha256')}, as study.toml has it",
            got=digest,
            next_command=f"sha256sum {folder / described['file']}",
        )
    return text


def _place(document: str, claim: Claim, folder: Path) -> str:
    if claim.line is None:
        return claim.source
    lines = document.splitlines()
    there = "\n".join(lines[claim.line - 1 : claim.line + claim.quote.count("\n")])
    if not claim.quote.strip() or not there.partition("\n")[0] or claim.quote not in there:
        raise UserError(
            f"The quote of {claim.id} (claims.toml) does not stand at line {claim.line} of the "
            "document.",
            expected=repr(claim.quote),
            got=repr(there),
            next_command=_CHECK.format(folder),
        )
    return f"{' › '.join(_headings(lines, claim.line))}, line {claim.line}"


def _headings(lines: list[str], line: int) -> list[str]:
    path: list[tuple[int, str]] = []
    fenced = False
    for text in lines[:line]:
        if text.startswith("```"):
            fenced = not fenced
        elif not fenced and (heading := re.match(r"(#+) (.*)", text)):
            depth, title = len(heading[1]), heading[2].rstrip(" :")
            path = [above for above in path if above[0] < depth] + [(depth, title)]
    return [title for depth, title in path if depth > 1] or [title for _, title in path]


def _invalid(folder: Path, error: ValidationError, owner: str = "") -> UserError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or error.title
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return UserError(
        f"The study in {folder} is not valid at {owner}{where}{more}.",
        expected=first["msg"].removeprefix("Value error, "),
        got=repr(first.get("input"))[:200],
        next_command=_CHECK.format(folder),
    )


def _check_unique(study: Study, folder: Path) -> None:
    for kind, ids in {
        "claim": [claim.id for claim in study.claims],
        "model": [model.id for model in study.models],
        "adapter": [adapter.id for adapter in study.adapters],
        "dataset": [dataset.id for dataset in study.datasets],
        "variant": [variant.id for variant in study.variants],
    }.items():
        _expect_unique(folder, kind, ids)


def _check_ids(study: Study, folder: Path) -> None:
    models = {model.id for model in study.models}
    adapters = {adapter.id for adapter in study.adapters}
    datasets = {dataset.id for dataset in study.datasets}
    variants = {variant.id for variant in study.variants}
    hubs = {model.hub for model in study.models} | {data.hub for data in study.datasets}
    hubs |= {adapter.hub for adapter in study.adapters if adapter.hub}
    owners = {"model": models, "adapter": adapters, "dataset": datasets, "hub": hubs, "run": {""}}
    for adapter in study.adapters:
        _expect(folder, adapter.id, "base", adapter.base, models)
    for variant in study.variants:
        for adapter_id in variant.adapters:
            _expect(folder, variant.id, "adapters", adapter_id, adapters)
        _expect(folder, variant.id, "settings.dataset", variant.settings.dataset, datasets)
    for claim in study.claims:
        _expect(folder, claim.id, "of", claim.of, owners[QUANTITIES[claim.quantity].of])
        _expect(folder, claim.id, "variant", claim.variant, variants | {""})
    for recipe in study.recipes:
        _expect(folder, f"recipe {recipe.of}", "of", recipe.of, variants | adapters)
        _expect(folder, recipe.of, "dataset", recipe.dataset or "", datasets | {""})
    for claim_id in study.document.breakdown:
        _expect(folder, "document", "breakdown", claim_id, {c.id for c in study.claims})
    if loading := study.document.loading:
        _expect(folder, "document", "loading.onto", loading.onto, models)
        _expect(folder, "document", "loading.adapter", loading.adapter, adapters)
    if in_text := study.in_text:
        _expect(folder, "in_text", "variant", in_text.variant, variants)
    for level in study.levels:
        name = f"level {level.number}"
        _expect(folder, name, "model", level.model or "", models | {""})
        _expect(folder, name, "dataset", level.dataset or "", datasets | {""})


def _check_words(study: Study, document: str, folder: Path) -> None:
    """A recipe's words are the document's own."""
    for recipe in study.recipes:
        for setting, words in recipe.words.items():
            if words not in document:
                raise UserError(
                    f"The recipe of {recipe.of} in {folder} quotes what the document does not say.",
                    expected=f"words of {study.document.file} for {setting!r}",
                    got=repr(words),
                    next_command=_CHECK.format(folder),
                )


def _expect(folder: Path, owner: str, field: str, got: str, known: Iterable[str]) -> None:
    if got not in known:
        raise UserError(
            f"{owner} in {folder} names an unknown id in '{field}'.",
            expected=f"one of {', '.join(sorted(known))}",
            got=repr(got),
            next_command=_CHECK.format(folder),
        )


def _expect_unique(folder: Path, kind: str, ids: list[str]) -> None:
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise UserError(
            f"The study in {folder} uses one id for two {kind}s.",
            expected="unique ids",
            got=", ".join(twice),
            next_command=_CHECK.format(folder),
        )
