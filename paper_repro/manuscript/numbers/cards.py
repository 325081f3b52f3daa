"""GPUs that a sentence says trained the model."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paper_repro.manuscript.numbers.patterns import LABEL_END, before, occurs, pattern
from paper_repro.manuscript.numbers.settings import TRAINS
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.sentences import Sentence

_CARD = re.compile(
    r"(?<![\w-])(?P<card>RTX ?A?\d{4}(?: Ti)?|GTX ?\d{4}(?: Ti)?|A100|A10G?|A6000|A40|H100|H200|"
    r"V100|"
    r"P100|K80|L40S?|L4|T4|B200|GH200|MI300X?|TPU ?v\d\w*)s?(?!\w)"
    r"(?! (?:tumou?r|lesion|stage|disease|vertebra|level|weighted))"
)
_NEAR = pattern(
    r"^\s*\d+ ?[x\u00d7] ?$|",
    r"NVIDIA|Tesla|GPUs?\b|Colab|Kaggle|card|graphics|memory|\bGB\b|",
    r"\b(?:on|using|with|single|one|free|a|our|my|their) ",
    r"(?:a |an |the |one |two |four |eight |single |free |\d+(?: ?[x\u00d7] ?| ))*$",
)
_AFTER = pattern(r"s? ?(?:GPUs?|\(|cards?|with)")
_LABEL = pattern(
    rf"\b(?:card|GPU|hardware|accelerator)s?(?:{LABEL_END}| ?\( ?)(?:\d+ ?[x\u00d7] ?)?$|",
    r"\b(?:h|hrs?|hours?|min(?:utes)?|days?|b?fp?(?:loat)?16|NF4|4[- ]bit|(?:half|mixed|"
    r"full) precision) on (?:a|an|one|the|our)"
    r"(?: (?:single|free|NVIDIA|Tesla))* $|",
    r"\b(?:work|it|everything|job) was (?:all )?done on (?:a|an|one|two|our|the)"
    r"(?: (?:single|free|NVIDIA|Tesla))* $|",
    r"\bused (?:a|an|one|two|four|eight|the)(?: (?:single|NVIDIA|Tesla))* $",
)
_OTHERWISE = pattern(
    r"\b(?:inference|answers?|answering|deploy\w*|predicts?|thyroid|TSH|hormones?)\b"
)
_CLAUSE = pattern(r"[;:]|, |\b(?:while|whereas)\b")


def cards(sentence: Sentence) -> Iterator[Statement]:
    """Every card of a sentence about training."""
    text = sentence.text
    for match in _CARD.finditer(text):
        start, end = match.span("card")
        clause = _CLAUSE.split(before(text, start, 200))[-1]
        labelled = _LABEL.search(before(text, start, 90))
        if not (labelled or occurs(TRAINS, text)) or _OTHERWISE.search(clause):
            continue
        if _NEAR.search(before(text, start, 24)) or _AFTER.match(text, end):
            yield Statement("card", sentence, start, end, match["card"])
