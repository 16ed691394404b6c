"""Pekko's `WatchSpec` and `DeathWatchSpec`."""

from __future__ import annotations

import pytest

from actors import (
    ActorRef,
    ActorSystem,
    Crashed,
    Decision,
    Killed,
    Stopped,
    Terminated,
    open_system,
)
from actors.testing import seeds
from tests.conformance.actors_under_test import (
    Crash,
    Do,
    Journal,
    Owner,
    Puppet,
    busy_with,
    child_of,
    end_always,
    hold_always,
    notices,
    settle,
    watch,
)


async def dead_actor(system: ActorSystem) -> ActorRef[object]:
    """An actor that has ended and that nobody has waited for."""
    ref: ActorRef[object] = system.start(Puppet)
    ref.stop()
    await settle()
    return ref


@seeds(20)
async def test_watch_graceful_stop() -> None:
    """A watcher is told once that the watched actor has stopped, with its exit."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = system.start(Puppet)
        await watch(watcher, watched)
        await settle()
        assert journal == []

        watched.stop("done")
        await settle()

        assert journal == [Terminated(watched, Stopped("done"))]


@seeds(20)
async def test_watch_failure() -> None:
    """A watcher is told once that the watched actor has crashed, and on what."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        owner = system.start(Owner, end_always)
        watched = await child_of(owner, Puppet)
        await watch(watcher, watched)

        crash = Crash()
        await watched.tell(crash)
        await settle()

        assert journal == [Terminated(watched, Crashed(crash.error))]


@seeds(10)
async def test_watch_kill() -> None:
    """A kill is told like any other end."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = system.start(Puppet)
        await watch(watcher, watched)

        watched.kill()
        await settle()

        assert journal == [Terminated(watched, Killed())]


@seeds(20)
async def test_watch_already_dead() -> None:
    """Who watches the dead is told exactly once."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = await dead_actor(system)

        await watch(watcher, watched)
        await settle()

        assert journal == [Terminated(watched, Stopped())]


@seeds(10)
async def test_watch_already_dead_and_watched_again() -> None:
    """Watching anew after the notice brings a notice anew."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = await dead_actor(system)
        for _ in range(2):
            await watch(watcher, watched)
            await settle()

        assert journal == [Terminated(watched, Stopped())] * 2


@seeds(20)
async def test_watch_many_watchers() -> None:
    """Each watcher is told, once."""
    journals: list[Journal] = [[] for _ in range(10)]
    async with open_system() as system:
        watched = system.start(Puppet)
        for journal in journals:
            await watch(system.start(Puppet, journal), watched)

        watched.stop()
        await settle()

        assert journals == [[Terminated(watched, Stopped())]] * 10


@seeds(20)
async def test_watch_current_watchers_only() -> None:
    """Who has stopped watching, or ended, is not told."""
    told: Journal = []
    untold: Journal = []
    async with open_system() as system:
        watched = system.start(Puppet)
        staying = system.start(Puppet, told)
        leaving = system.start(Puppet, untold)
        ending = system.start(Puppet, untold)
        for watcher in (staying, leaving, ending):
            await watch(watcher, watched)

        await leaving.ask(Do(lambda me: me.unwatch(watched)))
        ending.stop()
        await ending.wait_stopped()
        watched.stop()
        await settle()

        assert told == [Terminated(watched, Stopped())]
        assert untold == []


@seeds(20)
async def test_watch_not_on_restart() -> None:
    """A restart is no end: watchers learn of the end for good only."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        watched = await child_of(owner, Puppet)
        await watch(system.start(Puppet, journal), watched)

        await watched.tell(Crash())
        await settle()
        assert system.statistics().restarts == 1
        assert journal == []

        watched.stop()
        await settle()
        assert journal == [Terminated(watched, Stopped())]


@seeds(20)
async def test_watch_ends_with_the_watchers_incarnation() -> None:
    """A restarted watcher watches nobody: its `started` hook may watch anew."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        watcher = await child_of(owner, Puppet, journal)
        watched = system.start(Puppet)
        await watch(watcher, watched)

        await watcher.tell(Crash())
        await settle()
        watched.stop()
        await settle()

        assert journal == []


@seeds(10)
async def test_watch_idempotent() -> None:
    """Watching twice brings one notice."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = system.start(Puppet)
        await watch(watcher, watched)
        await watch(watcher, watched)

        watched.stop()
        await settle()

        assert journal == [Terminated(watched, Stopped())]


