"""Methods texts of every reading, in every length and format, with each number's source."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from typing import Any

from paper_repro.study import Study, Variant
from paper_repro.verify.report.markdown import escape, fence, table
from paper_repro.writing.bibliography import address, cited
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_variant
from paper_repro.writing.formats import LICENCE, Format, render, words_of
from paper_repro.writing.page import paragraph, to_markdown
from paper_repro.writing.provenance import provenance
from paper_repro.writing.text import LENGTHS, Length, Text

FORMATS: dict[Format, tuple[str, str]] = {
    "md": ("Markdown", "markdown"),
    "tex": ("LaTeX", "latex"),
    "txt": ("Plain text", "text"),
}
TITLES: dict[Length, str] = {
    "sentence": "One sentence",
    "paragraph": "A paragraph",
    "supplement": "For a supplement",
}


def methods_parts(study: Study) -> dict[str, str]:
    """The sentence of each reading, and all texts, by the parts' names."""
    default = study.variant(study.in_text.variant) if study.in_text else study.variants[0]
    return {
        "the-sentence": _to_copy(study, default),
        "reading-sentences": "\n\n".join(_sentence(study, each) for each in study.variants),
        "methods-texts": "\n\n".join(
            part for each in study.variants for part in _texts(study, each)
        ),
    }


def _to_copy(study: Study, variant: Variant) -> str:
    """The sentence of a reading, in a block that can be copied, and what its keys stand for."""
    text = compose(of_variant(study, variant), "sentence")
    keys = ", ".join(f"[{key}]({address(key)})" for key in text.cited)
    return (
        f"{fence(words_of(text), '{ .text .wrapped }')}\n\n"
        f"{LICENCE} In brackets are the keys of its references, {keys}: [as "
        f"BibTeX](methods.md#{variant.id})."
    )


def _sentence(study: Study, variant: Variant) -> str:
    text = compose(of_variant(study, variant), "sentence")
    said = to_markdown([paragraph(text.sentences)]).strip()
    return f"If it was `{variant.id}` ({escape(variant.title)}):\n\n> {said}"


def _texts(study: Study, variant: Variant) -> Iterator[str]:
    facts = of_variant(study, variant)
    yield f"### {variant.id}"
    yield f"{escape(variant.title).capitalize()}."
    for length in LENGTHS:
        text = compose(facts, length)
        yield f"#### {TITLES[length]} {{ #{variant.id}-{length} }}"
        yield from _tabs(study, text, variant.id, length == "supplement")
    bibtex = fence(cited(text.cited).rstrip(), "bibtex")
    yield _folded("What these texts cite, as BibTeX", bibtex)


def _tabs(study: Study, text: Text, of: str, parted: bool) -> Iterator[str]:
    for form, (title, language) in FORMATS.items():
        written = render(text, form, parted).rstrip("\n")
        yield _tab(title, fence(written, f"{{ .{language} .wrapped }}"))
    yield _tab("Where each number is from", _origins(study, text, of))


def _origins(study: Study, text: Text, of: str) -> str:
    """One row a source, with all numbers that are from there."""
    by_source: dict[str, list[dict[str, Any]]] = {}
    for number in provenance(study, text, of)["numbers"]:
        by_source.setdefault(number["source"], []).append(number)
    rows = (
        ("<br>".join(dict.fromkeys(map(_number, numbers))), f"{escape(source)}{_claims(numbers)}")
        for source, numbers in by_source.items()
    )
    return table(("numbers", "where they are from, and the claims on them"), rows)


def _number(number: dict[str, Any]) -> str:
    known = ", ".join(filter(None, (number["denominator"], number["subject"])))
    of = f" ({escape(known)})" if known else ""
    return f"**{escape(number['words'])}** {escape(number['quantity'])}{of}"


def _claims(numbers: list[dict[str, Any]]) -> str:
    ids = dict.fromkeys(id for number in numbers for id in number["claims"])
    links = ", ".join(f"[{escape(id)}](claims.md#{id})" for id in ids)
    return f"<br>Claims: {links}" if links else ""


def _tab(title: str, content: str) -> str:
    return f'=== "{title}"\n\n{indent(content, "    ")}'


def _folded(title: str, content: str) -> str:
    return f'??? note "{title}"\n\n{indent(content, "    ")}'
