"""``python -m paper_repro``."""

from paper_repro.cli import main

main()
