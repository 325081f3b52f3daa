"""What stands beneath a literate page's title: the script, the notebook, and Colab."""

from __future__ import annotations

import re

from paper_repro.site.literate.addresses import colab

_TITLE = re.compile(r"^# .+\n", re.MULTILINE)


def with_offers(page: str, name: str, repository: str | None) -> str:
    """A rendered page with links beneath its title.

    Args:
        page: Markdown with a title.
        name: of the script, without its ending.
        repository: address of the repository, or None.
    """
    links = [
        f"[Script]({name}.py){{ .md-button download={name}.py }}",
        f"[Notebook]({name}.ipynb){{ .md-button download={name}.ipynb }}",
    ]
    if address := colab(name, repository):
        links.append(f"[Open in Colab]({address}){{ .md-button }}")
    said = f'<div class="offers" markdown="span">{" ".join(links)}</div>\n'
    return _TITLE.sub(lambda title: f"{title[0]}\n{said}", page, count=1)
