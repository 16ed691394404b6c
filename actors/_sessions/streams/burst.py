"""A burst: what a turn says between waking its reader and that one's next step.

Nobody else has run since the turn gave its sign of life, and its reader has been woken
and is to run, so its next chunks need neither another sign nor a look at who waits:
`Turn.emit` appends them as long as `queue` is shorter than `limit`.  They are counted
when the burst ends, and whatever else touches the stream or changes what its turn may
do ends it first:

- the reader runs, or another one falls asleep
- somebody puts something in another way, makes room, closes, cuts, drops
- the turn comes to need more than a plain one (`TurnRun.need_extra`), or ends
- somebody wants to know how much has been said

So `stream.stamped is run` and `run.burst is stream` hold together, or neither does.
"""

from __future__ import annotations

from typing import Any

from trio.lowlevel import enable_ki_protection

from .writers import SCHEDULE_EVERY

# Any in this room: a stream and a turn, whose rooms stand above this one


# a stream may have its own `begin_burst` and `end_burst` that call these


@enable_ki_protection
def begin(stream: Any, run: Any) -> bool:
    """A turn has just given a sign; its reader is woken.  False: there is no burst."""
    there = len(stream.queue)
    limit = min(stream.room, there + SCHEDULE_EVERY - run.calls)
    if there >= limit:
        return False
    stream.limit, stream.counted = limit, there
    stream.stamped, run.burst = run, stream
    run.calls = SCHEDULE_EVERY  # as if all were said: then it lets others run
    return True


@enable_ki_protection
def end(stream: Any) -> None:
    """There is one: count what was said in it."""
    run, stream.stamped = stream.stamped, None
    run.burst = None
    run.host.chunks += len(stream.queue) - stream.counted


def stop(stream: Any) -> None:
    """If there is one, end it."""
    if stream.stamped is not None:
        stream.end_burst()


def in_burst(stream: Any) -> int:
    """How many chunks have been said in the burst of a stream, if there is one."""
    if stream is None or stream.stamped is None:
        return 0
    said: int = len(stream.queue) - stream.counted
    return said


def has_run(stream: Any) -> None:
    """The reader runs: if there is a burst, its turn has let others run."""
    run = stream.stamped
    if run is not None:
        stream.end_burst()
        run.calls = 0
