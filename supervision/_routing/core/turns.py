"""Turns begin and end: one at a time for each session, so many at once in all.

A turn is made when its session is ready and has no other; it stands in line for a slot
as a turn, with an id, and can be aborted there.  The slot is claimed for each turn anew
and given back when the turn has ended, its clean-up included.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

import attrs

from actors import (
    Aborted,
    ActorStoppedError,
    Batch,
    Completed,
    Failed,
    Lost,
    Outcome,
    Receipt,
    SessionCrashedError,
    Turn,
    TurnEnded,
)
from actors.hosting import (
    ENDED,
    SHUT_DOWN,
    WORK,
    TurnRun,
    history_left,
    put_back,
    unprotected,
)
from supervision._routing.parts.busy import WAITING, begins_at
from supervision._routing.parts.fates import tried_again
from supervision._routing.parts.lane import (
    ASLEEP,
    AT_ONCE,
    CLOSING,
    OPEN,
    STARTING,
    Lane,
)
from supervision._routing.parts.slots import Slots
from supervision._routing.parts.telling import log_turn

_TURN: Any = Turn  # Any: a subscripted class is slow to call


class Turns:
    """The turns that have not ended.

    Args:
        core: the other parts.
    """

    __slots__ = ("_begin_turn", "_core", "_goes", "_keeping", "_stranded", "running")

    def __init__(self, core: Any) -> None:  # Any: its room stands above this one
        self._core = core
        self._keeping = core.keeping
        self._begin_turn = core.world.begin_turn
        self._goes = self._go, self._settle  # what follows when a store has it
        self.running: dict[int, TurnRun] = {}  # {id: one that has not ended}
        self._stranded: deque[TurnRun] = deque()  # those whose sessions are gone

    # ---------------------------------------------------------------------- they begin

    def advance(self, lane: Lane) -> None:
        """Give a session its next turn, or a lane its session, if it is time."""
        core = self._core
        if core.finishing:
            return
        if lane.phase == ASLEEP:
            if lane.wants_session:
                core.sessions.spawn(lane)
            elif not lane.busy:  # its turn was given up, say
                core.reaping.became_idle(lane)
            return  # else the end of its turn is being kept
        if lane.phase != OPEN or lane.turn is not None:
            return
        if not lane.waiting:
            if not lane.busy:
                core.reaping.became_idle(lane)
                self.open_way(lane)
            else:  # somebody may have waited for room at a checkpoint
                core.accepting.admit_parked(lane)
            return
        if core.world.ending or (lane.extra is not None and lane.extra.looks):
            return  # in the former case the queue is for `stopped`
        batch = lane.session.prompts.batch
        if batch is not None and batch.window and self._gathers(lane, batch):
            return
        receipts = lane.take(batch)
        self.give(lane, tuple(receipts))
        core.accepting.admit_parked(lane)

    def _gathers(self, lane: Lane, batch: Batch) -> bool:
        """Whether more of a burst is waited for; the timer is set accordingly."""
        core, extra = self._core, lane.need_extra()
        if extra.window is not None:
            extra.window.cancel()
            extra.window = None
        due = begins_at(lane, batch)
        if due <= core.now() or not core.admission.open:
            return False
        extra.window = core.at(due, lambda: self._gathered(lane))
        return True

    def _gathered(self, lane: Lane) -> None:
        """The moment is over."""
        lane.need_extra().window = None
        if lane.phase == OPEN:
            self.advance(lane)

    def open_way(self, lane: Lane) -> None:
        """Let plain prompts in without a thought, if that is right just now."""
        session, core = lane.session, self._core
        lane.room = 0
        if lane.phase != OPEN or session is None or not core.admission.open:
            return
        policy = session.prompts
        if policy.batch is not None or not core.keeping.plain:
            return
        if lane.turn is None:
            lane.room = 0 if lane.waiting or core.finishing else AT_ONCE
        elif lane.queue is not None and policy.busy in WAITING:
            lane.room = policy.capacity

    def give(
        self, lane: Lane, receipts: tuple[Receipt[Any], ...], *, aside: bool = False
    ) -> None:
        """Make a turn of these prompts, and have it stand in line for a slot."""
        core = self._core
        session = lane.session
        body = session.take_turn
        if aside:
            body = session.answer_aside
        elif (more := receipts[0]._more) is not None and more.kind is WORK:
            assert more.work is not None
            body = partial(unprotected, more.work)
        core.turn_ids = number = core.turn_ids + 1
        run = core.make_run(number, lane, receipts, body, session.turns, aside=aside)
        _TURN(run)
        for receipt in receipts:
            receipt._turn = number
            more = receipt._more
            if more is not None and more.stream is not None:
                run.stream = more.stream
        self.running[number] = run
        extra = lane.extra
        if aside:
            extra = lane.need_extra()
            if extra.asides is None:
                extra.asides = {}
            extra.asides[number] = run
        else:
            lane.turn = run
            if lane.queue is None:
                lane.room = 0
            else:
                self.open_way(lane)
        tenant = extra.tenant if extra is not None else None
        if tenant is not None:
            run.need_extra().slot_tenant = tenant
        if core.slots.claim(run, tenant):
            self.begin(run)

    def begin(self, run: TurnRun) -> None:
        """It has a slot: have its session take it, once that may be."""
        run.slot = True
        if self._keeping.plain:
            self._go(run)
        else:
            self._keeping.begins(run, self._goes[0])

    def _go(self, run: TurnRun) -> None:
        try:
            self._begin_turn(run)
        except ActorStoppedError:  # its session is gone, or ends
            self._strand(run)

    def _strand(self, run: TurnRun) -> None:
        """Its session is gone; its slot goes to another, whose session may be too.

        One after the other: there may be more of them than Python's stack is deep.
        """
        stranded = self._stranded
        stranded.append(run)
        if len(stranded) > 1:
            return  # whoever began with this goes on with it
        while stranded:
            self.unbegin(stranded[0])
            stranded.popleft()

    def unbegin(self, run: TurnRun) -> None:
        """It has not begun and its session has ended: its prompts wait again."""
        if self.running.get(run.id) is not run or run.phase is ENDED:
            return  # in the latter case its end is being kept
        if run.verdict is not None or run.aside:
            run.conclude(run.verdict or Aborted(SHUT_DOWN))
            return
        core, lane = self._core, run.lane
        if run.slot:
            self._keeping.unbegun(run)
        run.abandon()
        del self.running[run.id]
        lane.turn, lane.room = None, 0
        granted = self._give_back(run)
        for receipt in run.receipts:
            receipt._turn = None
        lane.push_front([r for r in run.receipts if r.ended is None])
        self.follow_ups(run)
        for each in granted:
            self.begin(each)
        core.look_again()

    def discard(self, run: TurnRun, receipt: Receipt[Any]) -> None:
        """A prompt of a turn that has not begun is not to be: somebody else has it."""
        run.receipts = tuple(each for each in run.receipts if each is not receipt)
        receipt._turn = None
        if not run.receipts and self.running.get(run.id) is run:
            lane = run.lane
            self.unbegin(run)
            self.advance(lane)

    def cut_waiting(self, run: TurnRun) -> None:
        """A turn that has not had its first step is to end."""
        if not self._core.slots.withdraw(run):
            return  # it has a slot: its actor, on its way, sees the verdict
        if run.session._finalises and run.lane.session is run.session:
            self._go(run)  # for the hook
        else:
            assert run.verdict is not None
            run.conclude(run.verdict)

    # ------------------------------------------------------------------------ they end

    def over(self, run: TurnRun, outcome: Outcome) -> None:
        """A turn has ended: put it into the books, then tell whom it concerns."""
        core, keeping = self._core, self._keeping
        if not keeping.plain:  # where a hook has heard of it, it is already
            run.outcome = outcome = keeping.seal(run, outcome)
        books = core.books
        kind = type(outcome)
        tally = books._tallies[kind]
        tally.turns += 1
        started = run.started_at
        if kind is not Completed:
            self._not_completed(run, outcome)
        if started == started:  # noqa: PLR0124 - as `has_begun`, without the call
            if kind is not Completed:
                put_back(run)
            tally.seconds += core.now() - started
            for receipt in run.receipts:
                waited = started - receipt.at
                books.wait_seconds += waited
                if waited > books.wait_longest:  # noqa: PLR1730 - without the call
                    books.wait_longest = waited
        if keeping.plain:
            if run.extra is not None and run.extra.history is not None:
                self._keep_history(run)
            self._settle(run, outcome)
        else:
            keeping.ended(run, outcome, self._goes[1])

    def _keep_history(self, run: TurnRun) -> None:
        """What it has appended is in its key's history from now on, in memory."""
        change = history_left(run)
        if change is not None and not self._core.sessions.forgets(run.lane):
            self._keeping.history_of(run.lane).commit(change)

    def _settle(self, run: TurnRun, outcome: Outcome) -> None:  # noqa: C901, PLR0912
        """Its prompts get their outcome, its slot goes on, its lane goes on."""
        core, lane = self._core, run.lane
        if run.aside:
            asides = lane.extra.asides if lane.extra is not None else None
            if asides is not None:
                asides.pop(run.id, None)
        elif lane.turn is run:
            lane.turn = None
            lane.room = 0
        if TurnEnded in core.events.wanted:
            seconds = core.now() - run.started_at if run.has_begun else 0.0
            core.tell(TurnEnded, lane.key, run.id, outcome, seconds)
        if (run.extra is not None and run.extra.again is not None) or (
            type(outcome) is Failed and isinstance(outcome.error, SessionCrashedError)
        ):
            self._give_or_try_again(run, outcome)
        else:
            for receipt in run.receipts:
                if receipt._more is not None or core.events.wanted:
                    core.give(receipt, outcome)
                elif receipt.settle(outcome):  # as `give`
                    core.books.settled += 1
                    core.books._tallies[type(outcome)].prompts += 1
            extra = lane.extra
            if extra is not None and extra.crashes is not None and extra.crashes.trial:
                extra.crashes.pardon()
        del self.running[run.id]
        if run.extra is not None:
            self.follow_ups(run)
            if run.extra.sends and type(outcome) is Completed:
                core.accepting.take(run.extra.sends)
        for each in self._give_back(run):
            self.begin(each)
        if core.changed is not None:
            core.look_again()
        phase = lane.phase
        if phase == CLOSING:
            if lane.turn is None and not (lane.extra and lane.extra.asides):
                if lane.extra is not None and lane.extra.gone is not None:
                    core.leaving.go_on(lane)
                else:
                    core.sessions.end(lane)
        elif (
            phase == OPEN
            and not lane.waiting
            and lane.extra is None
            and lane.turn is None
            and not core.finishing
            and core.reaping.armed
            and not core.accepting.waiting.crowd
        ):  # as `advance`
            core.idle.add(lane, core.now())
            self.open_way(lane)
        elif phase != STARTING:
            self.advance(lane)

    def _not_completed(self, run: TurnRun, outcome: Outcome) -> None:
        """Write it down, and see who is tried again.

        Once: what is kept and what is told are to be the same.
        """
        log_turn(self._core.world, run, outcome)
        if type(outcome) is Lost:
            for receipt in run.receipts:
                receipt.need_more()  # so that `give` hears of each
        ending = not self._keeping.plain and self._core.world.ending
        again: dict[int, int] = {}
        for receipt in run.receipts:
            more = receipt._more  # None: nobody said that it may be
            if more is not None:
                tried = tried_again(run, more, outcome, ending=ending)
                if tried is not None:
                    again[receipt.id] = tried
        if again:
            run.need_extra().again = again

    def _give_or_try_again(self, run: TurnRun, outcome: Outcome) -> None:
        """Its session crashed under it, or its router ends: some may be tried again."""
        again = (run.extra.again if run.extra is not None else None) or {}
        left: list[Receipt[Any]] = []
        for receipt in run.receipts:
            more, each = receipt.need_more(), outcome
            if receipt.id in again:
                more.tried = again[receipt.id]
                receipt._turn = None
                if more.stream is not None:
                    more.stream.restart(more.tried + 1)
                left.append(receipt)
                continue
            if type(each) is Failed:
                more.tried += 1
                each = attrs.evolve(each, attempts=more.tried)
            self._core.give(receipt, each)
        run.lane.push_front(left)

    def follow_ups(self, run: TurnRun) -> None:
        """Steering prompts that no checkpoint has taken become turns of their own."""
        steering = run.extra.steering if run.extra is not None else None
        left = steering.empty() if steering is not None else []
        for receipt in left:
            receipt.need_more().steers = None
        run.lane.push_front(left)

    def vanish(self, run: TurnRun) -> None:
        """It has ended, and does not count: only its slot goes on."""
        del self.running[run.id]
        for each in self._give_back(run):
            self.begin(each)

    def _give_back(self, run: TurnRun) -> Sequence[TurnRun]:
        slots: Slots[TurnRun] = self._core.slots
        if not run.slot:
            slots.withdraw(run)
            return ()
        run.slot = False
        return slots.release(run.extra.slot_tenant if run.extra is not None else None)

    def configure(self, turns: int, per_tenant: int | None) -> None:
        """Other numbers are in force."""
        for run in self._core.slots.configure(turns, per_tenant):
            self.begin(run)
