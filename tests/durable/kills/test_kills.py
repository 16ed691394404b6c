"""Whatever dies when: what was accepted has one outcome, and states are as they say."""

from __future__ import annotations

from actors.testing import seeds

from .checking import wrong
from .play import play


@seeds(200)
async def test_a_process_may_die_at_any_point(seed: int) -> None:
    """Four times in each story."""
    story = await play(seed)

    assert wrong(story) == []
    assert story.kills == 4
