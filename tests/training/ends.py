"""What is left of a process group when its block has ended; started by a launcher, prints it."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pathlib import Path

from paper_repro.training.workers import joined


def threads() -> Counter[str]:
    """Of this process, by name."""
    return Counter(path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm"))


def main() -> None:
    with joined("cpu") as workers:
        import_module("torch._dynamo")  # as transformers does, which takes the group
        workers.wait()
        within = threads()
    after = threads()
    if workers.writes:
        print(sum(n for name, n in within.items() if "gloo" in name), end=" ")
        print(sum(n for name, n in after.items() if "gloo" in name))


if __name__ == "__main__":
    main()
