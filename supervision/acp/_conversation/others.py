"""The conversations that an agent has beside the one that is led: listed, forked, gone.

What an agent does not offer is refused here, by name, before it is asked.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Final, cast

from acp.schema import ForkSessionRequest

from supervision.acp._pipe.errors import (
    AgentError,
    AgentNotOfferedError,
    AgentProtocolError,
)
from supervision.acp._pipe.wire import shown
from supervision.acp._words.agent import Conversation, read_conversations

from .client import AgentClient
from .opening import as_json

_PAGES: Final = 1000  # at most: an agent may never come to the last one

_log = logging.getLogger("supervision.acp")


async def list_all(
    client: AgentClient, cwd: str | os.PathLike[str] | None
) -> tuple[Conversation, ...]:
    """See `AgentSession.list_conversations`."""
    _check(client, "list")
    params = _of(cwd)
    found: dict[str, Conversation] = {}
    for _ in range(_PAGES):
        answer = await client.ask("session/list", params)
        match answer:
            case {"sessions": [*page]}:
                more = read_conversations(page)
                found.update((each.id, each) for each in more)
            case _:
                raise _nonsense(client, "session/list", answer)
        cursor = cast("dict[str, Any]", answer).get("nextCursor")
        if not isinstance(cursor, str):
            return tuple(found.values())
        params = {**params, "cursor": cursor}
    why = f"its answers to 'session/list' come to no end: {_PAGES} pages, and more"
    raise AgentProtocolError(client.settings.program, why)


async def fork(client: AgentClient, key: object) -> str:
    """See `AgentSession.fork_conversation`; the key is for the log."""
    _check(client, "fork")
    settings = client.settings
    request = ForkSessionRequest(
        session_id=client.session,
        cwd=str(settings.cwd),
        mcp_servers=list(settings.mcp_servers),
    )
    answer = await client.ask("session/fork", as_json(request))
    match answer:
        case {"sessionId": str(other)} if other:
            pass
        case _:
            raise _nonsense(client, "session/fork", answer)
    if client.agent.capabilities.close:
        await _let_go(client, other, key)
    return other


async def _let_go(client: AgentClient, conversation: str, key: object) -> None:
    """Have the process close one that it keeps; it is there, also if that fails."""
    try:
        await client.ask("session/close", {"sessionId": conversation})
    except AgentError as error:
        _log.warning(
            "the conversation %r was forked, and is not closed: %s",
            conversation,
            error,
            extra={"key": key},
        )


async def delete(client: AgentClient, conversation: str) -> None:
    """See `AgentSession.delete_conversation`."""
    if conversation == client.session:
        msg = f"conversation {conversation!r} is the one that is led here"
        raise ValueError(msg)
    _check(client, "delete")
    await client.ask("session/delete", {"sessionId": conversation})


def _of(cwd: str | os.PathLike[str] | None) -> dict[str, Any]:
    return {} if cwd is None else {"cwd": str(Path(cwd).absolute())}


def _check(client: AgentClient, what: str) -> None:
    if not getattr(client.agent.capabilities, what):
        raise AgentNotOfferedError(client.settings.program, f"session/{what}")


def _nonsense(client: AgentClient, method: str, answer: object) -> AgentProtocolError:
    why = f"its answer to {method!r} is none: {shown(answer)}"
    return AgentProtocolError(client.settings.program, why)
