"""What the agent asks whether it may; pure but for the hook that decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from acp.schema import (
    AllowedOutcome,
    DeniedOutcome,
    PermissionOption,
    RequestPermissionRequest,
    RequestPermissionResponse,
)
from pydantic import ValidationError

from supervision.acp._pipe.wire import Call

from .questions import Question

METHOD = "session/request_permission"

Decide: TypeAlias = Callable[
    [RequestPermissionRequest], Awaitable[PermissionOption | None]
]


def read_permission(call: Call) -> RequestPermissionRequest | None:
    """Read a question; None: it is none."""
    try:
        return RequestPermissionRequest.model_validate(call.params)
    except (ValidationError, RecursionError):
        return None


def permission_question(
    call: Call, request: RequestPermissionRequest, decide: Decide
) -> Question:
    """The question that a request is."""

    async def answer() -> Any:
        option = await decide(request)
        if option is not None and option not in request.options:
            msg = f"permission() must return one of the options, got {option!r}"
            raise ValueError(msg)
        return _decision(option)

    return Question(call.id, "permission", answer, _decision(None))


def allows(option: PermissionOption | None) -> bool:
    """Whether this decision lets the agent go on."""
    return option is not None and option.kind.startswith("allow")


def _decision(option: PermissionOption | None) -> Any:
    """The answer to a question."""
    outcome: AllowedOutcome | DeniedOutcome
    if option is None:
        outcome = DeniedOutcome(outcome="cancelled")
    else:
        outcome = AllowedOutcome(outcome="selected", option_id=option.option_id)
    response = RequestPermissionResponse(outcome=outcome)
    return response.model_dump(mode="json", by_alias=True, exclude_none=True)
