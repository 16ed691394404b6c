"""`Turning`: turns, as their store sees them: marked, sealed, committed.

No step of a turn runs before its mark is stored.  What it leaves (the state, the
outcomes of all its prompts, of those too that were put into it, and what its session
has bound) is one record, and nothing is told before the store has it.

An outcome that cannot be written is no outcome: the turn has failed then, with its
state as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors import Completed, Failed, Outcome, Receipt
from actors.hosting import TurnRun, history_left, undo
from supervision._routing.core.keeping import Begin as GoBegin
from supervision._routing.core.keeping import End as GoEnd
from supervision._routing.core.keeping import Settle as GoSettle
from supervision._routing.parts.lane import UNSET, Lane
from supervision.durable._words.errors import (
    CodecError,
    StateTooLargeError,
    StoreRefusedError,
)
from supervision.durable._words.records import (
    Begin,
    Complete,
    Completion,
    Ended,
    Overtaken,
    Refused,
    State,
)
from supervision.durable._writing.book import Entry

from .arriving import Arrival
from .bringing import history_of
from .ground.bodies import OUTCOME, STATE, TOKEN
from .ground.place import key_of
from .ground.wall import wall
from .later.leaving import Left, Steered, again_of, unsteered
from .later.sending import Sending


class Turning:
    """Turns begin and end in the store.

    Args:
        kept: the other parts.
    """

    __slots__ = (
        *("_back", "_hears", "_kept", "_marked"),
        *("_sealed", "_sending", "_steered"),
    )

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._hears = self._told  # one for all turns
        self._marked: set[int] = set()  # ids of turns with a mark
        self._sealed: dict[int, Left] = {}  # {id of a turn: as it will be told}
        self._steered: dict[int, list[Steered]] = {}  # {id of a turn: put into it}
        # {id of a turn: put into it, and to wait again when the store has its end}
        self._back: dict[int, Sequence[Steered]] = {}
        self._sending = Sending(kept)

    # ------------------------------------------------------------------------ it begins

    def begins(self, run: TurnRun, go: GoBegin) -> None:
        """See `Keeping`."""
        kept = self._kept
        latest = kept.writer.book.latest
        if type(latest) is Arrival and latest.mark(run, kept.epoch, go):
            self._marked.add(run.id)  # nothing stands between: it is as it comes
            return
        rows = [each for each in run.receipts if _row(each) is not None]
        if not rows:
            go(run)
            return
        self._marked.add(run.id)
        record = Begin(
            tuple(each.id for each in rows),
            tuple(each.need_more().tried + 1 for each in rows),
            run.id,
            kept.epoch,
            run.lane.key,
        )
        mark = Entry(record, lambda _: kept.arriving.marked(run, go))
        kept.submit_of(run.lane, mark)

    def not_marked(self, run: TurnRun) -> None:
        """The store has not marked this one: nothing is to be taken back there."""
        self._marked.discard(run.id)

    def unbegun(self, run: TurnRun) -> None:
        """See `Keeping`."""
        if run.id not in self._marked:
            return
        self._marked.discard(run.id)
        again = tuple(
            (each.id, each.need_more().tried)
            for each in run.receipts
            if _row(each) is not None
        )
        if again:
            lane = run.lane
            record = Complete(lane.key, run.id, (), again, at=wall())
            record.generation = max(1, lane.generation)
            self._kept.submit_of(lane, Entry(record, _nothing))

    # ------------------------------------------------------------------------- it ends

    def seal(self, run: TurnRun, outcome: Outcome) -> Outcome:
        """See `Keeping`."""
        if run.parent is not None or run.aside or not self._is_kept(run):
            return outcome
        sealed = self._sealed.get(run.id)
        if sealed is not None and (sealed.outcome is outcome):
            return outcome
        sealed = self._seal(run, outcome)
        self._sealed[run.id] = sealed
        return sealed.outcome

    def _is_kept(self, run: TurnRun) -> bool:
        for each in run.receipts:
            more = each._more
            if more is not None and more.row is not None:
                return True
        return False

    def _seal(self, run: TurnRun, outcome: Outcome) -> Left:
        codec, key = self._kept.codec, run.lane.key
        most = self._kept.policy.state_bytes
        error: Exception
        try:
            body = codec.encode(outcome, OUTCOME)
            if len(body) <= most:
                if not isinstance(outcome, Completed):
                    return Left(self._hears, run, outcome, body)
                lane = run.lane
                state = self._state_of(lane)
                return Left(self._hears, run, outcome, body, lane.state, state)
            error = StateTooLargeError(key, "outcome", len(body), most)
        except (TypeError, CodecError, StateTooLargeError) as failure:
            error = failure
        failed = Failed(error=error, turn=run.id, notes=outcome.notes)
        try:
            return Left(self._hears, run, failed, codec.encode(failed, OUTCOME))
        except (TypeError, CodecError):  # its notes, then
            failed = Failed(error=error, turn=run.id)
            return Left(self._hears, run, failed, codec.encode(failed, OUTCOME))

    def _state_of(self, lane: Lane) -> State | None:
        """The state as bytes; None: the store has it."""
        kept, key, state = self._kept, key_of(lane), lane.state
        if state is UNSET or (
            state is key.state and type(state).__hash__ is not None
        ):  # a value that can be changed in place is written each time
            return None
        body = kept.codec.encode(state, STATE)
        most = kept.policy.state_bytes
        if len(body) > most:
            raise StateTooLargeError(lane.key, "state", len(body), most)
        if key.large or len(body) > kept.policy.state_large:
            kept.settling.grows(lane, len(body))
        return State(body, kept.codec.version)

    def steered(self, receipt: Receipt[Any], outcome: Outcome, go: GoSettle) -> None:
        """A prompt has been put into a turn: it is told with that turn's commit."""
        assert outcome.turn is not None
        self._steered.setdefault(outcome.turn, []).append((receipt, outcome, go))

    def taken(self, run: TurnRun) -> tuple[Receipt[Any], ...]:
        """The prompts that end with this turn."""
        steered = self._steered.get(run.id, ())
        return (*run.receipts, *(each for each, _, _ in steered))

    def returning(self, run: TurnRun) -> list[Receipt[Any]]:
        """See `Keeping`."""
        return [each for each, _, _ in self._back.get(run.id, ())]

    def ended(self, run: TurnRun, outcome: Outcome, go: GoEnd) -> None:
        """See `Keeping`."""
        self._marked.discard(run.id)
        left = self._sealed.pop(run.id, None)
        steered = self._steered.pop(run.id, None)
        if run.aside:
            go(run, outcome)
        elif self._kept.others is not None and key_of(run.lane).dropped:
            self._kept.vanishing.vanished(run, outcome, steered or ())
        else:
            self._leaves(run, outcome, go, left, steered)

    def _leaves(
        self,
        run: TurnRun,
        outcome: Outcome,
        go: GoEnd,
        left: Left | None,
        steered: Sequence[Steered] | None,
    ) -> None:
        """Have written what it leaves, and then told."""
        lane = run.lane
        self._kept.journals.ends(run)
        try:
            state = self._state_left(run, left)
        except (TypeError, StateTooLargeError) as error:
            # its hook has left it so, or it is work of `run_exclusive`
            left, state = None, self._state_before(run)
            run.outcome = outcome = Failed(error=error, turn=run.id)
        if left is None:
            body = self._seal(run, outcome).body if self._is_kept(run) else b""
            left = Left(self._hears, run, outcome, body)
        left.go = go
        left.state = None
        if steered is not None:
            left.steered = steered
        if run.extra is not None:
            self._leave_more(left, state)
        elif state is not None and not self._kept.core.sessions.forgets(lane):
            left.state = state
        if left.state is not None:
            key_of(lane).state = lane.state
        self._commit(left)

    def _leave_more(self, left: Left, state: State | None) -> None:
        """It may leave more than its state, or nothing."""
        run, kept = left.run, self._kept
        if left.steered and again_of(run):
            self._back[run.id] = left.steered
        change = history_left(run)
        taken_back = again_of(run) and run.need_extra().returns
        if not taken_back and not kept.core.sessions.forgets(run.lane):
            left.state = state
            if change is not None:
                left.history = history_of(kept, run.lane).written(change)
        left.sends = self._sending.of(run, left.outcome)
        left.reminders = kept.reminding.of(run, left.outcome)

    def unsent(self, left: Left) -> None:
        """What a turn was to leave is not left."""
        self._sending.unsent(left.sends)

    def forget(self, key: str) -> None:
        """What is on its way to this key will have been withdrawn there."""
        self._sending.forget(key)

    def _commit(self, left: Left) -> None:
        """Have what a turn leaves written, and then told."""
        record = self._record(left)
        if record is None:
            self._told(left, None)
        else:
            self._kept.submit_of(left.run.lane, left.carried_by(record))

    def _told(
        self, left: Left, answer: Completion | Overtaken | Refused | None
    ) -> None:
        """What a turn leaves is written: tell it."""
        run = left.run
        if isinstance(answer, Overtaken):
            self._kept.vanishing.overtaken(left)
            return
        if isinstance(answer, Refused):
            key_of(run.lane).generation = 0
            error = StoreRefusedError(run.lane.key, answer.why)
            if left.last:
                raise error  # the router cannot go on with a store like this
            self._commit(self._failed(left, error))
            return
        if left.steered:
            self._back.pop(run.id, None)
            if again_of(run):
                run.lane.push_front(unsteered(left.steered))
            else:
                for receipt, each, then in left.steered:
                    then(receipt, each)
        if left.sends and answer is not None:
            self._sending.sent(left.sends, answer.known)
        if left.reminders[0]:
            self._kept.reminding.come(left.reminders[0])
        receipts = left.receipts
        left.go(run, left.outcome)
        self._kept.finding.told(receipts)
        if self._kept.others is not None:
            self._kept.others.turn_over(run)

    def _failed(self, left: Left, error: StoreRefusedError) -> Left:
        """The store does not take what a turn leaves: the turn has failed then."""
        run, lane = left.run, left.run.lane
        undo(run)
        if lane.turn is run and run.has_begun:
            key_of(lane).state = UNSET  # as far as anybody knows
        if left.record.bound:
            self._kept.settling.bound(lane.key, self._kept.core.tokens.get(lane.key))
        run.outcome = outcome = Failed(error=error, turn=run.id)
        if run.extra is not None:
            run.extra.again = None
        if left.history is not None:
            history_of(self._kept, lane).refused(left.history)
        body = self._seal(run, outcome).body if left.body else b""
        self._sending.unsent(left.sends)
        failed = Left(self._hears, run, outcome, body)
        failed.go, failed.steered, failed.last = left.go, left.steered, True
        return failed

    def _record(self, left: Left) -> Complete | None:
        """What a turn leaves; None: nothing."""
        run = left.run
        lane, encode = run.lane, self._kept.codec.encode
        key = key_of(lane)
        if left.body and left.is_plain and not key.bound:  # as below, for the most
            ended_one = Ended(run.receipts[0].id, left.body, run.id)
            generation = max(1, lane.generation)
            same = left.state is None and key.generation == generation
            key.generation = generation
            return Complete(
                *(lane.key, run.id, (ended_one,), (), left.state),
                *(None, False, generation, (), wall()),
                same=same,
            )
        ended: list[Ended] = []
        again: list[tuple[int, int]] = []
        tried = again_of(run)
        for receipt in run.receipts:
            if _row(receipt) is None:
                continue
            if receipt.id in tried:
                again.append((receipt.id, tried[receipt.id]))
            else:
                ended.append(Ended(receipt.id, left.body, run.id))
        for receipt, each, _ in left.steered:
            if not tried and _row(receipt) is not None:
                told = encode(each, OUTCOME)
                ended.append(Ended(receipt.id, told, run.id))
        bound, token = key.bound, key.token
        key.bound, key.token = False, None
        history = left.history
        leaves = left.sends or any(left.reminders) or history
        if not (ended or again or bound or left.state is not None or leaves):
            return None
        return Complete(
            lane.key,
            run.id,
            tuple(ended),
            tuple(again),
            left.state,
            encode(token, TOKEN) if token is not None else None,
            bound,
            max(1, lane.generation),
            tuple(each.row for each in left.sends),
            at=wall(),
            entries=history.entries if history is not None else (),
            begins=history.begins if history is not None else None,
            reminders=left.reminders[0],
            unremind=left.reminders[1],
        )

    def _state_left(self, run: TurnRun, sealed: Left | None) -> State | None:
        """The state as bytes, as the turn leaves it.  Raises as `_state_of`."""
        lane = run.lane
        if (
            sealed is not None
            and sealed.value is lane.state
            and not run.session._finalises  # a hook may have changed it in its place
        ):
            return sealed.state
        return self._state_of(lane)

    def _state_before(self, run: TurnRun) -> State | None:
        """What it goes back to, as bytes; where that cannot be written to its start."""
        if run.lane.turn is run and run.has_begun:
            run.lane.state = run.before
        if run.extra is not None and run.extra.history is not None:
            run.extra.history.put_back()
        try:
            return self._state_of(run.lane)
        except (TypeError, StateTooLargeError):
            undo(run)
        return None


def _row(receipt: Receipt[Any]) -> Any:
    """Its place in the store; None: it has none."""
    more = receipt._more
    return more.row if more is not None else None


def _nothing(_: object) -> None:
    """Nothing follows."""
