"""`python -m supervision.cli`: the same as `actors`."""

import sys

from . import main

sys.exit(main())
