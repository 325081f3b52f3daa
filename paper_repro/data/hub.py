"""Some files of one hub repository at one revision, as a folder in the hub's cache.

``HF_ENDPOINT``, ``HF_HUB_OFFLINE`` and the user's token are respected; an interrupted download goes
on where it stopped. Every way in which it can fail is said in the user's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from paper_repro.errors import UserError
from paper_repro.quiet import captured

Kind = Literal["model", "dataset"]


def snapshot(name: str, kind: Kind, revision: str | None, patterns: Sequence[str]) -> Path:
    """Files of ``name`` that match one of ``patterns``, at ``revision`` (``main`` if None).

    Returns:
        A folder whose name is the commit that ``revision`` meant.

    Raises:
        UserError: no such repository or revision, no access, no connection, or offline and not in
            the cache.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if name.startswith(("/", ".", "~")) or Path(name).is_file():
        raise _missing(name, "a folder on this machine", "no such folder")
    try:
        with captured():
            found = snapshot_download(
                name, repo_type=kind, revision=revision, allow_patterns=list(patterns)
            )
    except HFValidationError:
        raise _missing(name, "a folder, or a hub id such as org/name", repr(name)) from None
    except (OSError, HfHubHTTPError) as error:
        raise _failed(name, revision, error) from None
    return Path(found)


def _failed(name: str, revision: str | None, error: Exception) -> UserError:
    from huggingface_hub import constants, errors

    at = f" at revision {revision}" if revision else ""
    causes = [error, error.__cause__ or error.__context__]
    for cause in causes:
        if isinstance(cause, errors.GatedRepoError):
            return _missing(name, "a repository that your token opens", "it asks for access first")
        if isinstance(cause, errors.RepositoryNotFoundError):
            return _missing(name, "a folder, or a repository on the hub", "missing or private")
        if isinstance(cause, errors.RevisionNotFoundError):
            return _missing(f"{name}{at}", "a branch, tag or commit of it", "no such revision")
    if constants.HF_HUB_OFFLINE:
        return UserError(
            f"{name}{at} is not in the hub's cache on this machine.",
            expected="a copy that was downloaded before, as HF_HUB_OFFLINE is set",
            got="none, or not all of it",
            next_command="unset HF_HUB_OFFLINE  (or name a folder)",
        )
    return UserError(
        f"{name}{at} cannot be fetched from {constants.ENDPOINT}.",
        expected="a connection to the hub (HF_ENDPOINT names another)",
        got=f"{type(causes[-1] or error).__name__}: {str(causes[-1] or error).splitlines()[0]}",
        next_command="run the same again  (or name a folder; the download goes on)",
    )


def _missing(name: str, expected: str, got: str) -> UserError:
    return UserError(
        f"{name} cannot be read.",
        expected=expected,
        got=got,
        next_command=f"ls {name}" if name.startswith(("/", ".", "~")) else "hf auth login",
    )
