"""`TurnLeaves`: what a turn says now, and what counts when it completes.

Whatever is asked for here is looked at now, so that what is wrong with it raises at the
call; it is handed to the house with the turn's outcome, and to nobody if the turn does
not complete.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from actors._sessions.errors import TurnOverError
from actors._sessions.turns.family import top_of
from actors._sessions.turns.run import TurnRun

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

        Raises:
            TypeError, ValueError: an argument that is not what it should be, or a
                prompt that the router's store cannot keep.
            RuntimeError: in an aside, which leaves nothing.
            TurnOverError: the turn has ended.
        """
        run = self._leaving("send anything")
        offer = run.host.draft(key, prompt, id)
        extra = run.need_extra()
        extra.sends = [*extra.sends, offer]

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
