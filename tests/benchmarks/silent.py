"""Fails and says nothing: ``python -m tests.benchmarks.silent``."""

import sys

sys.exit(1)
