"""Counting parameters: closed forms without torch, real instantiation, and the reverse solver.

The two main functions live in modules of their own name: ``counting.count.count`` and
``counting.explain.explain``. Importing this package imports no numerical library.
"""

from paper_repro.counting.architecture import Architecture, LayerGroup, UnknownFamily
from paper_repro.counting.bases import resolve_base
from paper_repro.counting.candidates import Stack, known_stacks
from paper_repro.counting.count import AdapterCount, Count, nominal_size
from paper_repro.counting.denominators import LABELS, denominators, packed_parameters, percent
from paper_repro.counting.explain import Explanation, Match
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import (
    LoraSpec,
    lora_formula,
    lora_parameters,
    parse_lora,
    second_wrap_formula,
    second_wrap_parameters,
)

__all__ = [
    "LABELS",
    "AdapterCount",
    "Architecture",
    "Count",
    "Explanation",
    "LayerGroup",
    "LoraSpec",
    "Match",
    "Stack",
    "UnknownFamily",
    "architecture_of",
    "denominators",
    "known_stacks",
    "lora_formula",
    "lora_parameters",
    "nominal_size",
    "packed_parameters",
    "parse_lora",
    "percent",
    "resolve_base",
    "second_wrap_formula",
    "second_wrap_parameters",
]
