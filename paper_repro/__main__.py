"""``python -m paper_repro``."""

import sys

try:
    from paper_repro.cli import main

    main()
except KeyboardInterrupt:
    sys.exit(130)
finally:
    # After an interrupt inside exec("…"), though it was caught, CPython ends by the signal and
    # not with the status, unless another text is run.
    exec("")
