"""How long ``check`` takes for ten megabytes of Markdown, on one core.

    python -m benchmarks.manuscript_speed [--json FILE]

Two texts: one in which one paragraph in forty is about fine-tuning, taken from the labelled
manuscripts, and the rest is prose about other things; and one that repeats those manuscripts alone,
so that every paragraph has to be read. Prints the median of three runs of each, and what one holds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import time
from pathlib import Path

from benchmarks.cpu_commands import where
from benchmarks.manuscripts import CORPUS
from paper_repro.manuscript.asked import Asked
from paper_repro.manuscript.check import check, may_matter
from paper_repro.manuscript.document import Manuscript
from paper_repro.manuscript.readers import markdown
from paper_repro.study import load_study

SIZE = 10_000_000
RUNS = 3
SHARE = 40
WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "a",
    "is",
    "that",
    "for",
    "it",
    "as",
    "was",
    "with",
    "on",
    "by",
    "at",
    "from",
    "this",
    "have",
    "be",
    "are",
    "which",
    "or",
    "had",
    "not",
    "but",
    "patients",
    "bone",
    "nasal",
    "sinus",
    "optic",
    "vessel",
    "wall",
    "view",
    "light",
    "tissue",
    "centre",
    "wide",
    "small",
    "early",
    "later",
    "after",
    "before",
    "under",
    "between",
    "during",
    "through",
    "along",
    "where",
    "when",
    "while",
    "both",
    "each",
    "other",
    "some",
    "most",
]


def dense() -> str:
    """The labelled Markdown manuscripts, again and again, numbered so that no line repeats."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((CORPUS / "seen").glob("*.md"))]
    made, length = [], 0
    for number, text in zip(itertools.count(), itertools.cycle(texts)):
        made.append(f"# Part {number}\n\n{text}\n")
        length += len(made[-1])
        if length >= SIZE:
            return "\n".join(made)
    raise AssertionError


def sparse() -> str:
    """Ordinary prose with one paragraph in forty of those manuscripts."""
    chance = random.Random(0)
    found = [
        p for p in dense()[:200_000].split("\n\n") if p and not p.startswith(("---", "|", "`"))
    ]
    made, length = [], 0
    while length < SIZE:
        about = chance.randrange(SHARE) == 0
        words = chance.choices(WORDS, k=90)
        made.append(chance.choice(found) if about else f"{' '.join(words).capitalize()}.")
        length += len(made[-1]) + 2
    return "\n\n".join(made)


def seconds(text: str) -> tuple[float, int]:
    """Median time of reading and checking, and how many findings there are."""
    asked, took = Asked(load_study()), []
    for _ in range(RUNS):
        start = time.process_time()
        passages = markdown.passages(text, may_matter)
        found = check(Manuscript("big.md", text, passages), asked).findings
        took.append(time.process_time() - start)
    return statistics.median(took), len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, help="write the record there")
    asked = parser.parse_args()
    found = {}
    for name, text in (("one paragraph in forty", sparse()), ("every paragraph", dense())):
        took, count = seconds(text)
        found[name] = {"seconds": round(took, 2), "megabytes": len(text) / 1e6, "findings": count}
        print(f"{name}: {len(text) / 1e6:.1f} MB in {took:.1f} s of one core, {count:,} findings")
    if asked.json:
        record = {"schema": "paper_repro.manuscript-speed/1", "where": where(1), "texts": found}
        asked.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
