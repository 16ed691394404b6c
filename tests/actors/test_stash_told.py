"""What becomes of a message that is set aside is told: set aside, then its end."""

from __future__ import annotations

from typing import ClassVar

import pytest

from actors import (
    Actor,
    DeadLetter,
    DeadLetterReason,
    Mailbox,
    MessageAccepted,
    MessageEnd,
    MessageEnded,
    open_system,
)
from actors.testing import seeds


class Keeper(Actor[str]):
    """Sets messages aside, and perhaps crashes with one in hand."""

    mailbox: ClassVar[Mailbox] = Mailbox(10, stash=5)
    begun: ClassVar[list[str]] = []

    def receive(self, message: str) -> None:
        self.begun.append(message)
        if message.startswith("keep"):
            self.stash(message)
        if message == "all":
            self.unstash_all()


class Waiter(Keeper):
    """The same, by a hook that may wait."""

    async def receive(self, message: str) -> None:  # type: ignore[override]
        Keeper.receive(self, message)


@seeds(3)
@pytest.mark.parametrize("make", [Keeper, Waiter])
@pytest.mark.parametrize("kill", [False, True])
async def test_it_is_set_aside_and_then_undelivered(
    *, make: type[Keeper], kill: bool
) -> None:
    """Not handled: whoever counts what was done does not count it."""
    async with open_system() as system:
        told = system.subscribe(MessageAccepted, MessageEnded, DeadLetter)
        ref = system.start(make)
        for message in ("keep", "plain", "keep too"):
            await ref.tell(message)
        if kill:
            await ref.tell("last")
            ref.kill()
        else:
            ref.stop()
        await ref.wait_stopped()

    events = told.drain()
    ends = {each.number: each.end for each in events if isinstance(each, MessageEnded)}
    dead = [each for each in events if isinstance(each, DeadLetter)]
    if not kill:
        assert [ends[number] for number in (1, 2, 3)] == [
            MessageEnd.STASHED,
            MessageEnd.HANDLED,
            MessageEnd.STASHED,
        ]
        assert [(each.message, each.reason) for each in dead] == [
            ("keep", DeadLetterReason.UNDELIVERED),
            ("keep too", DeadLetterReason.UNDELIVERED),
        ]
    handled = [n for n, end in ends.items() if end is MessageEnd.HANDLED]
    letters = {each.message for each in dead}
    names = {e.number: e.message for e in events if isinstance(e, MessageAccepted)}
    assert not letters & {names[number] for number in handled}
