"""Watching: telling many at once that an actor has ended."""

import attrs
import trio.testing

from actors import Actor, AnyRef, Terminated, open_system
from benchmarks.load import WATCHES
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.cast import Counting, Idle


@attrs.frozen
class Watch:
    """Watch this actor."""

    ref: AnyRef


class Watcher(Actor[Watch | Terminated]):
    """Counts whose end it has been told."""

    def __init__(self, counting: Counting) -> None:
        self.counting = counting
        self.watched: set[object] = set()

    def receive(self, message: Watch | Terminated) -> None:
        """Watch, or count the one notice of it."""
        if isinstance(message, Watch):
            self.watch(message.ref)
            self.watched.add(message.ref)
        else:
            self.watched.remove(message.ref)  # a second notice is a KeyError
        self.counting.add(1)


class Watch10K(Scenario):
    """Tell 10,000 watchers that the actor has ended that they watch.

    Five actors end, one after the other; the time is from the stop to the last notice.
    """

    name = "watch_10k"
    number = "B19"
    count = 10_000
    fixed = True
    provided = True

    async def ours(self, run: Run) -> None:
        """`watch`, and `Terminated` as a message."""
        counting = Counting(0)
        async with open_system() as system:
            watchers = [system.start(Watcher, counting) for _ in range(run.count)]
            for _ in range(WATCHES):
                watched = system.start(Idle)
                counting.expect(run.count)
                for watcher in watchers:
                    watcher.tell_nowait(Watch(watched))
                await counting.done.wait()
                counting.expect(run.count)
                with run.timed():
                    watched.stop()
                    await counting.done.wait()
            await (
                trio.testing.wait_all_tasks_blocked()
            )  # a second notice would come now
        run.equal(counting.total, 2 * WATCHES * run.count, "watches and notices")
