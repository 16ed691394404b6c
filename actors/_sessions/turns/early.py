"""How a turn is ended early, and what is done about one that does not end.

Whatever ends a turn early is recorded first, as its *verdict*, and carried out second,
by killing its actor: what its code then does cannot change the outcome, and no flag is
left over for the next turn.

One that does not end within `TurnPolicy.abort_grace` is given up.  Its hook has the
last word, said by somebody else (`LastWords`): a piece of work of the session, or of
the house when the session is ending; then the house goes on without the session.
"""

from __future__ import annotations

import math
from typing import Any, Final

import attrs
import trio
from trio.lowlevel import enable_ki_protection

from actors._engine.crashes import split_crash
from actors._sessions.histories.draft import Change
from actors._sessions.outcomes import Abort, Aborted, Outcome, Preempted, Withdrawn
from actors._sessions.phase import DRAINING, ENDED, ENDING, RUNNING, WAITING
from actors._sessions.policies import KeepState
from actors.actor import Actor
from actors.errors import ActorStoppedError
from actors.exits import Exit

from .looks import Fair
from .steering import Steering
from .verdicts import completed

# Any in this room: a turn's own room stands above this one


def cut(run: Any, verdict: Outcome) -> bool:
    """End a turn now, with this outcome; False if something else was first."""
    if run.verdict is not None or run.phase in (ENDING, ENDED):
        return False
    run.verdict = verdict
    family = run.extra.family if run.extra is not None else None
    if family is not None:
        family.cut(Aborted(f"turn {run.id} was cut"), critical=True)
    if not run.has_begun:
        if run.parent is None:
            run.host.cut_waiting(run)
        return True
    run.need_clocks().end_within_grace()
    run._seat.kill()
    return True


def cut_off(run: Any) -> None:
    """The engine ends a turn: with its owner, or as a task of it has crashed.

    It has no longer for that than one that somebody has aborted.
    """
    if run.verdict is None and run.has_begun and run.phase is not ENDED:
        run.need_clocks().end_within_grace()


def abort(
    run: Any, *, hard: bool, reason: object, hint: str | None, within: float | None
) -> Abort:
    """See `RouterRef.abort`."""
    if run.phase is ENDED:
        return Abort.STALE
    if run.verdict is not None or run.phase is ENDING:
        return Abort.ALREADY
    if hard or run.phase is WAITING:
        withdraw_steering(run, reason)
        cut(run, Aborted(reason))
        return Abort.ABORTING
    extra = run.need_extra()
    if extra.interrupted is not None:
        return Abort.ALREADY
    extra.interrupted = hint or ""
    withdraw_steering(run, reason)
    if within is not None:
        Fair(run.host, within, lambda: _escalate(run, reason))
    return Abort.ABORTING


def give_way(run: Any, reason: Preempted) -> None:
    """Another prompt takes a turn's place; one that is ending already just ends."""
    if run.verdict is not None or run.phase in (ENDING, ENDED):
        return
    if reason.kept:
        if run.phase is DRAINING:  # it has its result
            run.need_extra().need_drained().set()
            return
        # before the abort: it may end in this very step
        run.need_extra().keeps_state = True
    abort(run, hard=True, reason=reason, hint=None, within=None)


def _escalate(run: Any, reason: object) -> None:
    """It was asked to end and has not."""
    if run.phase is RUNNING:
        cut(run, Aborted(reason))


def withdraw_steering(run: Any, reason: object) -> tuple[int, ...]:
    """Take back what waits for a checkpoint of a turn; returns the receipts' ids."""
    steering: Steering | None = run.extra.steering if run.extra is not None else None
    waiting = steering.empty() if steering is not None else []
    for receipt in waiting:
        run.host.settle(receipt, Withdrawn(reason))
    return tuple(receipt.id for receipt in waiting)


def give_up(run: Any) -> None:
    """A turn does not end, though it was told to, for as long as it may take."""
    parent = run.parent
    if parent is not None and parent.phase is not ENDED:
        # it is the parent that its caller waits for: its own clock runs from here
        cut(parent, Aborted(f"its child, turn {run.id}, does not end"))
        return
    if run.verdict is None:  # it was cut off by the engine
        run.verdict = run.decided(run._seat.reason_to_end)
    if run.phase is not ENDING and parent is None and run.session._finalises:
        words = LastWords(run)
        run.phase = ENDING
        run.need_extra().leaving = True
        if words.begin():
            within = 2 * run.policy.cleanup_within
            run.need_clocks().timer = Fair(run.host, within, lambda: let_go(run))
            return
    let_go(run)


