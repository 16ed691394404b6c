"""The replay of real traffic: every recorded turn, through one router, in virtual time.

`python -m benchmarks.replay` plays 59 minutes of a chat service, with accidents: turns
that raise, hang or never end, sessions that crash, aborts, readers that leave. The
clock is Trio's `MockClock`, so that an hour takes as long as its work. In the end it is
held against what a router promises (`Report.broken`): each accepted prompt has one
outcome, turns of one session neither overlap nor overtake each other, never more turns
run than there are slots, and when all sessions have been reaped the router is as small
as it was.
"""

import argparse
import gc
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import trio
import trio.testing

from actors import open_system
from benchmarks.replay.book import EVENTS, Book
from benchmarks.replay.players import Chat, Players
from benchmarks.run import clock, percentile
from supervision import Limits, RouterStatistics, start_router
from supervision.demo.traffic import Prompt, planned, recorded

LIMITS: Final = Limits(sessions=800, turns=40, idle=300.0)
"""40 turns at once, where 33 would do on an average; sessions are reaped after five
minutes."""

DAY: Final = 86_400.0
"""Virtual seconds after which a replay is given up."""

BLOCKS_LEFT: Final = 5_000
"""Blocks of memory that may be left when all is over: caches, pools, the history that
the router keeps. Less than one for each conversation."""

WAITS: Final = (50, 90, 99, 100)
"""Percentiles of the waiting times that are shown."""


@attrs.frozen(kw_only=True)
class Report:
    """What was seen of a replay."""

    turns: int
    """That were to be played."""
    conversations: int
    accepted: int
    # {name of an error: how often}
    refused: dict[str, int]
    # {class of the outcome: prompts}
    outcomes: dict[str, int]
    # {accident: {class of the outcome: prompts}}
    by_accident: dict[str, dict[str, int]]
    # {per cent: seconds}
    waits: dict[float, float]
    """From acceptance to the first step of the turn, of all turns that had one."""
    peak_sessions: int
    peak_turns: int
    peak_tasks: int
    """Of the whole program: senders and readers among them."""
    chunks: int
    """That were read as they came."""
    # {why they ended: how many sessions}
    closed: dict[str, int]
    blocks: int
    """Blocks of memory that the replay has left behind."""
    seconds: float
    """Of real time."""
    virtual: float
    """Of the traffic."""
    broken: tuple[str, ...]
    """Promises that were not kept; empty if all were."""

    def __str__(self) -> str:
        """Say it for people."""
        waits = ", ".join(
            f"{'longest' if each == 100 else f'p{each:g}'} {seconds:.1f} s"  # noqa: PLR2004
            for each, seconds in self.waits.items()
        )
        lines = [
            f"turns      {self.turns:,} of {self.conversations:,} conversations",
            f"took       {self.seconds:.1f} s for {self.virtual:,.0f} s of traffic",
            f"accepted   {self.accepted:,}; refused: {_words(self.refused)}",
            f"outcomes   {_words(self.outcomes)}",
            *(f"           {k}: {_words(v)}" for k, v in self.by_accident.items()),
            f"waiting    {waits}",
            f"at once    {self.peak_sessions:,} sessions, {self.peak_turns:,} turns",
            f"           {self.peak_tasks:,} tasks, those of the senders among them",
            f"chunks     {self.chunks:,} read as they came",
            f"sessions   {_words(self.closed)}",
            f"left       {self.blocks:,} blocks of memory",
            *(f"BROKEN     {each}" for each in self.broken),
        ]
        return "\n".join(lines)


def replay(
    turns: int | None = None, *, seed: int = 0, limits: Limits = LIMITS
) -> Report:
    """Play the first so many turns (default: all), and say what was seen.

    Args:
        turns: how many of the recorded turns.
        seed: of the accidents.
        limits: of the router.
    """
    prompts = planned(recorded()[:turns], seed)
    frozen = trio.testing.MockClock(autojump_threshold=0)
    return trio.run(_replay, prompts, limits, clock=frozen)


async def _replay(prompts: Sequence[Prompt], limits: Limits) -> Report:
    book = Book(limits.turns)
    crashed: set[int] = set()
    async with open_system() as system, trio.open_nursery() as nursery:
        router = start_router(system, Chat, book, crashed, limits=limits)
        await router.ref.wait_started()
        subscription = system.subscribe(*EVENTS, capacity=1_000_000)

        async def listen() -> None:
            async for event in subscription:
                book.tell(event)

        nursery.start_soon(listen)
        before = _blocks()
        started, began = clock(), trio.current_time()
        with trio.move_on_after(DAY) as scope:
            await Players(router, book).send_all(prompts)
        virtual, seconds = trio.current_time() - began, clock() - started
        await trio.sleep(min(2 * limits.idle, DAY))
        crashed.clear()
        blocks = _blocks() - before
        statistics, sessions = router.statistics(), router.list()
        nursery.cancel_scope.cancel()
    for promise in book.open_ends():
        book.broke(promise)
    if scope.cancelled_caught:
        book.broke("not all was done within a day")
    if sessions or statistics.sessions:
        book.broke("sessions that are left")
    if blocks > BLOCKS_LEFT:
        book.broke("memory that was not given back")
    if subscription.dropped:
        book.broke("events that were not read")
    _compare(book, statistics)
    ordered = sorted(book.waits)
    return Report(
        turns=len(prompts),
        conversations=len({each.key for each in prompts}),
        accepted=book.accepted,
        refused=dict(book.refused),
        outcomes=dict(book.outcomes),
        by_accident={
            accident.value: dict(outcomes)
            for accident, outcomes in book.by_accident.items()
            if outcomes
        },
        waits={each: percentile(ordered, each) if ordered else 0.0 for each in WAITS},
        peak_sessions=book.peak_sessions,
        peak_turns=book.peak_turns,
        peak_tasks=book.peak_tasks,
        chunks=book.chunks,
        closed={reason.value: each for reason, each in statistics.closed.items()},
        blocks=blocks,
        seconds=seconds,
        virtual=virtual,
        broken=tuple(f"{what} ({times})" for what, times in book.broken.items()),
    )


def _compare(book: Book, statistics: RouterStatistics) -> None:
    """Hold the router's own counts against what was seen."""
    left = (
        statistics.turns_running
        + statistics.turns_waiting
        + statistics.queued
        + statistics.sessions
        + statistics.idle
    )
    pairs = (
        ("something is left in the router", left, 0),
        ("the router counts other prompts", statistics.accepted, book.accepted),
        (
            "the router counts other outcomes",
            _known(statistics.outcomes),
            book.outcomes,
        ),
        ("the router counts other refusals", _known(statistics.refused), book.refused),
        (
            "not every session was closed",
            statistics.opened,
            sum(statistics.closed.values()),
        ),
    )
    for promise, found, wanted in pairs:
        if found != wanted:
            book.broke(promise)


def _known(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _blocks() -> int:
    """Blocks of memory that are in use, without garbage."""
    gc.collect()
    return sys.getallocatedblocks()


def _words(counts: dict[str, int]) -> str:
    """Say "3 a, 1 b"; "none" for none."""
    return ", ".join(f"{n:,} {name}" for name, n in counts.items() if n) or "none"


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay, print what was seen; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay")
    parser.add_argument("--turns", type=int, help="only the first so many")
    parser.add_argument("--seed", type=int, default=0, help="of the accidents")
    options = parser.parse_args(arguments)
    found = replay(options.turns, seed=options.seed)
    print(found)
    return 1 if found.broken else 0
