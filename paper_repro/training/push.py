"""Upload a checkpoint to the hub, where the user asked for it; a run never fails over it."""

from __future__ import annotations

from pathlib import Path

from paper_repro.quiet import captured


def push(checkpoint: Path, repository: str) -> list[str]:
    """Upload one checkpoint's folder, and the run's record, into a private repository.

    Returns:
        What went wrong, as sentences for the record; empty when all arrived.
    """
    from huggingface_hub import HfApi

    run = checkpoint.parent.parent
    try:
        with captured():
            api = HfApi()
            api.create_repo(repository, private=True, exist_ok=True)
            api.upload_folder(
                repo_id=repository,
                folder_path=run,
                allow_patterns=["record.json", f"{checkpoint.parent.name}/{checkpoint.name}/*"],
                commit_message=f"Checkpoint {checkpoint.name}",
            )
    except Exception as error:  # whatever a hub, or the lack of one, makes the library raise
        said = str(error).partition("\n")[0]
        kind = type(error).__name__
        return [f"{checkpoint.name} was not uploaded to {repository}: {kind}: {said}"]
    return []