def let_go(run: Any) -> None:
    """Go on without a turn."""
    if run.phase is not ENDED:
        run.host.give_up(run)


def keep(run: Any) -> None:
    """Have its state and its history be what they are now, however the turn ends."""
    extra = run.need_extra()
    if not extra.kept:
        extra.kept, extra.began = True, run.before
    run.before = run.lane.state
    if extra.history is not None:
        extra.history.keep()


def undo(run: Any) -> None:
    """Have its state and its history be what they were when it began.

    What it has kept on its way does not count either: nobody can write it.
    """
    extra = run.extra
    if extra is not None:
        if extra.kept:
            run.before = extra.began
        if extra.history is not None:
            extra.history.undo()
    if run.has_begun and run.lane.turn is run:
        run.lane.state = run.before


def put_back(run: Any) -> None:
    """Have the state of a turn that does not complete be what the next turn finds.

    And its history.
    """
    extra = run.extra
    if (
        run.has_begun
        and run.lane.turn is run
        and run.policy.keep_state is not KeepState.ALWAYS
        and not (extra is not None and extra.keeps_state)
    ):
        run.lane.state = run.before
        if extra is not None and extra.history is not None:
            extra.history.put_back()


def history_left(run: Any) -> Change | None:
    """What a turn that has ended leaves for its history; None: nothing.

    Asked once.
    """
    extra = run.extra
    if extra is None or extra.history is None:
        return None
    draft, extra.history = extra.history, None
    change: Change | None = draft.change()
    return change


def may_write(run: Any) -> bool:
    """Whether who asks may set the session's state: of a turn given up its hook alone.

    The state has been put back, and the turn's code still runs.
    """
    extra = run.extra
    if extra is None or not extra.leaving:
        return True
    task: Any = trio.lowlevel.current_task()
    while task is not extra.words and task.parent_nursery is not None:
        task = task.parent_nursery.parent_task
    return task is extra.words


async def say_last_words(run: Any, outcome: Outcome) -> None:
    """Run `turn_ended`, bounded; what it raises is the session's crash.

    If it does not come to its end, what it has put into the state does not count.
    """
    if not completed(outcome):
        put_back(run)
    extra, lane = run.need_extra(), run.lane
    extra.keeps_state = True  # as `turn_ended` leaves it
    extra.words = trio.lowlevel.current_task()
    before, ended = lane.state, False
    deadline = run.host.now() + run.policy.cleanup_within
    try:
        with trio.CancelScope(shield=True, deadline=deadline):
            await run.session.turn_ended(run.turn, outcome)
            ended = True
    except BaseException as error:  # noqa: BLE001, ASYNC103 - split, raised below
        crash, rest = split_crash(error)
        if crash is not None:
            run.session._seat.crash(crash, None, "in turn_ended")
        if rest is not None:
            raise rest from None  # noqa: ASYNC104 - a Cancelled is in it, if any
    finally:
        extra.words = None
        if not ended and lane.turn is run:
            lane.state = before


class LastWords(Actor[Any]):
    """Runs `turn_ended` for a turn that does not end, and then lets go of it.

    Args:
        run: the turn.
    """

    __slots__ = ("run",)

    def __init__(self, run: Any) -> None:
        self.run = run

    @property
    def number(self) -> int:
        """Their number among its owner's children: the turn's."""
        number: int = self.run.id
        return number

    def begin(self) -> bool:
        """Have them said; False: nobody can."""
        try:
            self.run.session._seat.begin_work(self, LAST_WORDS_PROPS, self.number)
        except ActorStoppedError:
            return bool(self.run.host.last_words(self))
        return True

    async def receive(self, message: Any) -> None:
        """Say them."""
        del message
        run = self.run
        if run.phase is not ENDED:
            run.outcome = outcome = run.complete(run.outcome or run.verdict, late=True)
            await say_last_words(run, outcome)
        self._seat.finish_work()

    def _cut_off(self) -> None:
        """They are bounded anyway."""

    def _over(self, exit_: Exit) -> None:
        """They have been said, or cut off."""
        del exit_
        let_go(self.run)


enable_ki_protection(LastWords.receive)

LAST_WORDS_PROPS: Final = attrs.evolve(
    LastWords._props, label="last-words", grace=math.inf
)
"""What the engine knows of them."""
