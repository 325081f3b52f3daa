"""All statements of a sentence, from left to right."""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.manuscript.numbers.cards import cards
from paper_repro.manuscript.numbers.counts import counts
from paper_repro.manuscript.numbers.models import Mention, mentions
from paper_repro.manuscript.numbers.modules import modules
from paper_repro.manuscript.numbers.numerals import numerals
from paper_repro.manuscript.numbers.patterns import before, pattern
from paper_repro.manuscript.numbers.settings import settings
from paper_repro.manuscript.numbers.shares import shares
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.sentences import Sentence

_TUNED = pattern(r"\bfine-?tun\w+")
_SIZED = pattern(r"[- ]\d{1,3}(?:\.\d)?[BM](?!\w)|-(?:mini|small|medium|tiny|nano)\b")
_BASE_BEFORE = pattern(
    r"\bbase, $|(?:^|[:;,(] )base model (?:the )?$|\bbase(?:_model| model)?(?: used)?"
    r"(?: (?:of|for) [^:|.;]{1,40}(?=:))?(?: \u00b7 [^|:]{1,80})? ?(?::|=|\||is\b|was\b)"
    r"(?: the| our)?\W{0,4}(?:[\w-]+/)?$"
)
_BASE_AFTER = pattern(
    r"[^\w\s;:.]{0,2} (?:(?:serves|served|acts|acted|is|was|makes) )?(?:as )?(?:the |our |"
    r"its )?base\b"
)


def statements(sentence: Sentence) -> list[Statement]:
    """What one sentence states."""
    numbers = list(numerals(sentence.text))
    counted = list(counts(sentence, numbers))
    found = [*counted, *shares(sentence, numbers, counted)]
    taken = {statement.start for statement in found}
    found += [each for each in settings(sentence, numbers) if each.start not in taken]
    found += [*modules(sentence), *cards(sentence), *_bases(sentence)]
    return sorted(found, key=lambda statement: (statement.start, statement.end))


def _bases(sentence: Sentence) -> Iterator[Statement]:
    """The model that a sentence says was fine-tuned: the first that it names."""
    named = [each for each in mentions(sentence.text) if _SIZED.search(each.name)]
    if named and (_TUNED.search(sentence.text) or _is_base(sentence.text, named[0])):
        start, name = named[0].start, named[0].name
        yield Statement("base-model", sentence, start, start + len(name), name)


def _is_base(text: str, named: Mention) -> bool:
    """Whether a sentence calls a model its base."""
    return bool(
        _BASE_BEFORE.search(before(text, named.start)) or _BASE_AFTER.match(text, named.end)
    )
