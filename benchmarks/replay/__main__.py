"""`python -m benchmarks.replay`; see `replaying.py`."""

import sys

from benchmarks.replay.replaying import main

sys.exit(main())
