"""The life of a cell: its phases, and what moves it from one to the next.

A pure table; `cell.moves` carries out the effects.  A cell's phase is never stored: it
follows from facts that the cell has anyway (`phase_of` there).

    open        takes messages and handles them
    draining    closed: what is queued is handled, then the incarnation ends
    halting     the message in hand may be finished, the mailbox stays open
    failing     crashed or killed: a worker ends it as soon as it looks
    ending      its tasks and children end, `stopped` runs
    held        the incarnation has ended, and the owner has not decided yet
    decided     it has, and a worker will see to it
    ended       for good

What is not in the table changes nothing: a cell that is asked to end twice, or after
its end, is asked once.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

from actors.exits import Decision

# the state word of a cell
ALIVE: Final = 0  # starting, idle, handling, or draining after a stop
ENDING: Final = 1  # the incarnation ends: tasks, children, `stopped`
HELD: Final = 2  # ended, and the owner has not decided yet
ENDED: Final = 3  # for good

Phase: TypeAlias = Literal[
    "open", "draining", "halting", "failing", "ending", "held", "decided", "ended"
]
Event: TypeAlias = Literal[
    "stop",  # finish what is queued, and end
    "kill",  # end now
    "halt",  # end this incarnation in order; the cell may live on
    "crash",  # an exception of the actor, of a task or of a child of it
    "cut off",  # its time is up, or what it awaits was cancelled from outside
    "decide",  # the owner has made up its mind about a held cell
    "over",  # a worker has found nothing left to do
    "restart",  # what a worker carries out: see `after`
    "hold",
    "end",
]
Effect: TypeAlias = Literal[
    "close",  # take no more messages, turn away who waits for room
    "note",  # this is why the incarnation ends
    "hurry",  # have a worker look; the grace begins if it awaits something
    "cut",  # the incarnation ends now: what it awaits is cancelled
    "linger",  # the incarnation ends when the message in hand is done, within the grace
    "add",  # one more crash, told with the first
    "retire",  # there will be no restart
    "pass on",  # kill its children, each in its turn
    "give up",  # whatever the owner decides: the end
    "ask again",  # the owner's decision to restart is void
]


class Row(NamedTuple):
    """In this phase, this event leads to `then`, by these effects in this order."""

    phase: Phase
    event: Event
    then: Phase
    effects: tuple[Effect, ...]


ROWS: Final = (
    Row("open", "stop", "draining", ("close", "note", "hurry")),
    Row("halting", "stop", "halting", ("close", "hurry")),
    Row("failing", "stop", "failing", ("close", "hurry")),
    Row("ending", "stop", "ending", ("close", "retire")),
    Row("held", "stop", "decided", ("close", "retire", "give up")),
    Row("decided", "stop", "decided", ("close", "retire")),
    Row("open", "kill", "failing", ("close", "note", "cut")),
    Row("draining", "kill", "failing", ("note", "cut")),
    Row("halting", "kill", "failing", ("close", "note", "cut")),
    Row("failing", "kill", "failing", ("close",)),
    Row("ending", "kill", "ending", ("retire", "pass on")),
    Row("held", "kill", "decided", ("close", "retire", "give up")),
    Row("decided", "kill", "decided", ("close", "retire")),
    Row("open", "halt", "halting", ("note", "linger")),
    Row("decided", "halt", "decided", ("ask again",)),
    Row("open", "crash", "failing", ("note", "cut")),
    Row("draining", "crash", "failing", ("note", "cut")),
    Row("halting", "crash", "failing", ("note", "cut")),
    Row("failing", "crash", "failing", ("add",)),
    Row("ending", "crash", "ending", ("add",)),
    Row("open", "cut off", "failing", ("note", "cut")),
    Row("draining", "cut off", "failing", ("note", "cut")),
    Row("halting", "cut off", "failing", ("note", "cut")),
    #
    # what the owner does, in `decide`
    Row("held", "decide", "decided", ()),
    # what a worker does itself, in `ending` and `succession`
    Row("draining", "over", "ending", ()),
    Row("halting", "over", "ending", ()),
    Row("failing", "over", "ending", ()),
    Row("ending", "restart", "open", ()),
    Row("ending", "hold", "held", ()),
    Row("ending", "end", "ended", ()),
    Row("decided", "restart", "open", ()),
    Row("decided", "hold", "held", ()),
    Row("decided", "end", "ended", ()),
)


def after(decision: Decision | None, *, retired: bool) -> Event:
    """What follows an incarnation, as the owner decides; None: it has not yet.

    `retired`: somebody has asked for the end of the cell meanwhile.
    """
    if decision is None or decision is Decision.HOLD:
        return "hold"
    return "restart" if decision is Decision.RESTART and not retired else "end"
