"""`TurnLeaves`: what a turn says now, and what counts when it completes.

Whatever is asked for here is looked at now, so that what is wrong with it raises at the
call; it is handed to the house with the turn's outcome, and to nobody if the turn does
not complete.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from actors._engine.checks import whole
from actors._sessions.errors import TurnOverError
from actors._sessions.turns.family import top_of
from actors._sessions.turns.run import TurnRun

from .reminder import Reminder

P = TypeVar("P")


class TurnLeaves(Generic[P]):
    """The part of a turn by which it leaves something."""

    __slots__ = ()
    _run: TurnRun

    def send(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        attempts: int = 1,
    ) -> None:
        """Send a prompt to a session, if and only if this turn completes.

        Any session of this router, its own too: there it waits behind those that wait.
        With a store it is in the transaction that keeps the state and the outcome;
        without one it is sent in the step in which the turn completes.  Of a turn that
        fails, is aborted, times out or is tried again nothing is sent.  What a child
        turn sends is its parent's to send.

        It is accepted then whatever the limits say: it waits above
        `PromptPolicy.capacity`, it waits for a place above `Limits.sessions`, and in a
        drain it is one of those that wait.  For a key in quarantine it has an outcome,
        `Failed(QuarantinedError)`.  Not a checkpoint.

        Args:
            key: which session; a non-empty str.
            prompt: what to answer.
            id: the message's own id: if the session has had it, nothing is sent.
            attempts: how often its turn may be begun, at least 1, deaths of the process
                and crashes of its session counted together.  Default 1: one that was
                interrupted is `Failed`, and a chain of turns ends there.

        Raises:
            TypeError, ValueError: an argument that is not what it should be, or a
                prompt that the router's store cannot keep.
            RuntimeError: in an aside, which leaves nothing.
            TurnOverError: the turn has ended.
        """
        run = self._leaving("send anything")
        whole("attempts", attempts, least=1)
        offer = run.host.draft(key, prompt, id, attempts)
        extra = run.need_extra()
        extra.sends = [*extra.sends, offer]

    @property
    def reminder(self) -> Reminder | None:
        """The reminder whose prompt it has; None: somebody has sent it.

        A child has its parent's.
        """
        receipts = top_of(self._run).receipts
        more = receipts[0]._more if receipts else None
        found: Reminder | None = more.reminder if more is not None else None
        return found

    def remind(
        self,
        name: str,
        *,
        after: float | None = None,
        at: datetime | None = None,
        every: float | None = None,
        prompt: P,
    ) -> None:
        """Have this session get a prompt at a time, if and only if this turn completes.

        It is kept in the router's store, in the turn's transaction, in place of one of
        this session with that name.  When it is due the prompt is accepted as one that
        a turn has sent: see `send`.  Its turn sees it as `reminder`, and its id says
        which time it is for: `~remind:NAME:2030-01-31T12:00:00.000000Z`.  It comes once
        for each due time, whoever dies; if nobody runs then, when somebody does.  It
        ends by `forget`, and by `reset` or `close` of the session.  Not a checkpoint.

        Args:
            name: which; a non-empty str.
            after: seconds from now until it is due, above 0.
            at: or when: a datetime with a time zone; in the past: at once.
            every: seconds from one due time to the next, at least 1.  Of several that
                have passed while nobody ran one prompt comes, for the latest, which
                says how many were missed.  Default None: once.
            prompt: what to answer then.

        Raises:
            TypeError, ValueError: an argument that is not what it should be, or a
                prompt that the router's store cannot keep.
            RuntimeError: the router has no store (`NoStoreError`: give it `durable=`);
                or in an aside, which leaves nothing.
            TurnOverError: the turn has ended.
        """
        run = self._leaving("remind anybody")
        key: str = run.lane.key
        draft = run.host.draft_reminder(key, name, after, at, every, prompt=prompt)
        extra = run.need_extra()
        extra.reminders = {**extra.reminders, name: draft}

    def forget(self, name: str) -> None:
        """Forget a reminder of this session, if and only if this turn completes.

        Of one that is due before that the prompt comes all the same.  None of that
        name: nothing happens.  Not a checkpoint.

        Raises:
            TypeError, ValueError, RuntimeError, TurnOverError: as `remind`.
        """
        run = self._leaving("forget anything")
        name = run.host.draft_forget(run.lane.key, name)
        extra = run.need_extra()
        extra.reminders = {**extra.reminders, name: None}

    def _leaving(self, what: str) -> Any:
        """The turn at the top, which leaves it; Any: hosts differ in what they take."""
        run = self._run
        run.check_open(what)
        top: TurnRun = top_of(run)
        if not top.open:
            raise TurnOverError(top.id, what)
        if top.aside:
            msg = f"turn {top.id} answers a side question: it cannot {what}"
            raise RuntimeError(msg)
        return top
