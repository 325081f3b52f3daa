"""Numbers of a run in a sentence: rank, epochs, optimizer steps, hours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from paper_repro.judging import Interval, Printed
from paper_repro.manuscript.numbers.models import mentions
from paper_repro.manuscript.numbers.numerals import Numeral
from paper_repro.manuscript.numbers.patterns import LABEL_END, before, occurs, pattern
from paper_repro.manuscript.numbers.rows import split_of
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.sentences import Sentence

ALONE = 24
"""Characters of a passage that states a rank and nothing else."""
FEWEST_STEPS = 50
"""Fewer steps are those of an operation or of a recipe."""
LORA = pattern(
    r"LoRA|low-rank|adapter|adapted|_proj\b|\bPEFT\b|\u03b1|\balpha\b|projections?|"
    r"fine-?tun|\bepochs?\b|parameters|\bT4\b|\b(?:r ?=|rank) ?\d+ on\b|matrices|\bLevel [12]\b"
)
"""One of these occurs in a passage, or above it, that speaks of adapters at all."""
_RANK = pattern(
    r"(?:\b(?:LoRA[ -])?(?:rank|lora_r|lora_rank)(?: ?\(?r\)?)?",
    r"(?: (?:of|for|in) (?:the |our |its |each |all )?(?:Q?LoRA|(?:LoRA )?adapters?|matrices|"
    r"updates?))?",
    r"(?: (?:of|for|in) (?:[\w-]+ ){1,9}?(?:is|was))?",
    r"(?: (?:is|was|were|of|to|at|as|equals?|equal|set|fixed|chosen|kept|value|raised|increased|"
    r"lowered|reduced)){0,4}",
    r" ?[:=\-(|]? ?(?:r ?= ?)?|(?<![\w'-])r ?(?:=|:|of|was|is|was set to) ?)$|"
    r"(?:^|\| )r \u00b7 [^|:]{1,80}: ?$|"
    r"\b(?:LoRA )?rank(?: \(?r\)?)?",
    LABEL_END,
    "$",
)
_LABELLED = pattern(r"\brank\b(?: \(?r\)?| \$?r\$?)?", LABEL_END, "$")
_RANK_AFTER = pattern(r" is the (?:LoRA )?rank\b")
_RANK_WORD = pattern(r"\branks?\b")
_RANK_AGAIN = pattern(r" (?:for|at|in) (?:the )?(?:\w+ )?(?:adapter|one|level|stage)\b")
_OTHER_RANK = pattern(r" (?:among|of (?:\d|the)|in the (?:league|list|challenge))")
_EPOCHS_AFTER = pattern(
    r"[ -](?:full |complete |training )?(?:epochs?\b(?! of (?!train|fine))|ep\.|"
    r"passes over the (?:data|training|rows))"
)
_OTHER_EPOCHS = pattern(r"\bpatience (?:of|was|is) $")
_LEARNS = pattern(
    r"\b(?:(?:re-?)?train\w*|fine-?tun\w*|tun(?:ed|ing)|model\w*|learn\w*|LoRA|adapters?|batch\w*|"
    r"optimi\w+|loss|steps|rows|samples|examples|data|Adam\w*|overfit\w*|updat\w+|param\w*|"
    r"weights|schedul\w+|network|rank|"
    r"pitvqa\S*|runs?|ran|"
    r"r ?=)\b"
)
_EPOCHS_BEFORE = pattern(r"\b(?:num_train_epochs|(?:training )?epochs?)", LABEL_END, "$")
_STEPS_AFTER = pattern(
    r"[ -](?:(?:optimi[sz]er|optimi[sz]ation|gradient|training|update|parameter|weight|"
    r"AdamW?)[ -]?",
    r"(?:update )?)?(?:steps|updates|iterations)\b",
)
_STEPS_BEFORE = pattern(
    r"\b(?:max_steps|(?:(?:total|training|optimi[sz]er) )?steps)", LABEL_END, "$"
)
_OTHER_STEPS = pattern(r"accumulat\w*|every|each|per|warm-?up|surgical|an? (?:epoch|day)|walk\w*")
_HOURS_AFTER = pattern(r"[ -]?(?P<unit>h|hrs?|hours?|mins?|minutes|days?)\b(?! ?/)")
_CARD_HOURS = pattern(r"[ -](?:GPU|A100|H100|card|V100)s?[ -]?h")
_OF_TRAINING = pattern(r" of (?:re-?)?(?:training|fine-?tuning)\b")
_ON_A_CARD = pattern(
    r" on (?:an?|one|the|our) (?:(?:free|single|NVIDIA|Tesla|Colab|"
    r"Kaggle) ){0,3}[A-Z]{1,3}\d{1,4}\b"
)
_SINCE = pattern(
    r" (?:of (?!(?:re-?)?training|fine-?tun|wall|compute|GPU|computation)|"
    r"an? (?:day|week)|per (?:day|week)|ago|later|earlier|old|before|after)\b"
)
_PER_HOUR = {"h": Fraction(1), "m": Fraction(1, 60), "d": Fraction(24)}
TRAINS = pattern(
    r"\b(?:(?:re-?)?train\w*|fine-?tun\w*|run(?:s|ning)?|ran|took|finish\w*|complet\w*|",
    r"wall[ -]?(?:clock|time)|GPU|Colab|reproduc\w*|converge\w*|epochs?)\b",
)
_RUN = pattern(
    r"\b(?:(?:re-?)?train\w*|fine-?tun\w*|GPU\w*|Colab|Kaggle|epochs?|LoRA|adapters?|notebook|"
    r"\d steps|"
    r"models?|hyperparameters?|learning|[TALHVP]\d{1,3}|RTX|cards?|runs?|wall|level)\b"
)
"""One of these stands beside the time of a run, in its passage or above."""
_CLAUSE = pattern(r"[;:]|, (?!which\b)(?:and |but |while |whereas )?|\b(?:while|whereas)\b")
_LASTS = pattern(r"\b(?:takes|lasts?|lasted|needs|spends?)\b|^One ")
_OTHER_TIME = pattern(
    r"\b(?:segmentation|detection network|detector|U-?Net|YOLO\w*|ResNet\w*|simulator|phantom|"
    r"residents?|participants?|students?|volunteers?|dentist|"
    r"nurses?|staff|trainees?|fellows?|inference|evaluation took|annotat\w+|surger(?:y|ies)|"
    r"operati\w+|procedure|footage|video|recording|download\w*|per (?:video|patient)|pre-?train\w*|"
    r"follow-up|stay\w*|install\w*|set-?up|load\w*|upload\w*|convert\w*|merg\w+|evaluat\w+|"
    r"larvae|rats|mice|dogs|birds|monkeys|manual|took (?:them|him|her|me)|focus group|generat\w+|"
    r"answer\w*|predict\w*|preprocess\w*|"
    r"meetings?|lectures?|talks?|workshops?|seminars?|"
    r"queue\w*|wait\w*|compil\w*|"
    r"radiographers?|reading|clinicians|doctors|physicians|"
    r"call|shift|courses?|curriculum)\b"
)


def settings(sentence: Sentence, numbers: list[Numeral]) -> Iterator[Statement]:
    """Every such number, and rows of data."""
    named = [(m.start, m.end) for m in mentions(sentence.text)]
    for number in numbers:
        if not number.percent and not any(a <= number.body < b for a, b in named):
            yield from _one(sentence, number)


def _one(sentence: Sentence, number: Numeral) -> Iterator[Statement]:
    text, start, end, printed = sentence.text, number.start, number.end, number.printed
    ahead, after = before(text, start), text[end : end + 100]
    whole = printed.exact is not None and printed.exact.denominator == 1
    if whole and printed.exact and _is_rank(sentence, number):
        yield Statement("rank", sentence, number.body, end, exactly(printed))
    elif whole and _is_epochs(sentence.passage.text, ahead, after):
        yield Statement("epochs", sentence, start, end, exactly(printed))
    elif whole and _is_steps(ahead, after, number):
        yield Statement("steps", sentence, start, end, printed)
    elif split := split_of(text, number):
        yield Statement("samples", sentence, start, end, printed, split)
    elif hours := _hours(sentence, ahead, after):
        yield Statement("hours", sentence, start, end + hours.end(), _in_hours(printed, hours))


def _is_rank(sentence: Sentence, number: Numeral) -> bool:
    text = sentence.text
    ahead = before(text, number.body)
    again = _RANK_AGAIN.match(text, number.end) and _RANK_WORD.search(ahead)
    named = _RANK.search(ahead) or _RANK_AFTER.match(text, number.end) or again
    if not named or _OTHER_RANK.match(text, number.end):
        return False
    if _LABELLED.search(ahead):
        return True
    passage = sentence.passage
    about = any(occurs(LORA, part) for part in (passage.text, *passage.section))
    return about or len(passage.text) < ALONE


def _is_epochs(text: str, ahead: str, after: str) -> bool:
    if _OTHER_EPOCHS.search(ahead):
        return False
    if _EPOCHS_BEFORE.search(ahead):
        return not _STEPS_AFTER.match(after)
    return bool(_EPOCHS_AFTER.match(after)) and (len(text) < ALONE or occurs(_LEARNS, text))


def _is_steps(ahead: str, after: str, number: Numeral) -> bool:
    if ahead.endswith("first "):
        return False
    if _STEPS_BEFORE.search(ahead):
        return True
    match = _STEPS_AFTER.match(after)
    clause = _CLAUSE.split(ahead)[-1]
    if not match:
        return False
    rest = after[: match.end()] + after[match.end() : match.end() + 16].partition(",")[0]
    if _OTHER_STEPS.search(clause[-60:] + rest):
        return False
    return (number.printed.exact or 0) >= FEWEST_STEPS


def _hours(sentence: Sentence, ahead: str, after: str) -> re.Match[str] | None:
    match = _HOURS_AFTER.match(after)
    if not match or _CARD_HOURS.match(after) or _SINCE.match(after, match.end()):
        return None
    text, clause = sentence.text, _CLAUSE.split(ahead)[-1]
    about = (
        TRAINS.search(clause)
        or _ON_A_CARD.match(after, match.end())
        or _OF_TRAINING.match(after, match.end())
        or (occurs(TRAINS, text) and not _LASTS.search(clause))
    )
    rest = _CLAUSE.split(after)[0]
    if not any(occurs(_RUN, part) for part in (sentence.passage.text, *sentence.passage.section)):
        return None
    return match if about and not _OTHER_TIME.search(f"{clause} | {rest}") else None


def _in_hours(printed: Printed, match: re.Match[str]) -> Printed:
    factor = _PER_HOUR[match["unit"][0].lower()]
    exact = None if printed.exact is None else printed.exact * factor
    return Printed(printed.text + match[0], printed.interval.scaled(factor), exact, printed.kind)


def exactly(printed: Printed) -> Printed:
    """A number that is never rounded: a rank, epochs."""
    if printed.exact is None:
        return printed
    return Printed(printed.text, Interval.point(printed.exact), printed.exact, printed.kind)
