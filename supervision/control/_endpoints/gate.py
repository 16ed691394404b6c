"""What every request passes before it is answered.

A body is read whole before anybody looks at the request, so that a client that sends
half of one, or one without end, costs a few kilobytes for a few seconds.  A fault of
ours becomes an answer and a record of the log, never the end of the server.

Paths are not decoded here but where their parts are taken: `/sessions/a%2Fb/cancel` and
`/sessions/a/b/cancel` are told apart by nobody else.
"""

from __future__ import annotations

import re
from typing import Final

import trio
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.hosting import Whole
from supervision._log.safe import Log

from .words import refusal

BODY: Final = 64 * 1024
"""Bytes that a body may have."""
TAKEN: Final = 8 * 1024 * 1024
"""Bytes of a longer one that are read and thrown away, so that its sender listens when
it is told; then the connection is cut."""
WITHIN: Final = 10.0
"""Seconds that a body may take to arrive."""
LINGER: Final = 10.0
"""Seconds that an answer may take whose client seems to be gone."""

_CLOSE: Final = {"connection": "close"}
_ABSOLUTE: Final = re.compile(r"https?://[^/]*", re.IGNORECASE)

logger = Log("supervision.control")


class _RefusedError(Whole, Exception):
    """A request that nobody is to see."""

    def __init__(self, status: int, text: str, *, cut: bool) -> None:
        super().__init__(text)
        self.status = status
        self.cut = cut  # more of it may be on its way


class _LeftError(Whole, Exception):
    """The client went away before its request was whole."""


class Gate:
    """An ASGI application around another.

    `scope["state"]["cut"]`, if it is there, is called to end the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or say why not."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if not scope["http_version"].startswith("1."):
            text = "only HTTP/1.1 is spoken here"
            headers = None if scope["http_version"] == "2" else _CLOSE
            with trio.move_on_after(1) as patience:  # in HTTP/2 a client may say wait
                await refusal(505, text, headers)(scope, receive, send)
            if patience.cancelled_caught:
                _cut(scope)
            return
        try:
            body = await _body(receive)
        except _RefusedError as error:
            response = refusal(error.status, str(error), _CLOSE)
            if error.cut:
                await _last(response, scope, send)
            else:
                await response(scope, receive, send)
        except _LeftError:
            _cut(scope)  # half a request is none
        else:
            async with trio.open_nursery() as nursery:
                left = trio.Event()
                nursery.start_soon(_watch, receive, left, nursery.cancel_scope)
                await self._pass(scope, _replay(body, left), send)
                nursery.cancel_scope.cancel()

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = gone = False

        async def noting(message: Message) -> None:
            nonlocal begun, gone
            begun = True
            try:
                await send(message)
            except Exception:
                gone = True
                raise

        path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
        path = _ABSOLUTE.sub("", path, count=1) or "/"
        try:
            await self._app({**scope, "path": path}, receive, noting)
        except Exception as error:
            if gone:  # that is not our fault
                logger.debug("a client could not be answered: %r", error)
                _cut(scope)
                return
            # no path here: it is a stranger's text, of any length
            logger.exception("a request on the control socket failed")
            if begun:
                _cut(scope)
                return
            text = "the service failed to answer; its log says more"
            await refusal(500, text)(scope, receive, send)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    length = 0
    try:
        with trio.fail_after(WITHIN):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _LeftError
                part: bytes = message.get("body", b"")
                length += len(part)
                if length <= BODY:
                    parts.append(part)
                elif length > TAKEN:
                    raise _RefusedError(413, _too_long(), cut=True)
                else:
                    parts.clear()
                more = message.get("more_body", False)
    except trio.TooSlowError:
        text = f"the body did not arrive within {WITHIN:g} s"
        raise _RefusedError(408, text, cut=True) from None
    if length > BODY:
        raise _RefusedError(413, _too_long(), cut=False)
    return b"".join(parts)


def _too_long() -> str:
    return f"the body is too long: at most {BODY:,} bytes are read"


def _replay(body: bytes, left: trio.Event) -> Receive:
    """Give the body once, and then that the client is gone."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    return replay


async def _watch(receive: Receive, left: trio.Event, answer: trio.CancelScope) -> None:
    """Wait until the client is gone, and a while later for no answer to it.

    One that has only said its last may still listen.
    """
    while (await receive())["type"] != "http.disconnect":
        pass
    left.set()
    await trio.sleep(LINGER)
    answer.cancel()


async def _last(response: Response, scope: Scope, send: Send) -> None:
    """Answer, and cut the connection without waiting for the rest of the request."""

    async def unended(message: Message) -> None:
        await send({**message, "more_body": True})

    await response(scope, _never, unended)
    _cut(scope)


async def _never() -> Message:
    await trio.sleep_forever()
    raise AssertionError


def _cut(scope: Scope) -> None:
    cut = scope.get("state", {}).get("cut")
    if cut is not None:
        cut()
