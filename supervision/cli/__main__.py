"""`python -m supervision.cli`: the same as `actors`."""

import sys

from supervision.cli import main

sys.exit(main())
