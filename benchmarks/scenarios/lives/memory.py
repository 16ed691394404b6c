"""Memory: what idle actors take, and how long the collector stops the others for them.

Resident memory remembers the peak, so nothing is warmed up here.
"""

import gc
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import ClassVar, Final

import attrs
import trio.testing

from actors import ActorRef, ActorSystem, open_system
from benchmarks.load import BURST
from benchmarks.run import Run, clock
from benchmarks.scenario import BYTES, MICROSECONDS, Scenario
from benchmarks.scenarios.cast import Idle

THRESHOLDS: Final = (100_000, 50, 100)
"""For `gc.set_threshold`, where many actors are idle."""

ROUNDS: Final = 5
"""How often each idle actor is told something with each setting of the collector."""


async def start_idle(system: ActorSystem, count: int) -> list[ActorRef[object]]:
    """Start actors that handle one message each and are idle then.

    They are told in bursts: resident memory remembers the peak, and a mailbox in use is
    not an idle actor. What all mailboxes in use at once would cost is another question.
    """
    refs: list[ActorRef[object]] = []
    for first in range(0, count, BURST):
        burst = [system.start(Idle) for _ in range(min(BURST, count - first))]
        for ref in burst:
            ref.tell_nowait(1)
        refs += burst
        await trio.testing.wait_all_tasks_blocked()
    return refs


class _Memory(Scenario):
    """Resident memory for each idle actor that has handled one message."""

    number = "B11"
    family = "memory"
    unit = BYTES
    fixed = True
    warm_up = 0
    provided = True

    async def ours(self, run: Run) -> None:
        """With the list of refs."""
        handled = Idle.handled
        async with open_system() as system:
            with run.resident():
                refs = await start_idle(system, run.count)
            run.equal(system.statistics().actors, len(refs))
        run.equal(Idle.handled - handled, run.count)


class Memory10K(_Memory):
    """Resident bytes for each of 10,000 idle actors."""

    name = "memory_10k"
    count = size = 10_000
    short = True


class Memory100K(_Memory):
    """Resident bytes for each of 100,000 idle actors."""

    name = "memory_100k"
    count = size = 100_000
    counts: ClassVar[Mapping[str, int]] = {
        "channel": 20_000,
        "triotp": 20_000,
    }
    rounds = 2


class Memory1M(_Memory):
    """Resident bytes for each of a million idle actors."""

    name = "memory_1m"
    count = size = 1_000_000
    rounds = 1


@attrs.frozen
class News:
    """What every idle actor is told; an object of its own, as messages are."""

    number: int


class GcPause(Scenario):
    """The longest stop by the collector while 100,000 idle actors are told news.

    The figure, and `default_us`, is with the interpreter's thresholds; `thresholds_us`
    is with `gc.set_threshold(100_000, 50, 100)`; `frozen_us` with these and
    `gc.freeze()` after the actors have been started.
    """

    count = 100_000
    unit = MICROSECONDS
    fixed = True
    warm_up = 0
    rounds = 3

    async def ours(self, run: Run) -> None:
        """Each round tells all of them before it lets them run."""
        handled = Idle.handled
        async with open_system() as system:
            refs = await start_idle(system, run.count)
            default = await _longest_pause(refs)
            with _tuned():
                thresholds = await _longest_pause(refs)
                gc.freeze()
                frozen = await _longest_pause(refs)
        run.equal(Idle.handled - handled, run.count * (1 + 3 * ROUNDS))
        run.sample(default)
        run.note(
            default_us=default * 1e6,
            thresholds_us=thresholds * 1e6,
            frozen_us=frozen * 1e6,
        )


@contextmanager
def _tuned() -> Generator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


async def _longest_pause(refs: list[ActorRef[object]]) -> float:
    """The seconds of the longest collection while all are told; 0 if there is none."""
    gc.collect()
    longest = started = 0.0

    def note(phase: str, info: object) -> None:
        nonlocal longest, started
        del info
        if phase == "start":
            started = clock()
        else:
            longest = max(longest, clock() - started)

    gc.callbacks.append(note)
    try:
        for number in range(ROUNDS):
            for ref in refs:
                ref.tell_nowait(News(number))
            await trio.testing.wait_all_tasks_blocked()
    finally:
        gc.callbacks.remove(note)
    return longest
