"""How the garbage collector of Python is to treat a service: as it is, or tuned.

Actors refer to each other in circles, so each full collection goes through all of them:
with 100,000 it takes a tenth of a second.  Tuned, those that are there when the service
is ready are left out, and collections are rarer.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (100_000, 50, 100)
"""For `gc.set_threshold`."""


@contextmanager
def tuned_gc() -> Generator[Callable[[], None]]:
    """In this block the collector is as it was, until the function given is called."""
    before = gc.get_threshold()

    def tune() -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)

    try:
        yield tune
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def plain_gc() -> Generator[Callable[[], None]]:
    """In this block the collector stays as it is."""
    yield lambda: None
