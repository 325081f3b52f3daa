"""A process with a process of its own, to be ended: ``python -m tests.benchmarks.child HOW FILE``.

Writes both numbers into the file; then ``ends`` well, ``fails``, or ``stays``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    how, path = sys.argv[1], Path(sys.argv[2])
    own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    written = path.with_suffix(".part")
    written.write_text(f"{os.getpid()} {own.pid}")
    written.replace(path)
    if how == "fails":
        print("a first line\nwhy it failed\n\n")
        sys.exit(3)
    while how == "stays":
        time.sleep(1)


if __name__ == "__main__":
    main()
