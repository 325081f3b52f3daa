"""Where the repository and the site are, by the settings in ``mkdocs.yml``; and Colab by them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

BRANCH = "gh-pages"
"""Where ``mkdocs gh-deploy`` puts the site, notebooks and all."""
_ON_GITHUB = re.compile(r"https://github\.com/(?P<owner>[^/]+)/(?P<name>[^/]+?)(\.git)?/?")


class Addresses(NamedTuple):
    """Those that are known.

    Attributes:
        repository: as ``repo_url`` gives it.
        site: with a slash at its end.
    """

    repository: str | None = None
    site: str | None = None


def addresses(settings: Mapping[str, Any]) -> Addresses:
    """The settings' own; without a ``site_url``, the site is where GitHub serves ``BRANCH``."""
    repository, site = settings.get("repo_url"), settings.get("site_url")
    if not site and (place := _ON_GITHUB.fullmatch(repository or "")):
        site = f"https://{place['owner']}.github.io/{place['name']}"
    return Addresses(repository, f"{site.rstrip('/')}/" if site else None)


def colab(name: str, repository: str | None) -> str | None:
    """Address at which Colab opens a notebook of the site; None where there is none."""
    place = _ON_GITHUB.fullmatch(repository or "")
    if place is None:
        return None
    folder = f"{place['owner']}/{place['name']}/blob/{BRANCH}/literate"
    return f"https://colab.research.google.com/github/{folder}/{name}.ipynb"
