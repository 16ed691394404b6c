"""Pekko's `StashSpec` and `StashBufferSpec`."""

from __future__ import annotations

import pytest
import trio

from actors import (
    ActorCrashedError,
    ActorStoppedError,
    DeadLetterReason,
    Mailbox,
    StashFullError,
    open_system,
)
from actors.testing import seeds
from tests.conformance.actors_under_test import (
    BoomError,
    Crash,
    Do,
    Echo,
    Hooked,
    Journal,
    Owner,
    Puppet,
    child_of,
    collect,
    settle,
    stop_when_settled,
    two_seconds,
)


class Closed(Puppet):
    """Stashes everything but what the tests do to it, until it is told to open."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.open = False

    async def receive(self, message: object) -> None:
        if message == "open":
            self.open = True
            self.unstash_all()
        elif self.open or isinstance(message, Do):
            await super().receive(message)
        else:
            self.stash(message)


@seeds(20)
async def test_stash_unstash_all() -> None:
    """What was stashed comes in its order, before what is queued."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Closed, journal)
        for message in (1, 2, 3, "open", 4):
            await ref.tell(message)
        await settle()

        assert journal == [1, 2, 3, 4]


@seeds(10)
async def test_stash_unstash_all_of_nothing() -> None:
    """An empty stash gives nothing back."""
    async with open_system() as system:
        ref = system.start(Puppet)

        assert await ref.ask(Do(lambda me: me.unstash_all())) == 0


@seeds(20)
async def test_stash_failure_mid_unstash() -> None:
    """A crash on an unstashed message loses that one; the others go on in order."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Closed, journal)
        for message in (1, Crash(), 2, "open", "open", 3):
            await ref.tell(message)
        await settle()

        assert journal == [1, 2, 3]
        assert system.statistics().restarts == 1


@seeds(20)
async def test_stash_failure_mid_unstash_under_restart() -> None:
    """A restart puts the stash back in front of the mailbox by itself."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal)

        def stash_and_crash(me: Puppet) -> None:
            me.stash("stashed 1")
            me.stash("stashed 2")
            raise BoomError

        await ref.tell(Do(stash_and_crash))
        await ref.tell("queued")
        await settle()

        assert journal == ["stashed 1", "stashed 2", "queued"]


@seeds(20)
async def test_stash_failure_under_restart_keeps_stashed_requests() -> None:
    """A stashed request is not in hand: a restart does not fail its asker."""
    results: dict[object, object] = {}
    stashed = Echo()
    async with open_system() as system, trio.open_nursery() as nursery:
        owner = system.start(Owner)
        ref = await child_of(owner, Closed, [])
        nursery.start_soon(collect, ref, stashed, results)
        await settle()
        with pytest.raises(ActorCrashedError):
            await ref.ask(Do(lambda me: me.ref.ask(Echo())))

        await ref.tell("open")
        await settle()
        assert results == {stashed: "echo"}


@seeds(20)
async def test_stash_unstashed_request_survives_a_crash_before_it() -> None:
    """An unstashed request is queued again, and survives like any queued one."""
    results: dict[object, object] = {}
    stashed = Echo()
    async with open_system() as system, trio.open_nursery() as nursery:
        owner = system.start(Owner)
        ref = await child_of(owner, Closed, [])
        await ref.tell(Crash())
        nursery.start_soon(collect, ref, stashed, results)
        await settle()
        for _ in range(2):
            await ref.tell("open")
        await settle()

        assert results == {stashed: "echo"}


@seeds(20)
async def test_stash_failure_mid_unstash_under_stop() -> None:
    """If the actor ends for good, what it had stashed is undelivered, in order."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Hooked, journal)

        def stash_two(me: Puppet) -> None:
            me.stash("stashed 1")
            me.stash("stashed 2")

        await ref.ask(Do(stash_two))
        ref.stop()
        await ref.wait_stopped()

        assert journal[-2:] == [
            ("undelivered", "stashed 1"),
            ("undelivered", "stashed 2"),
        ]
        letters = [(each.message, each.reason) for each in system.dead_letters]
        assert letters == [
            ("stashed 1", DeadLetterReason.UNDELIVERED),
            ("stashed 2", DeadLetterReason.UNDELIVERED),
        ]


@seeds(20)
async def test_stash_failure_mid_unstash_with_slow_stopping_child() -> None:
    """A restart that waits for a slow child keeps stash and mailbox as they were."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal)
        await child_of(ref, Hooked, [], {"stopped": two_seconds})

        def stash_and_crash(me: Puppet) -> None:
            me.stash("stashed")
            raise BoomError

        await ref.tell(Do(stash_and_crash))
        await trio.sleep(1)
        await ref.tell("told meanwhile")
        assert journal == []
        await trio.sleep(2)

        assert journal == ["stashed", "told meanwhile"]


@seeds(10)
async def test_stash_stop_mid_unstash() -> None:
    """An actor that finishes after it has unstashed still handles what it put back."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)

        def unstash_and_finish(me: Puppet) -> None:
            me.stash("stashed")
            me.unstash_all()
            me.finish()

        await ref.ask(Do(unstash_and_finish))
        await ref.wait_stopped()

        assert journal == ["stashed"]


@seeds(10)
async def test_stash_asker_of_a_stashed_request_is_told_of_the_end() -> None:
    """Asks in the stash are not left to wait when the actor ends."""
    async with open_system() as system, trio.open_nursery() as nursery:
        journal: Journal = []
        ref = system.start(Closed, journal)
        nursery.start_soon(stop_when_settled, ref)

        with pytest.raises(ActorStoppedError):
            await ref.ask(Echo(), within=1)


@seeds(10)
async def test_stash_capacity_enforced() -> None:
    """One message more than declared raises StashFullError; the stash is kept."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal, mailbox=Mailbox(stash=2))

        def overfill(me: Puppet) -> int:
            me.stash(1)
            me.stash(2)
            with pytest.raises(StashFullError) as caught:
                me.stash(3)
            assert caught.value.capacity == 2
            return me.unstash_all()

        assert await ref.ask(Do(overfill)) == 2
        await settle()
        assert journal == [1, 2]


@seeds(10)
async def test_stash_while_unstashing() -> None:
    """A message that is stashed again waits for the next `unstash_all`: no loop."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Closed, journal)
        await ref.tell("again")
        await settle()
        for _ in range(3):
            assert await ref.ask(Do(lambda me: me.unstash_all())) == 1
            await settle()
        assert journal == []

        await ref.tell("open")
        await settle()
        assert journal == ["again"]
