"""A study as data: the model, the loader, and the built-in ``pitvqa`` study."""

from paper_repro.study.load import BUILT_IN, load_study
from paper_repro.study.model import Claim, Study
from paper_repro.study.tables import Adapter, Dataset, Model, Procedure, Settings, Variant

__all__ = [
    "BUILT_IN",
    "Adapter",
    "Claim",
    "Dataset",
    "Model",
    "Procedure",
    "Settings",
    "Study",
    "Variant",
    "load_study",
]
