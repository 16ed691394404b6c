"""`Questions`: what the agent asks of a person, and what it is told.

Each question is a task of the turn that runs, so that no decision outlives it: whatever
ends the turn, each question has its answer by then.  A question that comes when there
is no turn to ask in, or one too many, is answered on the spot, as if nobody had
decided.  What a question is about is said in `permissions` and `elicitation`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import attrs
import trio

from actors import TurnOverError
from supervision.acp._pipe.connection import SETTLE, Connection
from supervision.acp._pipe.errors import AgentError
from supervision.acp._pipe.wire import (
    REQUEST_CANCELLED,
    CallId,
    error_line,
    result_line,
)

StartSoon: TypeAlias = Callable[..., object]

_log = logging.getLogger("supervision.acp")


@attrs.frozen
class Question:
    """One call of the agent that somebody is to decide about."""

    number: CallId
    """The call."""
    hook: str
    """Who decides, for the log."""
    decide: Callable[[], Awaitable[Any]] = attrs.field(repr=False)
    """Gives the answer, as JSON; an exception is logged."""
    undecided: Any
    """The answer if nobody decides, as JSON."""


class Questions:
    """The questions of one agent.

    Args:
        connection: where the answers go.
        most: how many may be decided at once.
    """

    def __init__(self, connection: Connection, most: int) -> None:
        self._connection = connection
        self._most = most
        self._start_soon: StartSoon | None = None  # of the turn that runs
        self._asked: dict[CallId, trio.CancelScope] = {}  # {its call: being decided}
        self._revoked: set[CallId] = set()  # of these: the agent has taken them back

    def open(self, start_soon: StartSoon) -> None:
        """Take questions, as tasks of a turn."""
        self._start_soon = start_soon

    def close(self) -> None:
        """Take none any more; those that are being decided are cancelled."""
        self._start_soon = None
        for scope in self._asked.values():
            scope.cancel()

    @property
    def is_open(self) -> bool:
        """Whether there is a turn to ask in, and room."""
        return self._start_soon is not None and len(self._asked) < self._most

    def revoke(self, number: CallId) -> None:
        """The agent takes a question back."""
        scope = self._asked.get(number)
        if scope is not None:
            self._revoked.add(number)
            scope.cancel()

    def ask(self, question: Question) -> None:
        """Have a question decided, or answer it on the spot."""
        number = question.number
        if (
            self._start_soon is None
            or number in self._asked
            or len(self._asked) >= self._most
        ):
            self.leave(question)
            return
        scope = self._asked[number] = trio.CancelScope()
        try:
            self._start_soon(self._settle, question, scope)
        except TurnOverError:  # it was given up
            del self._asked[number]
            self.leave(question)

    def leave(self, question: Question) -> None:
        """Answer it as if nobody had decided."""
        line = result_line(question.number, question.undecided)
        self._connection.send_nowait(line)

    async def _settle(self, question: Question, scope: trio.CancelScope) -> None:
        """Have it decided, and say so, whatever happens."""
        number = question.number
        try:
            answer = await self._decision(question, scope)
            await self._reply(number, answer)
        except trio.Cancelled:  # the turn: nothing has been said yet
            with trio.move_on_after(SETTLE, shield=True):
                await self._reply(number, question.undecided)
            raise
        finally:
            del self._asked[number]
            self._revoked.discard(number)

    async def _decision(self, question: Question, scope: trio.CancelScope) -> Any:
        answer = question.undecided
        try:
            with scope:
                answer = await question.decide()
        except Exception:  # noqa: BLE001 - of the user's: logged, and nobody decides
            _log.exception("%s() has failed: nobody decides", question.hook)
            return question.undecided
        return question.undecided if scope.cancel_called else answer

    async def _reply(self, number: CallId, answer: Any) -> None:
        line = (
            error_line(number, REQUEST_CANCELLED, "cancelled")
            if number in self._revoked
            else result_line(number, answer)
        )
        with contextlib.suppress(AgentError):
            await self._connection.send(line)
