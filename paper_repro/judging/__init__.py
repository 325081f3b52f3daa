"""How a printed value is read and when a found value agrees with it. Imports nothing above it."""

from paper_repro.judging.interval import Interval
from paper_repro.judging.printed import Printed, read_printed
from paper_repro.judging.verdict import Judgement, Key, Value, Verdict, judge

__all__ = [
    "Interval",
    "Judgement",
    "Key",
    "Printed",
    "Value",
    "Verdict",
    "judge",
    "read_printed",
]
