"""The shape of the load: what every contender of the standard set must agree on.

Scenarios, floors and peers import these numbers, so that all do the same work in the
same portions. This room knows none of them.
"""

from collections.abc import Sequence
from random import Random
from statistics import median
from typing import Final

from benchmarks.run import clock, percentile

BURST: Final = 1_000
"""Messages a producer sends before it lets the others run."""

CAPACITY: Final = 1_024
"""Messages that may wait where senders wait for room: ours by default."""

CLIENTS: Final = 100
"""Clients of the scenarios with many asks."""

BLOCK: Final = 40_000
"""Asks of ping-pong in one timed block."""

QUEUE_ASKS: Final = 4_000
"""Asks of the actor with the long queue."""

FLOODED: Final = 20
"""Actors that are flooded beside a sleeper."""

SPIN: Final = 5e-6
"""Seconds that one of them computes for each message."""

NAP: Final = 1e-3
"""Seconds that the sleeper sleeps, again and again."""

ASKING: Final = 1.0
"""Seconds that a client asks at most while others are busy."""

CALM: Final = 0.3
"""Seconds that the sleeper is measured before the flood."""

FULL: Final = 100
"""Capacity of the mailboxes that are to be full."""

KEYS: Final = 50
"""Keys of the messages of which only the latest is kept."""

PRODUCERS: Final = 10
"""Tasks that fill one mailbox, each a message at a time."""

FORKED: Final = 60
"""Actors of the fork-join throughput."""

PLAYERS: Final = 120
"""Actors of big."""

DRAWN: Final = 1_000
"""Whom an actor of big pings is drawn so many times; then it begins anew."""

CREATURES: Final = 100
"""Creatures of chameneos."""

BUFFER: Final = 50
"""Capacity of the bounded buffer."""

PEERS: Final = 40
"""Its producers, and its consumers."""

WATCHES: Final = 5
"""How many actors end, one after the other, each watched by all watchers."""


TIMES: Final = 5
"""How often a storm, a stop of 10,000, or an end of all children at once is done."""

LOW: Final = 3
"""Restarts that a supervisor with a low limit tolerates in five seconds."""

TREES: Final = {
    "cascade_3x10": (3, 10),
    "cascade_5x5": (5, 5),
    "cascade_10x2": (10, 2),
}
"""The trees that are stopped: levels of supervisors, and the children of each. Those of
the lowest level are leaves."""

STREAMS: Final = 1_000
"""Answers that are streamed at once."""

UNREAD: Final = 64
"""Chunks of one answer that may wait for their reader."""

CHURNED: Final = 10_000
"""Keys of the churn; the first is asked for most often, each further one less."""

KEPT: Final = 1_000
"""Sessions that are kept at once in the churn; the one unused for longest goes."""

LIVES: Final = 500
"""Sessions that are created, take one turn, and are closed together."""

AT_ONCE: Final = 100
"""Turns that are under way at a time when many sessions are opened."""

SHOWN: Final = 30
"""Rows of actors, and of sessions, in a frame of the live view: a tall terminal."""

WATCHED: Final = 1.0
"""Seconds from one frame to the next, and of each slice of load that is compared."""

TALKS: Final = 1_000
"""Sessions with accepted prompts when their service is asked to stop."""


def tree_size(levels: int, children: int) -> int:
    """The actors of a tree, its leaves and its root among them."""
    return sum(children**level for level in range(levels + 1))


def share(count: int, among: int) -> int:
    """What each does, so that all together do about `count`; at least one."""
    return max(1, count // among)


def zipf(count: int, chance: Random) -> list[int]:
    """So many of the `CHURNED` keys, the n-th as likely as 1/n."""
    weights = [1 / number for number in range(1, CHURNED + 1)]
    return chance.choices(range(CHURNED), weights, k=count)


def spin() -> None:
    """Compute for `SPIN` seconds."""
    until = clock() + SPIN
    while clock() < until:
        pass


def tail(seconds: Sequence[float]) -> float:
    """The 99th percentile in microseconds."""
    return percentile(sorted(seconds), 99) * 1e6


def middle(seconds: Sequence[float]) -> float:
    """The median in microseconds."""
    return median(seconds) * 1e6
