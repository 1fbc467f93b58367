"""`python -m unknot` is `unknot`."""

import sys

from unknot.cli import main

if __name__ == "__main__":
    sys.exit(main())
