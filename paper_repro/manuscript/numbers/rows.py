"""Rows of a data set in a sentence, and of which split they are said to be."""

from __future__ import annotations

from paper_repro.manuscript.numbers.numerals import Numeral
from paper_repro.manuscript.numbers.patterns import LABEL_END, before, has, occurs, pattern

FEWEST = 50
"""Fewer rows are a batch or an example."""
_NO_ADJECTIVE = (
    r"(?:of|in|on|and|for|with|from|to|by|the|per|are|were|was|is|at|than|hours?|steps?|epochs?|"
    r"videos|patients?)\b"
)
_NOUN_AFTER = pattern(
    rf"[ -](?P<words>(?:(?!{_NO_ADJECTIVE})[A-Za-z][A-Za-z/\u2013-]*[ /\u2013-]){{0,5}}?)",
    r"(?P<noun>samples|examples|images|frames|rows|pairs|questions|instances|items|records|",
    r"annotations|entries|QAs|conversations)\b",
)
_OTHER_NOUN = pattern(
    rf"[ -](?P<words>(?:(?!{_NO_ADJECTIVE})[A-Za-z][A-Za-z/\u2013-]*[ /\u2013-]){{0,4}}?)",
    r"(?P<noun>dialogues|letters|reports|articles|documents|sentences|tickets|posts|papers|"
    r"abstracts|"
    r"tweets|messages|emails|transcripts|clips|scans|slides|tiles|patches|notes|reviews|utterances|"
    r"recordings|rulings|contracts|recipes|answers|summaries|snippets|commits|files|volumes|"
    r"cases)\b",
)
_ROW = pattern(r"samples|examples|images|frames|rows|pairs")
_NOUN_BEFORE = pattern(
    r"\b(?P<words>(?:training|train|validation|val|test|held-out|total|all)? ?",
    r"(?:samples|examples|rows|pairs|questions|records|frames|images|set size|split))",
    r"(?: \([^)]{0,12}\))?",
    LABEL_END,
    "$",
)
_FOR_SPLIT = pattern(
    r" (?:(?:of (?:them|these|which)|were|are|was|is|used|kept|reserved|set aside|held out|went|"
    r"go|serves?|served) )"
    r"{0,4}(?:(?:for|to|in|as) (?:the )?(?P<split>training|train|validation|testing|test|"
    r"evaluation)"
    r"\b|(?:was|were|are|is) held[ -]out\b)"
)
_PUT_ASIDE = pattern(
    r"(?: of (?:the|our|its|all|these) [\d,]+)? (?!of )(?:[a-z-]+ ){1,4}?(?:were|"
    r"was) (?:held[ -]out|(?:kept|reserved|set aside)"
    r"(?: (?:aside|apart|back))? (?:for|as) (?:the )?(?:validation|testing|test|evaluation))\b"
)
_BOTH_SPLITS = pattern(r"\btrain(?:ing)?(?: ?/ ?| and )(?:validation|val|test|held-out)\b")
_TRAINING_AND = pattern(
    r" (?:training|train) (?:and|plus) \d[\d,]* (?:held[ -]out|validation|test|evaluation)\b"
)
_PAIR_AFTER = pattern(r"(?: ?/ ?| and )\d[\d,]+(?!,)[^;.]{0,30}(?:respectively|$|split|\.)|/\d")
_PAIR_BEFORE = pattern(r"\d(?: ?/ ?| and )$")
_DATA = pattern(
    r"\b(?:(?:re-?)?train\w*|fine-?tun\w*|fitted|data ?sets?|corpus|splits?|validation|held[ -]out|"
    r"test set|"
    r"the set|collection|level [12]\b|comprises?|consist\w*|contain\w*|annotat\w*|evaluat\w*|"
    r"label\w*|tested on|pitvqa\w*|"
    r"mmrech/\S+)"
)
_DATA_SET = pattern(
    r"\b(?:data ?sets?|corpus|splits?|validation|held[ -]out|test set|training (?:set|data)|"
    r"fine-?tun\w*)\b"
)
_PART_OF = pattern(
    r"\b(?:per|each|every|random(?:ly)? (?:chosen|selected|picked|sampled)|subset|batch(?:es)? of|"
    r"another|e\.g)\b|\bfirst $"
)
_A_TIME = pattern(r" (?:per|a|each) (?:second|step|batch|pass|update|video|device)")
_AGAIN = pattern(r" (?:twice|again|independently|once more)\b")
_VALIDATION = pattern(
    r"\b(?:validation|val|test|testing|held[ -]?out|evaluat\w*|unseen|hold-?out)\b"
)
_SPLIT = pattern(r"\b(?:training|train|validation|test|held[ -]?out)\b")
_TRAINING = pattern(r"\b(?:training|train)\b")
_TRAINED_ON = pattern(
    r"\b(?:(?:re-?)?trained|training|train|fine-?tun(?:ed|ing|e)|adapt(?:ed|ing)|fitted|"
    r"LoRA)\b(?:[^.;:]|\.(?=\d)){0,160}",
    r"\b(?:on|to|with|using|over|from|reads?|used|uses|saw|sees)",
    r"(?: (?:the|all|a total of|about|some|only|these|our|of|its|just))*[ ~]*$",
)
_TRAINED_ON_THEM = pattern(
    r"\b(?:(?:re-?)?train(?:ed|ing)|fine-?tun(?:ed|ing)|adapted|fitted)\b(?:[^.;:]|"
    r"\.(?=\d)){0,80} on"
    r"(?: (?:the|all|about|some|only|these|our|its|just|another|over|more than))*[ ~]*$"
)
_TESTED_ON_THEM = pattern(
    r"\b(?:tested|validated|evaluated|scored|measured) on(?: (?:the|all|about|our|its|"
    r"another))*[ ~]*$"
)
_THINGS = pattern(
    r" (?!(?:tokens?|hours?|GPUs?|cards?|days?|weeks?|steps?|epochs?|years?|months?|minutes?|"
    r"seconds?|cores?|nodes?|machines?|"
    r"tasks?|"
    r"languages?|classes|videos|patients?|hospitals?|benchmarks?|domains?|sites?|and|to|of|GB|"
    r"TB)\b)"
    r"(?:[A-Za-z-]+ ){0,4}?[a-z-]{3,}s\b"
)
_FOR_TRAINING = pattern(
    r" (?:are |were |is |was |used |serve[sd]? ){0,2}"
    r"(?:for (?:the )?(?:training|fine-?tuning)|to (?:train|fine-?tune|adapt))\b"
)
_ALL = pattern(
    r"\b(?:in total|total|altogether|overall|comprises?|consists? of|contains?|data ?sets? of|"
    r"corpus of|data ?set with)\b"
)
_TOTAL_AFTER = pattern(r" (?:in total|overall|altogether)")
_OF_ALL = pattern(r"\d ?(?:%|per ?cent)?(?: \w+)? of (?:the|our|its|all|these)(?: \w+)? $")
_CLAUSE = pattern(r"[;:]|, (?:of which|while)\b")
_REST = pattern(r"[;,.(]| and ")


