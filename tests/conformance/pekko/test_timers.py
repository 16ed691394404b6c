"""Pekko's `TimerSpec`."""

from __future__ import annotations

import pytest
import trio

from actors import Mailbox, open_system
from actors.testing import seeds
from tests.conformance.actors_under_test import (
    BoomError,
    Crash,
    Do,
    Journal,
    Owner,
    Puppet,
    Timed,
    busy_with,
    child_of,
    settle,
)


@seeds(10)
async def test_timer_single() -> None:
    """`after` sends its message once, at its time."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)
        await ref.ask(Do(lambda me: me.after(2, "tick")))

        await trio.sleep(1.9)
        assert journal == []
        await trio.sleep(10)
        assert journal == ["tick"]


@seeds(10)
async def test_timer_repeated() -> None:
    """`every` sends its message on a fixed grid until it is cancelled."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)
        await ref.ask(Do(lambda me: me.every(2, "tick", key="clock")))

        await trio.sleep(7)
        assert journal == ["tick"] * 3
        assert await ref.ask(Do(lambda me: me.cancel_timer("clock")))
        await trio.sleep(7)
        assert journal == ["tick"] * 3


@seeds(10)
async def test_timer_repeated_skips_ticks_that_would_pile_up() -> None:
    """While a tick is queued no other joins it; the grid stays as it was."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)
        await ref.ask(Do(lambda me: me.every(2, "tick")))
        gate = await busy_with(ref)
        await trio.sleep(9)

        gate.set()
        await settle()
        assert journal == ["tick"]
        await trio.sleep(1.5)
        assert journal == ["tick"] * 2


@seeds(10)
async def test_timer_repeated_in_a_full_mailbox_is_never_lost() -> None:
    """A tick that finds no room waits for it, like a sender."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal, mailbox=Mailbox(1))
        await ref.ask(Do(lambda me: me.after(1, "tick")))
        gate = await busy_with(ref)
        ref.tell_nowait("queued")
        await trio.sleep(2)

        gate.set()
        await settle()
        assert journal == ["queued", "tick"]


@seeds(10)
async def test_timer_replace_by_key() -> None:
    """A new timer with the same key replaces the old one."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)

        def replace(me: Puppet) -> None:
            me.every(1, "old", key="timer")
            me.every(2, "new", key="timer")

        await ref.ask(Do(replace))
        await trio.sleep(5)

        assert journal == ["new"] * 2


@seeds(20)
async def test_timer_replace_by_key_drops_the_queued_tick() -> None:
    """A tick of the old timer that is queued already is dropped too."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Timed, journal, 1)

        async def replace(me: Puppet) -> None:
            await trio.sleep(2)
            assert system.tree().children[0].mailbox.depth == 1
            me.after(1, "new", key="tick")

        await ref.ask(Do(replace))
        await trio.sleep(5)

        assert journal == ["new"]


@seeds(20)
async def test_timer_cancel() -> None:
    """A cancelled timer sends nothing, not even from the queue; twice is no error."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Timed, journal, 1)

        async def cancel(me: Puppet) -> tuple[bool, bool]:
            await trio.sleep(2)
            return me.cancel_timer("tick"), me.cancel_timer("tick")

        assert await ref.ask(Do(cancel)) == (True, False)
        await trio.sleep(5)

        assert journal == []


@seeds(20)
async def test_timer_discard_tick_of_old_incarnation() -> None:
    """What an old incarnation's timer had queued is not for the new one."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Timed, journal, 1)

        async def outstay_and_crash(me: Puppet) -> None:
            del me
            await trio.sleep(2)
            raise BoomError

        await ref.tell(Do(outstay_and_crash))
        await trio.sleep(2.5)
        assert journal == []
        await trio.sleep(1)

        assert journal == ["tick"]


@seeds(20)
async def test_timer_discard_after_exception_in_timer_block() -> None:
    """A timer that was set just before the crash does not fire."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal)

        def set_and_crash(me: Puppet) -> None:
            me.after(0, "now")
            me.after(1, "later")
            me.every(1, "again")
            raise BoomError

        await ref.tell(Do(set_and_crash))
        await trio.sleep(5)

        assert journal == []
        assert system.statistics().timers == 0


@seeds(10)
async def test_timer_set_by_a_timer() -> None:
    """A tick may set the next timer under the key that it had itself."""
    journal: Journal = []

    class Chained(Timed):
        """Sets its timer again at each tick, three times."""

        async def receive(self, message: object) -> None:
            await super().receive(message)
            if message == "tick" and len(self.journal) < 3:
                self.started()

    async with open_system() as system:
        system.start(Chained, journal, 1)
        await trio.sleep(10)

        assert journal == ["tick"] * 3


@seeds(10)
async def test_timer_no_leak_after_stop() -> None:
    """The end of an actor leaves no timer behind, and none fires."""
    journal: Journal = []
    async with open_system() as system:
        refs = [system.start(Timed, journal, 1) for _ in range(100)]
        await settle()
        assert system.statistics().timers == 100

        for ref in refs:
            ref.stop()
        await settle()

        assert system.statistics().timers == 0
        await trio.sleep(5)
        assert journal == []


@seeds(10)
async def test_timer_survives_other_actors_crashes() -> None:
    """A timer belongs to one actor: the crash of another does not touch it."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        crashing = await child_of(owner, Timed, [], 1)
        await child_of(owner, Timed, journal, 1)

        await crashing.tell(Crash())
        await trio.sleep(1.5)

        assert journal == ["tick"]


@seeds(5)
async def test_timer_refuses_bad_seconds() -> None:
    """Negative seconds, or no number, are refused at the call."""
    async with open_system() as system:
        ref = system.start(Puppet)

        def misuse(me: Puppet) -> None:
            with pytest.raises(ValueError, match="at least 0"):
                me.after(-1, "tick")
            with pytest.raises(ValueError, match="more than 0"):
                me.every(0, "tick")
            with pytest.raises(TypeError, match="number of seconds"):
                me.after("1", "tick")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

        await ref.ask(Do(misuse))
        assert system.statistics().timers == 0
