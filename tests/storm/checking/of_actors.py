"""What is true of plain actors, of the tree, and of the system as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.storm.world.clerks import Note
from tests.storm.world.story import Story


def every_tell_ends(story: Story) -> Iterator[str]:
    """What was told was handled, or is a dead letter; once."""
    assert story.system is not None
    letters = [letter.message for letter in story.system.dead_letters]
    dead = Counter(m.number for m in letters if isinstance(m, Note) and m.number)
    for number in story.accepted | dead.keys() | story.handled.keys():
        ends = (story.handled[number], dead[number])
        if sum(ends) != (number in story.accepted):
            yield (
                f"message {number}, accepted: {number in story.accepted}, was handled "
                f"{ends[0]} times and became {ends[1]} dead letters"
            )


def senders_order_is_kept(story: Story) -> Iterator[str]:
    """Messages of one sender to one actor are begun in the order of sending."""
    for (ref, sender), numbers in story.order.items():
        if ref.name != "latest" and numbers != sorted(set(numbers)):
            yield f"{ref.path}, sender {sender}: {numbers}"


def nothing_is_counted_as_alive(story: Story) -> Iterator[str]:
    """When the block has been left there is no actor, no timer, no worker."""
    system = story.system
    assert system is not None
    figures = system.statistics()
    if figures.actors or figures.timers or figures.workers:
        yield f"{figures}"