def split_of(text: str, number: Numeral) -> str:
    """Of which split a number of rows is.

    Returns:
        ``all``, ``train``, ``validation``; ``any`` where the sentence leaves it open; nothing where
        the number is not of rows of a data set.
    """
    value = number.printed.exact
    if value is None or value < FEWEST or (number.scaled and value < 1000):
        return ""
    ahead, after = before(text, number.start, 240), text[number.end : number.end + 100]
    if pair := _of_pair(ahead, after):
        return pair
    if bare := _FOR_SPLIT.match(after):
        return "train" if (bare["split"] or "").lower().startswith("train") else "validation"
    if _PUT_ASIDE.match(after) and not _OF_ALL.search(ahead):
        return "validation"
    noun, head = _NOUN_AFTER.match(after), _NOUN_BEFORE.search(ahead[-120:])
    clause = _CLAUSE.split(ahead)[-1]
    if not noun and (other := _OTHER_NOUN.match(after)):
        return _of_others(other["words"], clause)
    if not noun and not head and _TRAINED_ON_THEM.search(clause) and _THINGS.match(after):
        return "validation" if _TESTED_ON_THEM.search(clause) else "train"
    if not noun and not head:
        return ""
    rest = _REST.split(after[noun.end() : noun.end() + 40])[0] if noun else ""
    about = _DATA if not noun or _ROW.fullmatch(noun["noun"]) else _DATA_SET
    if (
        _PART_OF.search(clause[-60:])
        or (noun and has(noun["words"], "random"))
        or _A_TIME.match(rest)
        or _AGAIN.match(rest)
        or not (
            head
            or occurs(about, text)
            or _TRAINED_ON_THEM.search(clause)
            or _SPLIT.search(noun["words"] if noun else "")
        )
    ):
        return ""
    return _said(noun["words"] if noun else head["words"] if head else "", clause, rest)


def _of_others(words: str, clause: str) -> str:
    """Of things that are rows of a data set only where the sentence says so."""
    if _VALIDATION.search(words):
        return "validation"
    return "train" if _TRAINING.search(words) or _TRAINED_ON.search(clause) else ""


def _of_pair(ahead: str, after: str) -> str:
    """Of two splits that are named together, ``9,125/1,014``, which one a number is."""
    if _TRAINING_AND.match(after):
        return "train"
    if not (_BOTH_SPLITS.search(ahead) or _BOTH_SPLITS.search(after)):
        return ""
    if _PAIR_AFTER.match(after):
        return "train"
    return "validation" if _PAIR_BEFORE.search(ahead) else ""


def _said(words: str, clause: str, rest: str) -> str:
    if _FOR_TRAINING.match(rest):
        return "train"
    if _OF_ALL.search(clause):
        return "all"
    if _VALIDATION.search(words):
        return "validation"
    if _TRAINING.search(words):
        return "train"
    if _VALIDATION.search(rest[:30]):
        return "validation"
    if _TRAINING.search(rest[:30]) and not _ALL.search(clause[-40:]):
        return "train"
    if _TOTAL_AFTER.match(rest) or _ALL.search(clause[-50:]):
        return "all"
    if _VALIDATION.search(clause[-60:]):
        return "validation"
    return "train" if _TRAINED_ON.search(clause) else "any"
