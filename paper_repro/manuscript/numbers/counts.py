"""Counts of weights in a sentence: the base's, the trained ones, all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paper_repro.judging import read_printed
from paper_repro.manuscript.numbers.models import mentions
from paper_repro.manuscript.numbers.numerals import Numeral
from paper_repro.manuscript.numbers.patterns import (
    ABOUT,
    BASE,
    BILLIONS,
    MODEL,
    MODEL_MODIFIER,
    PARAMETERS,
    TRAINED,
    before,
    has,
    pattern,
)
from paper_repro.manuscript.numbers.statement import ONE_ADAPTER, Rule, Statement
from paper_repro.manuscript.sentences import Sentence

LARGE = 400_000_000
"""A count that nothing else tells apart is the base's from here on."""
_FILLER = r"more|so|unique|distinct|network|neural|weight|scalar|of|the|its|these|those|individual"
_NOUN_AFTER = pattern(
    rf"-?[ -]?(?P<words>(?:(?:{TRAINED}|{BASE}|{_FILLER})\b[ -]{{1,2}}){{0,4}})",
    rf"(?P<noun>{PARAMETERS})",
)
_ADAPTERS_AFTER = pattern(
    r" (?:(?:new|trainable|spatial|additional) ){0,2}(?:Q?LoRA )?(?:adapters?|LoRA layers)\b"
)
_NOUN_LATER = pattern(
    r" \(~?[\d.,]+ ?(?:%|per ?cent)[^)]{0,40}\) (?:of )?(?:(?:the|its|all|model's) ){0,2}"
    rf"(?P<words>(?:(?:{TRAINED}|{BASE}) ){{0,3}}){PARAMETERS}"
)
_IN_BRACKETS = pattern(rf" ?\((?:{ABOUT}|with |a )")
_PART_BEFORE = pattern(
    r"\b(?:(?:vision|visual|image) (?:encoder|tower|transformer)|ViT|(?:output |text )?decoder|"
    r"projector|merger|(?:token |input |output )?embeddings?|(?:classification |output )?head)"
    r"(?: alone| itself)? ?(?:\(|has |with |of |holds |adds |, )(?:about |some |~)?$"
)
_WHOLE_AFTER = pattern(
    r" (?:out )?of (?:(?:the|its|all|a|total|model's|base's|base|model|full|some) ){0,3}",
    rf"{ABOUT}[\d.,]+ ?{BILLIONS}?[ -]?(?:(?:{TRAINED}|{BASE}) ){{0,2}}{PARAMETERS}",
)
_MODEL_AFTER = pattern(rf"[ -](?:{MODEL_MODIFIER} ?){{0,4}}{MODEL}")
_IS = (
    r"(?: ?(?::|=|\||\(|is|are|was|were|of|to|totals?|totall?ed|numbers?|numbered|amounts? to|"
    r"amounted to|"
    r"comes? to|came to|lies?|in the range|within|,) ?){1,3}"
)
_NOUN_BEFORE = pattern(
    rf"(?P<words>(?:\b(?:{TRAINED}|{BASE}|number|count|of|the|in)\b[ -]?){{0,5}}){PARAMETERS}",
    r"(?: (?:that|which) (?:are|were) (?:trained|updated|trainable|tuned))?",
    rf"(?: (?:count|number|in total))?[ \"'*)\]]{{0,3}}{_IS}{ABOUT}$",
)
_HEAD_BEFORE = pattern(
    r"(?P<words>\b(?:trainable|trained|adapter|LoRA|total|base|all|frozen)\b)",
    r"(?=[^|:=]{0,80}(?:param|weights|#|count))[^|:=]{0,80}[|:=] ?$",
)
_CELL_BEFORE = pattern(
    r"(?:^|\| )(?:#|no\. of|number of)? ?(?P<words>trainable|trained|params?|parameters|total)",
    r" \u00b7 [^|:]{1,80}: ?$",
)
_IN_MILLIONS = pattern(r"\((?:in )?(?:M|millions?)\)[^|:=]{0,24}[|:=] ?$")
_BOTH_BEFORE = pattern(
    r"\bbase (?:and|plus|with) (?:(?:the|both|all|its|Level 1|trained|trainable) )*adapters?\b|"
    r"\bcounting the adapters?\b|",
    r"\bin total(?:,| (?:there (?:are|were)|(?:the|its|our) (?:model|network|stack) "
    r"(?:has|holds|counts|comprises)) )|^\s*in total\b[^.;]{0,60}\badapters?\b",
)
_TRAINED_ALONE = pattern(
    r"(?: \([^)]{1,40}\))? (?:are|were|is|was) (?:trained|updated|trainable|subject to)\b"
)
_OF_WHICH = pattern(rf"\bof (?:which|them|these) {ABOUT}$")
_VERB = pattern(
    r"(?<!pre-)(?<!pre)\b(?:updat|train|optimi[sz]|fine-?tun|learn|add|introduc|insert|tun)",
    r"(?:e|s|es|ed|ing|able)?\b|\badapters?\b|\bQ?LoRA\b",
)
_HAS_BEFORE = pattern(
    r"\b(?:with|has|have|having|compris(?:es|ing)|contain(?:s|ing)|holds|counts|of) ", ABOUT, "$"
)
_POSSESSED = pattern(
    r"\b(?:base|model|backbone|network|VLM|LLM)(?: model)?(?:'s|s') ",
    r"(?:(?:full|total|own|all|entire) )?(?:about |some |~)?$|\b(?:the )?base(?: model)?,? \(?$",
)
_ALL_BEFORE = pattern(
    r"\b(?:all|frozen|full|entire|whole|of (?:the|its))(?: the| of the| its| of its)? ?$"
)
_BASE_OF = pattern(rf"\bbase(?: model)? (?:of|with) {ABOUT}$")
_TOTAL = pattern(r"\b(?:in total|altogether|overall)\b")
_ALL_SHARED = pattern(r" \([\d.,]+ ?% of (?:all|the total)\b")
_AND_ONE = pattern(
    r"\bbase(?: model)? (?:and|plus|with) (?:(?:the|its|our|one|trained|trainable|new|second) )*"
    r"(?:spatial|Level[- ]2|localisation|localization|trained|trainable|new|second)"
    r"(?: LoRA)? adapter\b"
)
_THE_TOTAL_IS = pattern(rf"\b(?:a|the) total of {ABOUT}$|\b(?:total|sum)(?: (?:is|was)|:) {ABOUT}$")
_IN_THE_BASE = pattern(
    r" (?:in|of) the (?:base|backbone)\b(?! (?:and|plus) (?:(?:the|both|its|all) )*(?:adapters?|"
    r"LoRA))"
)
_PEFT_TOTAL = pattern(r"\ball param(?:s|eters) ?: ?$")
_BASE_HAS = pattern(
    r"\b(?:base|backbone)(?: model)?(?: alone| itself)?(?:,? (?:which|that|it))?(?: \([^)]*\))?,? "
    rf"(?:has|have|holds|counts|comprises|contains|of|with|is|:) {ABOUT}$"
)
_HYPOTHETICAL = pattern(
    r"\b(?:would|full fine-?tuning|full-parameter|fully fine-?tun\w+|instead of|rather than|"
    r"without|"
    r"not)\b"
)
_TRAINED_AFTER = pattern(
    r"[ ,(]{0,2}(?:(?:that )?(?:are|were|is|was|being|remain|get|got|have been|"
    r"became) )?(?:then )?",
    r"(?:trainable|trained|updated|optimi[sz]ed|learned|learnable|tuned|fine-?tuned|added|",
    r"in (?:the|our) (?:\w+ )?adapters?|in (?:the )?LoRA|of (?:the|our) (?:\w+ )?adapters?|"
    r"of (?:the |our )?(?:LoRA|low-rank) (?:matrices|layers|factors|modules))\b",
)
_FROZEN_AFTER = pattern(
    r"[ ,(]{0,2}(?:(?:that|which) )?(?:(?:are|were|is|was|remain|remained|stay|stayed|kept|being|",
    r"of the base|of the (?:base |pre-?trained )model) ?){0,2}(?:all )?",
    r"(?:frozen|unchanged|fixed|untouched)\b",
)
_ADAPTER_NEXT = pattern(r" (?:[\w-]+ )?(?:Q?LoRA|adapter)\b")
_COMPARED = pattern(r"\b(?:than|unlike|versus|vs\.?) (?:a |the )?$")
_CLAUSE = pattern(r"[;:.]\s|, (?:while|whereas|which|with)\b")


