"""Links in Markdown that is read away from its page, as a downloaded notebook is."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

_LINK = re.compile(r"\[(?P<words>[^\]]+)\]\((?P<target>[^()\s]+)\)")
_SOURCE = re.compile(r"\.md(?=#|$)")


def standing_alone(text: str, page: str | None) -> str:
    """The text with links that lead on from anywhere, or none.

    Args:
        text: Markdown, with links such as ``[hours](../hours.md)`` between the site's sources.
        page: address of its page on the site; with None such a link becomes its words.
    """

    def link(found: re.Match[str]) -> str:
        words, target = found["words"], found["target"]
        if urlsplit(target).scheme:
            return found[0]
        return f"[{words}]({urljoin(page, _SOURCE.sub('.html', target))})" if page else words

    return _LINK.sub(link, text)
