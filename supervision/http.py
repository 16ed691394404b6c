"""Answers over HTTP: a turn as a stream of server-sent events, for Starlette on Trio.

For web applications; needs `trio-actors[http]`.  `TurnResponse` takes what `open_turn`
or `reopen_turn` gives and opens it when it is sent: what is refused has its status
then, before a stream has begun.  It knows no routes, and nothing of who may ask.

    POST /talk/ann        TurnResponse(router.open_turn("ann", text, id=..., ...))
    GET  /talk/ann/ID     TurnResponse(router.reopen_turn("ann", id, after=...))

Events: each chunk is one, without a name, with its number as its id; `waiting` and
`begun` (of a prompt that waits for its turn), `gap` and `restart` (the errors
`StreamGapError`, `StreamRestartedError`), `gone` (`UnknownPromptError`,
`StreamNotKeptError`: what there was to read is not kept, or never was) and `end` have
JSON objects as data.

A stream without `end` is not over: its client comes back with the last id that it had.
So it is when the connection breaks, and when the router ends and a store keeps the
prompt.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Generic, TypeVar

import trio
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actors import (
    ActorError,
    BadInputError,
    Outcome,
    QueueFullError,
    RefusedError,
    SessionBusyError,
    StillRunningError,
    StreamGapError,
    StreamNotKeptError,
    StreamRestartedError,
    TenantLimitError,
    TurnNotCompletedError,
    UnknownPromptError,
)
from actors.hosting import is_plain, plainer, seconds

from ._routing.errors import (
    PromptKeptError,
    PromptTooLargeError,
    StoreAwayError,
    StoreRefusedError,
)
from ._routing.stream import TurnStream

C = TypeVar("C")

_SOON: Final = 0.1  # seconds within which a turn begins of which nobody says it waits
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_END: Final = "end"  # the id of the last event
_OURS: Final = ("outcome", "turn")  # in its data
_MAPPING: Final[Any] = Mapping  # else a checker would know half of its type
_STATUS: Final[tuple[tuple[type[ActorError], int], ...]] = (
    (QueueFullError, 429),
    (TenantLimitError, 429),
    (StillRunningError, 409),
    (SessionBusyError, 409),
    (PromptTooLargeError, 413),
    (BadInputError, 422),
    (StoreRefusedError, 422),
    (RefusedError, 503),  # all others: not now
    (StoreAwayError, 503),
    (PromptKeptError, 503),
    (UnknownPromptError, 404),
    (StreamNotKeptError, 409),
    (StreamGapError, 410),
    (StreamRestartedError, 410),
)
_AWAY: Final = (PromptKeptError, StoreAwayError)  # another router goes on with it
_LAST: Final = {"type": "http.response.body", "body": b"", "more_body": False}
_HEADERS: Final = {"cache-control": "no-cache", "x-accel-buffering": "no"}
_RETRY_AFTER: Final = {429: {"retry-after": "1"}, 503: {"retry-after": "1"}}


def http_error(error: ActorError) -> HTTPException:
    """Make what a client is told who is refused, to be raised from the error.

    429: `QueueFullError`, `TenantLimitError`; 409: `StillRunningError`,
    `SessionBusyError`; 413: `PromptTooLargeError`; 422: `BadInputError`,
    `StoreRefusedError`; 503: any other `RefusedError`, `StoreAwayError`,
    `PromptKeptError`; 429 and 503 have a `Retry-After`.
    404: `UnknownPromptError`; 409: `StreamNotKeptError`; 410: `StreamGapError`,
    `StreamRestartedError`.  The detail is the error in words.

    Raises:
        TypeError: it is none of these, and not the client's to know: a fault of the
            service, or how a turn has failed.
    """
    status = _status_of(error)
    if status is None:
        msg = f"http_error() takes a refusal of a router, got {error!r}"
        raise TypeError(msg)
    return HTTPException(status, str(error), _RETRY_AFTER.get(status))


def last_event_id(request: Request) -> int:
    """The number behind which a client wants to read: its `Last-Event-ID`; 0: none.

    Raises:
        HTTPException: 400, it is no number; 204, it has had the end, and whoever
            reconnects by itself, as an `EventSource` does, is to stop.
    """
    given = request.headers.get("last-event-id", "")
    if given == _END:
        raise HTTPException(204)
    if not given:
        return 0
    if not (given.isascii() and given.isdigit() and len(given) < 20):  # noqa: PLR2004
        raise HTTPException(400, "Last-Event-ID must be the number of a chunk")
    return int(given)


class TurnResponse(Response, Generic[C]):
    """An answer as server-sent events, while it is given.

    A client that disconnects leaves the block of the turn: that aborts the turn, or
    does not, as `open_turn(leave=...)` says.  A slow client holds up the turn as a slow
    reader does, within `TurnPolicy.reader_limit`.

    Args:
        turn: what `RouterRef.open_turn` or `reopen_turn` gives; it is opened when the
            response is sent, once.
        encode: a chunk as text.  Default: JSON, with objects of attrs, dataclasses and
            pydantic as their fields, enums as their values; anything else, NaN too,
            raises TypeError then, and breaks the stream.
        ping: seconds after which a comment is sent if there is nothing else, so that
            proxies keep the connection.  Default 15.
        retry: seconds after which a browser is to reconnect; default: as it likes.
        end: what else the last event says: a function from the outcome to a dict, such
            as `{"result": outcome.result}` of a `Completed`.  Written as chunks are
            without `encode`.  Default: nothing but "outcome", its class, and "turn".
        background: as of any response of Starlette.

    Raises:
        HTTPException: when it is sent and the turn is refused: see `http_error`.  The
            refusal is its `__cause__`, for an application that answers otherwise.
        RuntimeError: when it is sent by a server that does not run on Trio.
        TypeError, ValueError: a time that is none, a `turn`, `encode` or `end` that is
            something else; when it is sent: `encode` has made no text, `end` no dict,
            or one with "outcome" or "turn" in it.
    """

    def __init__(
        self,
        turn: AbstractAsyncContextManager[TurnStream[Any, C]],
        *,
        encode: Callable[[C], str] | None = None,
        ping: float = 15.0,
        retry: float | None = None,
        end: Callable[[Outcome], Mapping[str, object]] | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        seconds("ping", ping)
        if retry is not None:
            seconds("retry", retry)
            if math.isinf(retry):
                msg = f"retry must be a finite number of seconds, got {retry}"
                raise ValueError(msg)
        if not hasattr(type(turn), "__aenter__"):
            msg = "turn must be what open_turn() or reopen_turn() of a router gives,"
            msg = f"{msg} got {turn!r:.200}"
            raise TypeError(msg)
        if encode is not None and not is_plain(encode):
            msg = "encode must be a function from a chunk to its text, not async,"
            msg = f"{msg} got {encode!r}"
            raise TypeError(msg)
        if end is not None and not is_plain(end):
            msg = "end must be a function from an outcome to a dict, not async,"
            msg = f"{msg} got {end!r}"
            raise TypeError(msg)
        super().__init__(
            headers=_HEADERS, media_type="text/event-stream", background=background
        )
        del self.headers["content-length"]
        self._turn = turn
        self._encode: Callable[[C], str] = encode or _as_json
        self._ping = ping
        self._retry = retry
        self._more = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it: ASGI."""
        del scope
        if not trio.lowlevel.in_trio_run():
            msg = (
                "a TurnResponse is sent by a server on Trio, such as hypercorn.trio;"
                " with one on asyncio, as uvicorn, take AsyncRouter: supervision.bridge"
            )
            raise RuntimeError(msg)
        opened = False
        failure: Exception | None = None
        try:
            async with self._turn as stream:
                opened = True
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_until_left, receive, nursery.cancel_scope)
                    try:
                        await self._send_all(stream, send)
                    except OSError:
                        pass  # the client has left, and this server says it so
                    except _AWAY:
                        await send(_LAST)  # without `end`: it comes back
                    except Exception as error:  # noqa: BLE001 - raised below, alone
                        failure = error
                    nursery.cancel_scope.cancel()
        except ActorError as error:
            if opened or _status_of(error) is None:
                raise
            raise http_error(error) from error
        if failure is not None:
            raise failure
        if self.background is not None:
            await self.background()

    async def _send_all(self, stream: TurnStream[Any, C], send: Send) -> None:
        start = {"type": "http.response.start", "status": 200}
        await send({**start, "headers": self.raw_headers})

        async def say(text: str) -> None:
            body = text.encode("utf-8", "replace")  # half an emoji is a ?
            await send({"type": "http.response.body", "body": body, "more_body": True})

        if self._retry is not None:
            await say(f"retry: {int(self._retry * 1000)}\n\n")
        if not await _begun(stream, _SOON):
            await say(_event("waiting"))
            while not await _begun(stream, self._ping):
                await say(": ping\n\n")
            await say(_event("begun"))
        over = False
        while not over:
            text = ": ping\n\n"
            with trio.move_on_after(self._ping):
                text, over = await self._next(stream)
            await say(text)
        await send(_LAST)

    async def _next(self, stream: TurnStream[Any, C]) -> tuple[str, bool]:
        """The next event, and whether it is the last one."""
        try:
            chunk = await anext(stream)
        except StreamGapError as gap:
            data: dict[str, object] = {"after": gap.after, "first": gap.first}
            return _event("gap", {**data, "last": gap.last}), False
        except StreamRestartedError as again:
            data = {"attempt": again.attempt, "first": again.first}
            return _event("restart", data), False
        except (UnknownPromptError, StreamNotKeptError):
            outcome = await stream.outcome()
            return _event("gone") + self._end(outcome), True
        except (StopAsyncIteration, TurnNotCompletedError):
            outcome = await stream.outcome()
            return self._end(outcome), True
        text: object = self._encode(chunk)
        if not isinstance(text, str):
            if isinstance(text, Coroutine):
                text.close()
            msg = f"encode must make a str of each chunk, and has made {text!r:.200}"
            raise TypeError(msg)
        # these are the ends of lines there, and no others; one more is the text's last
        said = "".join(f"data: {line}\n" for line in _LINE_END.split(text))
        return f"id: {stream.number}\n{said}\n", False

    def _end(self, outcome: Outcome) -> str:
        said: dict[str, object] = {}
        if self._more is not None:
            more: Any = self._more(outcome)  # Any: whatever a user's function gives
            if not isinstance(more, _MAPPING) or more.keys() & set(_OURS):
                if isinstance(more, Coroutine):
                    more.close()
                msg = (
                    f"end must make a dict without {' or '.join(_OURS)} of an outcome,"
                )
                msg = f"{msg} and has made {more!r:.200}"
                raise TypeError(msg)
            said = dict(more)
        kind = type(outcome).__name__
        text = _as_json({"outcome": kind, "turn": outcome.turn, **said}, "end")
        return f"id: {_END}\nevent: end\ndata: {text}\n\n"


def _as_json(value: object, what: str = "encode") -> str:
    """Write JSON.  Raises TypeError: it cannot be; `what=` could make it so."""
    how = f"say how it is written, TurnResponse({what}=)"
    try:
        return json.dumps(value, default=lambda it: plainer(it, how), allow_nan=False)
    except ValueError as error:
        msg = f"JSON has not what this has: {error}; {how}"
        raise TypeError(msg) from error


def _event(name: str, data: dict[str, object] | None = None) -> str:
    return f"event: {name}\ndata: {json.dumps(data or {})}\n\n"


def _status_of(error: ActorError) -> int | None:
    """What a client is told with this; None: it is a fault of the server."""
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return None


async def _begun(stream: TurnStream[Any, Any], within: float) -> bool:
    """Wait for the turn to begin, but not for longer than this."""
    with trio.move_on_after(within):
        await stream.wait_begun()
        return True
    return False


async def _until_left(receive: Receive, scope: trio.CancelScope) -> None:
    """Cancel what is sent when the client disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
