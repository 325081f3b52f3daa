"""Shares of weights in a sentence, and of what they are shares."""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.manuscript.numbers.numerals import Numeral
from paper_repro.manuscript.numbers.patterns import BILLIONS, EARLIER, before, occurs, pattern
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.sentences import Sentence

_NUMBER = rf"~?[\d.,]+ ?{BILLIONS}?\b"
_OF_BOTH = pattern(
    r" ?of (?:the )?(?:base|model|backbone)(?: model)? (?:and|plus|with|\+) ",
    r"(?:(?:the|all|its|both) )?adapters?\b",
)
_OF = pattern(
    r" ?(?:of|from) (?P<words>(?:(?:the|its|all|our|total|full|entire|whole|original|frozen|base|",
    rf"pre-?trained|{_NUMBER}|trainable|model|model's|network's|base's|language|vision-language|",
    r"underlying|number of|non-embedding|Qwen2-VL(?:-2B)?(?:-Instruct)?(?:'s)?|overall|"
    r"existing) ?)",
    r"{0,5})(?P<noun>(?:parameters?|params?|weights|model|network|VLM|LLM|MLLM|backbone|base|"
    r"total)\b)",
)
_HEAD = pattern(
    r"(?:trainable ?%|trainable(?: \w+)? ?\(%\)|% trainable|",
    r"trainable (?:share|fraction|proportion|percentage|ratio)|",
    r"(?:share|fraction|proportion|percentage) of (?:trainable|trained) ",
    r"(?:parameters|weights|params))[^\d|]{0,16}(?:\||:|=|is|was|of) ?$",
)
_OF_THEM = pattern(r" ?of (?:them|these|those)\b(?! (?:by|who|with|that|from|in|of|on|for)\b)")
_OF_BEFORE = pattern(
    r"(?:share|fraction|percentage|proportion|per ?cent|%)(?: (?:trained|trainable))? of ",
    r"(?P<words>(?:(?:the|all|total|base|whole|language|its) ){0,3})",
    r"(?P<noun>parameters?|params|weights|model|base|total)\b[^|:=]{0,12}[|:=] ?$",
)
_PEFT_HEAD = pattern(r"trainable ?%\W{1,4}$")
_BESIDE_COUNT = pattern(
    rf"(?: of (?:the |its )?{_NUMBER})?[^.;\d]{{0,28}}[(,|/=\u2013\u2014] ?",
    r"(?:i\.e\.,? |or |about |only |just |roughly |which is |~|[^.;|]{0,60}: )?",
)
_BEFORE_COUNT = pattern(r" ?[(,] ?")
_ABOUT_TRAINING = pattern(
    r"\b(?:train\w*|updat\w*|fine-?tun\w*|adapt\w*|Q?LoRA|optimi\w+|learn\w*|tun(?:e|ed|ing|able)|"
    r"param\w*|weights|frozen|freez\w+)\b"
)
_ADAPTED = pattern(r"\b(?:Q?LoRA|adapters?|fine-?tun\w*|we (?:train|updat|tun)\w*)\b")
_BASE = pattern(r"\bbase\b")
_WEIGHTS = pattern(r"\b(?:param\w*|weights)\b")
_ARE_TRAINED = pattern(
    r" (?:are|were|is|was|get|got) (?:being )?(?:trained|trainable|updated|tuned|fine-?tuned)\b"
)
_WHICH_TRAINED = pattern(
    r"\bof which (?:we |only |just |about ){0,3}(?:(?:re-?)?train|fine-?tun|updat)\w* "
    r"(?:only |just |about )?$"
)
_OF_WHICH = pattern(r"\bof (?:which|them|these) (?:only |just |about |some |~)?$")
_THAT_IS = pattern(
    r"\s*(?:that|this|it|they|these|those) (?:is|was|are|were|makes|made|amounts?|corresponds?)\b"
)
_IT_IS = pattern(r"[,:] (?:it|this|that) (?:is|was|makes|comes to) (?:about |only |just )?$")
_FROZEN = pattern(r"\b(?:frozen|freez\w*|froze|unchanged|untouched|fixed|intact)\b")


def shares(
    sentence: Sentence, numbers: list[Numeral], counted: list[Statement]
) -> Iterator[Statement]:
    """Every share of weights; a bare one stands beside a count.

    Args:
        counted: the counts of the same sentence.
    """
    text = sentence.text
    for number in numbers:
        if not number.percent and not _PEFT_HEAD.search(before(text, number.start, 20)):
            continue
        about = _denominator(sentence, number, counted)
        if about is not None:
            frozen = _is_of_frozen(text, number)
            yield Statement(
                "trained-share", sentence, number.start, number.end, number.printed, about, frozen
            )


def _denominator(sentence: Sentence, number: Numeral, counted: list[Statement]) -> str | None:
    """The denominator; empty where the sentence names none, None where it is no such share."""
    text = sentence.text
    if _OF_BOTH.match(text, number.end):
        return "total"
    of = _OF.match(text, number.end)
    alone = of and not f"{text[: number.start]}{text[of.end() :]}".strip(" .")
    trains = occurs(_ABOUT_TRAINING, text) or _goes_on(sentence, number)
    if of and (alone or trains or _BASE.search(of[0])):
        return _whole(of["words"].lower(), of["noun"].lower())
    if _OF_THEM.match(text, number.end) and (occurs(_WEIGHTS, text) or occurs(_ADAPTED, text)):
        return ""
    if _ARE_TRAINED.match(text, number.end) or _WHICH_TRAINED.search(before(text, number.start)):
        if any(c.rule == "total-parameters" and c.end <= number.start for c in counted):
            return "total" if _OF_WHICH.search(before(text, number.start)) else ""
        return "" if occurs(_WEIGHTS, text) else None
    if labelled := _OF_BEFORE.search(before(text, number.start)):
        return _whole(labelled["words"].lower(), labelled["noun"].lower())
    if _HEAD.search(before(text, number.start)):
        return "total" if _PEFT_HEAD.search(before(text, number.start, 20)) else ""
    beside = any(_is_beside(text, number, count) for count in counted)
    return "" if beside else None


def _goes_on(sentence: Sentence, number: Numeral) -> bool:
    """Whether it says more of what the sentences before it say of training: "That is …"."""
    text, earlier = sentence.text, before(sentence.passage.text, sentence.start, EARLIER)
    more = _THAT_IS.match(text) or _IT_IS.search(before(text, number.start, 24))
    return bool(more and _ABOUT_TRAINING.search(earlier))


def _is_beside(text: str, number: Numeral, count: Statement) -> bool:
    if count.rule != "trained-parameters":
        return False
    if 0 <= number.start - count.end <= 60:
        return _BESIDE_COUNT.fullmatch(text, count.end, number.start) is not None
    return _BEFORE_COUNT.fullmatch(text, number.end, count.start) is not None


def _whole(words: str, noun: str) -> str:
    if "non-embedding" in words:
        return "non-embedding"
    if noun == "llm" or ("language model" in f"{words}{noun}" and "vision" not in words):
        return "language"
    if any(word in words for word in ("base", "original", "frozen", "pretrained", "pre-trained")):
        return "base"
    every = noun.startswith(("param", "weight")) and "all" in words.split()
    return "total" if every or "total" in words or noun == "total" else "base"


def _is_of_frozen(text: str, number: Numeral) -> bool:
    interval = number.printed.interval
    value = interval.low if interval.low is not None else interval.high
    around = text[max(0, number.start - 60) : number.end + 80]
    return value is not None and value >= 50 and _FROZEN.search(around) is not None