def counts(sentence: Sentence, numbers: list[Numeral]) -> Iterator[Statement]:
    """Every count of weights."""
    text = sentence.text
    named = [(m.start, m.end) for m in mentions(text)]
    for number in numbers:
        if number.percent or any(start <= number.body < end for start, end in named):
            continue
        if not is_count(number) and _IN_MILLIONS.search(before(text, number.start)):
            number = number._replace(printed=read_printed(f"{number.text}M"), scaled=True)
        inside = any(_IN_BRACKETS.fullmatch(text, end, number.start) for _, end in named)
        if is_count(number) and (rule := _rule(text, number, inside)):
            one = rule == "total-parameters" and _AND_ONE.search(text[: number.start])
            about = ONE_ADAPTER if one else ""
            yield Statement(rule, sentence, number.start, number.end, number.printed, about)


def is_count(number: Numeral) -> bool:
    """Whether a number is large enough to count weights."""
    printed = number.printed
    value = printed.exact or printed.interval.high or printed.interval.low
    return value is not None and value >= 1000


def _rule(text: str, number: Numeral, named: bool) -> Rule | None:
    """Of which quantity a count is.

    Args:
        named: whether it stands in brackets behind a model's name.
    """
    ahead, after = before(text, number.start), text[number.end : number.end + 90]
    if _PART_BEFORE.search(ahead):
        return None
    if later := _NOUN_LATER.match(after):
        return _of_words(later["words"], number, ahead, "")
    followed = _NOUN_AFTER.match(after)
    if followed and named and not has(followed["words"], TRAINED):
        return "base-size"
    if followed:
        return _of_noun(number, followed, ahead, after[followed.end() :])
    if _WHOLE_AFTER.match(after) or (number.scaled and _ADAPTERS_AFTER.match(after)):
        return "trained-parameters"
    if number.scaled and _MODEL_AFTER.match(after):
        return _of_base(ahead)
    alone = number.scaled or _OF_WHICH.search(ahead)
    if alone and _TRAINED_ALONE.match(after) and has(text, PARAMETERS):
        return "trained-parameters"
    preceded = (
        _NOUN_BEFORE.search(ahead)
        or _HEAD_BEFORE.search(ahead)
        or (number.scaled and _CELL_BEFORE.search(ahead))
    )
    return _of_words(preceded["words"], number, ahead, "") if preceded else None