@seeds(10)
async def test_watch_with() -> None:
    """`watch_with` brings a message of the watcher's own instead."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = system.start(Puppet)
        await watcher.ask(Do(lambda me: me.watch_with(watched, "gone")))

        watched.stop()
        await settle()

        assert journal == ["gone"]


@seeds(10)
async def test_watch_conflicting_watch_with() -> None:
    """Watching somebody with two different messages is an error at the second call."""
    async with open_system() as system:
        watcher = system.start(Puppet)
        watched = system.start(Puppet)

        def conflict(me: Puppet) -> None:
            me.watch(watched)
            with pytest.raises(ValueError, match="watched already"):
                me.watch_with(watched, "gone")
            me.unwatch(watched)
            me.watch_with(watched, "gone")
            me.watch_with(watched, "gone")
            with pytest.raises(ValueError, match="watched already"):
                me.watch(watched)
            with pytest.raises(ValueError, match="watched already"):
                me.watch_with(watched, "away")

        await watcher.ask(Do(conflict))


@seeds(10)
async def test_watch_redefine_after_unwatch() -> None:
    """After `unwatch` the message may be another one; only that one comes."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = system.start(Puppet)

        def redefine(me: Puppet) -> None:
            me.watch_with(watched, "first")
            me.unwatch(watched)
            me.watch_with(watched, "second")

        await watcher.ask(Do(redefine))
        watched.stop()
        await settle()

        assert journal == ["second"]


@seeds(20)
async def test_watch_unwatch_between_signal_and_processing() -> None:
    """`unwatch` drops a notice that has come and has not been handled."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = system.start(Puppet)
        await watch(watcher, watched)

        async def see_it_die(me: Puppet) -> None:
            watched.stop()
            await watched.wait_stopped()
            me.unwatch(watched)

        await watcher.ask(Do(see_it_die))
        await settle()

        assert journal == []


@seeds(20)
async def test_watch_unwatch_of_the_dead_drops_the_notice() -> None:
    """The same for a notice that is due because the watched was dead already."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = await dead_actor(system)

        def change_of_mind(me: Puppet) -> None:
            me.watch(watched)
            me.unwatch(watched)

        await watcher.ask(Do(change_of_mind))
        await settle()

        assert journal == []


@seeds(20)
async def test_watch_new_actor_with_same_name() -> None:
    """A new actor with the name of a dead one is somebody else."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        first = system.start(Puppet, name="watched")
        await watch(watcher, first)
        first.stop()
        await first.wait_stopped()
        second = system.start(Puppet, name="watched")
        await watch(watcher, second)
        await settle()
        assert journal == [Terminated(first, Stopped())]

        second.stop(2)
        await settle()

        assert notices(journal)[1:] == [Terminated(second, Stopped(2))]


class Stashing(Puppet):
    """Stashes every notice until it is told to handle them."""

    async def receive(self, message: object) -> None:
        if isinstance(message, Terminated) and "handle" not in self.journal:
            self.stash(message)
        else:
            await super().receive(message)


@seeds(10)
async def test_watch_stashed_termination_message() -> None:
    """A notice is a message like any other: it may be stashed and handled later."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Stashing, journal)
        watched = system.start(Puppet)
        await watch(watcher, watched)
        watched.stop()
        await settle()
        assert journal == []

        await watcher.tell("handle")
        await watcher.ask(Do(lambda me: me.unstash_all()))
        await settle()

        assert journal == ["handle", Terminated(watched, Stopped())]


@seeds(20)
async def test_watch_goes_before_queued_messages() -> None:
    """A notice overtakes what is queued, and needs no room in a full mailbox."""
    journal: Journal = []
    async with open_system() as system:
        watcher = system.start(Puppet, journal)
        watched = system.start(Puppet)
        await watch(watcher, watched)
        gate = await busy_with(watcher)
        await watcher.tell("queued")
        watched.stop()
        await watched.wait_stopped()

        gate.set()
        await settle()

        assert journal == [Terminated(watched, Stopped()), "queued"]


@seeds(10)
async def test_watch_held_child_has_not_ended() -> None:
    """While the owner holds its decision, the watchers are not told."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner, hold_always)
        watched = await child_of(owner, Puppet)
        await watch(system.start(Puppet, journal), watched)
        crash = Crash()
        await watched.tell(crash)
        await settle()
        assert journal == []

        await owner.ask(Do(lambda me: me.resume_child(watched, Decision.END)))
        await settle()

        assert journal == [Terminated(watched, Crashed(crash.error))]
