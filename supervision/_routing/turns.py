"""How the router gives turns: one at a time for each session, so many at once in all.

A turn is made when its session is ready and has no other; it stands in line for a slot
as a turn, with an id, and can be aborted there.  The slot is claimed for each turn anew
and given back when the turn has ended, its clean-up included.
"""

from __future__ import annotations

from typing import Any

import attrs

from actors import (
    Aborted,
    ActorStoppedError,
    Failed,
    MailboxFullError,
    Outcome,
    Phase,
    Receipt,
    SessionCrashedError,
    Turn,
    TurnEnded,
    WhileBusy,
)
from actors.hosting import (
    ASLEEP,
    CLOSING,
    OPEN,
    SHUT_DOWN,
    STARTING,
    WORK,
    Family,
    Lane,
    completed,
)

from .core import Core


class Turns(Core):
    """The part of the router that gives turns."""

    __slots__ = ()

    def advance(self, lane: Lane) -> None:
        """Give a session its next turn, or a lane its session, if it is time."""
        if self.finishing:
            return
        if lane.phase == ASLEEP and lane.busy:
            self.spawn(lane)
            return
        if lane.phase != OPEN or lane.turn is not None:
            return
        if not lane.waiting:
            if not lane.busy:
                self.became_idle(lane)
            return
        if self.ending:  # the queue is for `stopped`
            return
        receipts = lane.take(lane.session.prompts.batch)
        first = receipts[0]
        body = first.need_more().work if first.kind == WORK else lane.session.take_turn
        lane.turn = run = self._new_turn(lane, tuple(receipts), body)
        self.allow_fast(lane)
        self._claim(run)
        self.admit_parked(lane)

    def allow_fast(self, lane: Lane) -> None:
        """Let prompts in without a thought while a turn runs and a queue is there."""
        session = lane.session
        if lane.queue is None or lane.turn is None or session is None:
            lane.room = 0
            return
        policy = session.prompts
        plain = policy.batch is None and policy.busy is not WhileBusy.STEER
        fast = plain and self.open and lane.phase == OPEN
        lane.room = policy.capacity if fast else 0

    def begin_aside(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """Answer a side question, when there is a slot."""
        run = self._new_turn(lane, (receipt,), lane.session.answer_aside, aside=True)
        extra = lane.need_extra()
        if extra.asides is None:
            extra.asides = {}
        extra.asides[run.id] = run
        self._claim(run)

    def _new_turn(
        self,
        lane: Lane,
        receipts: tuple[Receipt[Any], ...],
        body: Any,
        *,
        aside: bool = False,
    ) -> Family:
        policy = lane.session.turns
        run = Family(self.next_turn_id(), lane, receipts, body, policy, aside=aside)
        Turn[Any, Any](run)
        for receipt in receipts:
            more = receipt.need_more()
            more.turn = run.id
            if more.stream is not None:
                run.stream = more.stream
        self.turns[run.id] = run
        return run

    def _claim(self, run: Family) -> None:
        run.slot_owner = self.owner_of(run.lane)
        if self.slots.claim(run, run.slot_owner):
            self.begin(run)

    def begin(self, run: Family) -> None:
        """It has a slot: have its session take it."""
        run.slot = True
        self._tell_session(run)

    def _tell_session(self, run: Family) -> None:
        session = run.session
        try:
            session.ref.tell_nowait(run.turn)
        except ActorStoppedError:  # somebody has stopped it
            self._strand(run)
        except MailboxFullError as error:
            run.verdict = run.verdict or Failed(error=error)
            run.conclude(run.complete(run.verdict))

    def _strand(self, run: Family) -> None:
        """Its session is gone; its slot goes to another, whose session may be too.

        One after the other: there may be more of them than Python's stack is deep.
        """
        stranded = self.stranded
        stranded.append(run)
        if len(stranded) > 1:
            return  # whoever began with this goes on with it
        while stranded:
            self.unbegin(stranded[0])
            stranded.popleft()

    def unbegin(self, run: Family) -> None:
        """It has not begun and its session has ended: its prompts wait again."""
        if run.phase is Phase.ENDED:
            return
        if run.verdict is not None or run.aside:
            run.conclude(run.complete(run.verdict or Aborted(SHUT_DOWN)))
            return
        lane = run.lane
        run.abandon()
        self.turns.pop(run.id, None)
        lane.turn = None
        lane.room = 0
        granted = self._give_back(run)
        for receipt in run.receipts:
            receipt.need_more().turn = None
        lane.push_front([r for r in run.receipts if r.ended is None])
        self._follow_ups(run)
        for each in granted:
            self.begin(each)

    def _give_back(self, run: Family) -> list[Family]:
        if run.slot:
            run.slot = False
            return self.slots.release(run.slot_owner)
        self.slots.withdraw(run)
        return []

    def cut_waiting(self, turn: Family) -> None:
        """A turn that waits for its slot is to end."""
        if not self.slots.withdraw(turn):
            return  # it has one: its task, on its way, sees the verdict
        session = turn.session
        if session._finalises and turn.lane.session is session:
            self._tell_session(turn)  # for the hook
        else:
            assert turn.verdict is not None
            turn.conclude(turn.complete(turn.verdict))

    def turn_over(self, turn: Family, outcome: Outcome) -> None:
        """A turn has ended."""
        lane = turn.lane
        begun = not turn.waiting_still
        seconds = self.now() - turn.started_at if begun else 0.0
        if turn.aside:
            extra = lane.need_extra()
            if extra.asides is not None:
                extra.asides.pop(turn.id, None)
        elif lane.turn is turn:
            lane.turn = None
            lane.room = 0
            if begun and not completed(outcome):
                lane.state = turn.before
        self.count_turn(turn, outcome, seconds)
        self.tell(TurnEnded, lane.key, turn.id, outcome, seconds)
        again = self._settle_all(turn, outcome)
        self.turns.pop(turn.id, None)
        self._follow_ups(turn)
        lane.push_front(again)
        for each in self._give_back(turn):
            self.begin(each)
        self.look_again()
        if lane.phase == CLOSING:
            if lane.turn is None and not (lane.extra and lane.extra.asides):
                self.end_session(lane)
        elif lane.phase != STARTING:
            self.advance(lane)

    def _settle_all(self, turn: Family, outcome: Outcome) -> list[Receipt[Any]]:
        """Give its prompts their outcome; return those that are to be tried again."""
        crashed = isinstance(outcome, Failed) and isinstance(
            outcome.error, SessionCrashedError
        )
        again: list[Receipt[Any]] = []
        for receipt in turn.receipts:
            more = receipt.need_more()
            if crashed and isinstance(outcome, Failed):
                more.tried += 1
                if more.tried < more.attempts:
                    more.turn = None
                    again.append(receipt)
                    continue
                self.settle(receipt, attrs.evolve(outcome, attempts=more.tried))
            else:
                self.settle(receipt, outcome)
        return again

    def _follow_ups(self, turn: Family) -> None:
        """Steering prompts that no checkpoint has taken become turns of their own."""
        waiting, turn.steering = turn.steering, None
        left = [receipt for receipt in waiting or () if receipt.ended is None]
        for receipt in left:
            receipt.need_more().steers = None
        turn.lane.push_front(left)

    def child_over(self, lane: Lane, session: Any) -> None:
        """A child turn that may have outlived its parent has ended."""
        if lane.session is session and lane.phase == OPEN:
            self.advance(lane)
