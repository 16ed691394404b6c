"""The wall clock, for what outlives the process: when a prompt came, when it ended.

Everything that a router decides in its lifetime is on Trio's clock; what it writes into
a store is read by another process, which has another one.
"""

from __future__ import annotations

import time


def wall() -> float:
    """Seconds since the epoch."""
    return time.time()
