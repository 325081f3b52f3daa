"""The datasets library keeps its files in a test's own folder."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _own_caches(tmp_path_factory, monkeypatch):
    import datasets
    from huggingface_hub import constants

    home = tmp_path_factory.mktemp("caches")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", home / "datasets")
    monkeypatch.setattr(datasets.config, "HF_CACHE_HOME", home)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
