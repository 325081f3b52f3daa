"""Short runs, for the commands that train or read them."""

from tests.training.runs import small

__all__ = ["small"]