def _of_noun(number: Numeral, followed: re.Match[str], ahead: str, rest: str) -> Rule | None:
    words, singular = followed["words"], followed["noun"].lower() in ("parameter", "param")
    if _TRAINED_AFTER.match(rest) and not has(words, "frozen|base"):
        return "trained-parameters"
    if _FROZEN_AFTER.match(rest) and not has(words, "Q?LoRA|adapters?"):
        return "base-size"
    if singular:
        trained = has(words, TRAINED) or _ADAPTER_NEXT.match(rest)
        return "trained-parameters" if trained else _of_base(ahead)
    return _of_words(words, number, ahead, rest)


def _of_words(words: str, number: Numeral, ahead: str, rest: str) -> Rule:
    """By the words around the noun, then by what stands before the number, then by the verb."""
    if has(words, TRAINED):
        return "trained-parameters"
    if _BASE_OF.search(ahead):
        return "base-size"
    if _BOTH_BEFORE.search(_CLAUSE.split(ahead)[-1]):
        return "total-parameters"
    if _IN_THE_BASE.match(rest):
        return "base-size"
    if _ALL_SHARED.match(rest):
        return "total-parameters"
    if _TOTAL.search(rest[:20]) or has(words, "total") or _THE_TOTAL_IS.search(ahead):
        return "base-size" if _BASE_HAS.search(ahead) else "total-parameters"
    if _PEFT_TOTAL.search(ahead):
        return "total-parameters"
    if has(words, "frozen|base|pre-?trained|original|backbone|all|full|entire"):
        return "base-size"
    if _ALL_BEFORE.search(ahead) or _POSSESSED.search(ahead):
        return "base-size"
    if _HAS_BEFORE.search(ahead) and not has(ahead[-40:], "adapters?|LoRA"):
        return "base-size" if has(ahead, "the base") else _by_size(number)
    clause = _CLAUSE.split(ahead)[-1]
    if _VERB.search(clause) and not _HYPOTHETICAL.search(clause):
        return "trained-parameters"
    return _by_size(number)


def _by_size(number: Numeral) -> Rule:
    interval = number.printed.interval
    size = interval.high if interval.high is not None else interval.low
    return "base-size" if size is not None and size >= LARGE else "trained-parameters"


def _of_base(ahead: str) -> Rule | None:
    return None if _COMPARED.search(ahead) else "base-size"
