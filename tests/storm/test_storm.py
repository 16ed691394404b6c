"""A service keeps its promises in a storm: many storms, one for each seed.

`--storm-seeds N` and `--storm-first K` choose them, `--storm-known` has the faults
count that are known; for long runs there is `python -m tests.storm.run`.
"""

from __future__ import annotations

import pytest

from .run import find_failing
from .shrinking import report


def test_a_service_keeps_its_promises_in_every_storm(
    pytestconfig: pytest.Config,
) -> None:
    """Whatever is sent, aborted, crashed, killed and drained, and in what order."""
    options = pytestconfig.option
    first, count = options.storm_first, options.storm_seeds
    known = options.storm_known

    found = find_failing(range(first, first + count), known=known)

    reports = [report(min(seeds), what, known=known) for what, seeds in found.items()]
    assert not found, "\n\n".join(reports)
