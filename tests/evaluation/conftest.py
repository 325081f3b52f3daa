"""Short real runs of every level, shared with the training room."""

from tests.training.runs import small

__all__ = ["small"]
