"""Events to a client, as long as it listens: the answer to `GET /events`.

Events wait in their `Subscription`, a bounded ring: a client that reads slowly loses
the oldest ones and is told how many, and nobody waits for it.  They go out in batches,
at most one each tenth of a second, so that a service that is busy stays so; after a
quiet time the first goes at once.  The subscription ends with the request, whoever ends
that: the client, the service, or a cancellation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actors import Event, Subscription

from .encode import encode_event, shortened
from .words import to_json

CAPACITY: Final = 1024
"""Events that wait for a client; then the oldest goes."""
AT_ONCE: Final = 64
"""Events that are encoded between two checkpoints."""
KEEP_ALIVE: Final = 15.0
"""Seconds of silence after which there is a sign of life."""
LONGEST: Final = 16 * 1024
"""Bytes of an event; one with more is shortened."""
PAUSE: Final = 0.1
"""Seconds between two batches."""
LINES: Final = "application/x-ndjson"
SSE: Final = "text/event-stream"

Framing = Callable[[dict[str, Any]], bytes]


def as_line(item: dict[str, Any]) -> bytes:
    """An item as a line of JSON."""
    return to_json(item) + b"\n"


def as_sse(item: dict[str, Any]) -> bytes:
    """An item as a Server-Sent Event; the name of its type is `message`, for all."""
    return b"data: " + to_json(item) + b"\n\n"


class EventStream(Response):
    """Events in a response that ends when their source does, or the client leaves.

    The first item is `{"event": "hello", ...}`, the last `{"event": "bye"}` if the
    source ended; `{"event": "dropped", "number": n}` stands where n are missing.

    Args:
        subscribe: begins to listen; called when the response is sent.
        facts: what `hello` says besides.
        live: has it while it runs.
        lines: JSON lines instead of Server-Sent Events.
    """

    def __init__(
        self,
        subscribe: Callable[[], Subscription[Event]],
        facts: dict[str, Any],
        live: set[EventStream],
        *,
        lines: bool,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self._subscribe = subscribe
        self._facts = facts
        self._live = live
        self._frame: Framing = as_line if lines else as_sse
        self._alive = b"\n" if lines else b": keep-alive\n\n"
        kind = LINES if lines else SSE
        self.raw_headers = [
            (b"content-type", kind.encode()),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        start = {"type": "http.response.start", "status": 200}
        if scope["method"] == "HEAD":
            await send({**start, "headers": self.raw_headers})
            await send({"type": "http.response.body"})
            return
        self._live.add(self)
        try:
            with self._subscribe() as subscription:
                await send({**start, "headers": self.raw_headers})
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_gone, receive, nursery.cancel_scope)
                    await self._send(subscription, send)
                    nursery.cancel_scope.cancel()
        finally:
            self._live.discard(self)

    async def _send(self, subscription: Subscription[Event], send: Send) -> None:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        hello = {"event": "hello", "at": trio.current_time(), "time": now}
        await _put(send, self._frame({**hello, **self._facts}))
        dropped = 0
        while True:
            first = None
            with trio.move_on_after(KEEP_ALIVE):
                try:
                    first = await subscription.receive()
                except trio.EndOfChannel:
                    break
            if first is None:
                await _put(send, self._alive)
                continue
            batch = [self._event(first)]
            rest = subscription.drain()
            if (missing := subscription.dropped - dropped) > 0:
                dropped += missing
                batch.insert(0, self._frame({"event": "dropped", "number": missing}))
            batch += await self._encoded(rest)
            await _put(send, b"".join(batch))
            await trio.sleep(PAUSE)
        await _put(send, self._frame({"event": "bye", "at": trio.current_time()}))
        await send({"type": "http.response.body"})

    def _event(self, event: Event) -> bytes:
        said = encode_event(event)
        framed = self._frame(said)
        return framed if len(framed) <= LONGEST else self._frame(shortened(said))

    async def _encoded(self, events: Sequence[Event]) -> list[bytes]:
        found: list[bytes] = []
        for number, event in enumerate(events, 1):
            found.append(self._event(event))
            if number % AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
        return found


async def _put(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})


async def _gone(receive: Receive, scope: trio.CancelScope) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
