"""``python -m paper_repro``."""

import sys

try:
    from paper_repro.cli import main

    main()
except KeyboardInterrupt:
    sys.exit(130)
