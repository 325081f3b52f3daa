"""``python -m paper_repro.site build|check|figures``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from paper_repro.errors import UserError
from paper_repro.site.build import build, stale
from paper_repro.site.figures import levels
from paper_repro.study import load_study
from paper_repro.verify.finding import DEFAULT_STAGES, Stage

LEVELS = "docs/assets/levels.svg"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; status 0 well, 1 stale, 2 could not."""
    parser = argparse.ArgumentParser(prog="python -m paper_repro.site", description=__doc__)
    parser.add_argument(
        "command",
        choices=("build", "check", "figures"),
        help="check: are the staged pages up to date? figures: draw the committed ones again",
    )
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="checkout of the repository")
    parser.add_argument(
        "--stage",
        action="append",
        type=Stage,
        choices=list(Stage),
        help="evidence for the claims page (repeatable); default: arithmetic, instantiate, train",
    )
    chosen = parser.parse_args(arguments)
    stages = chosen.stage or list(DEFAULT_STAGES)
    try:
        if chosen.command == "figures":
            (chosen.root / LEVELS).write_text(levels(load_study()).svg(), encoding="utf-8")
            return 0
        if chosen.command == "build":
            print(f"The site is in {build(chosen.root, stages)}")
            return 0
        outdated = stale(chosen.root, stages)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    for name in outdated:
        print(f"out of date: {name}")
    print("Next: make docs" if outdated else "Every page is up to date.")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
