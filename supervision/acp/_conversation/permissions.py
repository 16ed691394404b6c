"""`Permissions`: what the agent asks whether it may, and what it is told.

Each question is a task of the turn that runs, so that no decision outlives it: whatever
ends the turn, each question has its answer by then.  A question that comes when there
is no turn to ask in, or one too many, is answered "cancelled" on the spot.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import trio
from acp.schema import (
    AllowedOutcome,
    DeniedOutcome,
    PermissionOption,
    RequestPermissionRequest,
    RequestPermissionResponse,
)
from pydantic import ValidationError

from actors import TurnOverError
from supervision.acp._pipe.connection import SETTLE, Connection
from supervision.acp._pipe.errors import AgentError
from supervision.acp._pipe.wire import (
    INVALID_PARAMS,
    REQUEST_CANCELLED,
    Call,
    CallId,
    error_line,
    result_line,
)

Decide: TypeAlias = Callable[
    [RequestPermissionRequest], Awaitable[PermissionOption | None]
]
StartSoon: TypeAlias = Callable[..., object]

_log = logging.getLogger("supervision.acp")


class Permissions:
    """The questions of one agent.

    Args:
        connection: where the answers go.
        decide: async_fn(request): one of its options; None: it may not.
        most: how many may be decided at once.
    """

    def __init__(self, connection: Connection, decide: Decide, most: int) -> None:
        self._connection = connection
        self._decide = decide
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

    def revoke(self, number: CallId) -> None:
        """The agent takes a question back."""
        scope = self._asked.get(number)
        if scope is not None:
            self._revoked.add(number)
            scope.cancel()

    def ask(self, call: Call, session: str) -> None:
        """Take a question, which is to be about this session."""
        try:
            request = RequestPermissionRequest.model_validate(call.params)
        except (ValidationError, RecursionError):
            text = "the params are no request for permission"
            self._connection.send_nowait(error_line(call.id, INVALID_PARAMS, text))
            return
        if (
            self._start_soon is None
            or request.session_id != session
            or call.id in self._asked
            or len(self._asked) >= self._most
        ):
            self._connection.send_nowait(result_line(call.id, _decision(None)))
            return
        scope = self._asked[call.id] = trio.CancelScope()
        try:
            self._start_soon(self._permit, call.id, request, scope)
        except TurnOverError:  # it was given up
            del self._asked[call.id]
            self._connection.send_nowait(result_line(call.id, _decision(None)))

    async def _permit(
        self, number: CallId, request: RequestPermissionRequest, scope: trio.CancelScope
    ) -> None:
        """Have it decided, and say so, whatever happens."""
        try:
            option = await self._decision_about(request, scope)
            await self._reply(number, option)
        except trio.Cancelled:  # the turn: nothing has been said yet
            with trio.move_on_after(SETTLE, shield=True):
                await self._reply(number, None)
            raise
        finally:
            del self._asked[number]
            self._revoked.discard(number)

    async def _decision_about(
        self, request: RequestPermissionRequest, scope: trio.CancelScope
    ) -> PermissionOption | None:
        option: PermissionOption | None = None
        try:
            with scope:
                option = await self._decide(request)
                if option is not None and option not in request.options:
                    msg = f"permission() must return one of the options, got {option!r}"
                    raise ValueError(msg)  # noqa: TRY301 - as if the hook had
        except Exception:  # noqa: BLE001 - of the user's: logged, and it may not
            _log.exception("permission() has failed: the answer is cancelled")
            return None
        return None if scope.cancel_called else option

    async def _reply(self, number: CallId, option: PermissionOption | None) -> None:
        line = (
            error_line(number, REQUEST_CANCELLED, "cancelled")
            if number in self._revoked
            else result_line(number, _decision(option))
        )
        with contextlib.suppress(AgentError):
            await self._connection.send(line)


def _decision(option: PermissionOption | None) -> Any:
    """The answer to a question."""
    outcome: AllowedOutcome | DeniedOutcome
    if option is None:
        outcome = DeniedOutcome(outcome="cancelled")
    else:
        outcome = AllowedOutcome(outcome="selected", option_id=option.option_id)
    response = RequestPermissionResponse(outcome=outcome)
    return response.model_dump(mode="json", by_alias=True, exclude_none=True)
