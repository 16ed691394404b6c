"""Stories of many nodes, a few; `python -m tests.durable.nodes` plays more."""

from __future__ import annotations

import pytest

from actors.testing import run_seeded

from .story import play


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_lost_doubled_or_out_of_order(seed: int) -> None:
    """Whatever dies, stalls, joins or drains."""
    story = run_seeded(play, seed, seed=seed)

    assert story.accepted
    assert story.wrong == []
