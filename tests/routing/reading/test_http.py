"""Answers as server-sent events: statuses, ids, pings, disconnects, coming back.

The application is called as a server calls it (ASGI), without one.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    ActorError,
    ClosedToNewError,
    Completed,
    Journal,
    QuarantinedError,
    QueueFullError,
    RefusedError,
    Replay,
    SaturatedError,
    Session,
    SessionBusyError,
    StillRunningError,
    StreamGapError,
    StreamNotKeptError,
    StreamRestartedError,
    TenantLimitError,
    Turn,
    UnknownPromptError,
    WhileBusy,
    open_system,
)
from supervision import NoStoreError, PromptKeptError, RouterRef, start_router
from supervision.durable import (
    MemoryStore,
    PromptIdError,
    PromptTooLargeError,
    StoreAwayError,
    StorePolicy,
    StoreRefusedError,
)
from supervision.http import TurnResponse, http_error, last_event_id
from tests.routing.reading.test_readers import (
    Deed,
    Doer,
    Impatient,
    count_to,
    open_router,
)

REFUSE = WhileBusy.REFUSE
Handler = Callable[[Request], Any]


class Client:
    """A client of an application, and the server between them.

    Args:
        make: makes the response to its request.
        headers: of the request.
        breaks: after so many parts the connection is found broken.
    """

    def __init__(
        self,
        make: Callable[[Request], Response],
        *,
        breaks: float = math.inf,
        **headers: str,
    ) -> None:
        async def handle(request: Request) -> Response:
            return make(request)

        self.app = Starlette(routes=[Route("/", handle)])
        self.headers = headers
        self.breaks = breaks
        self.status = 0
        self.sent: dict[str, str] = {}
        self.parts: list[str] = []
        self.whole = False
        self.left = trio.Event()
        self._asked = False

    async def ask(self) -> Client:
        """Ask, and read to the end."""
        names = {name.replace("_", "-"): text for name, text in self.headers.items()}
        headers = [(n.encode(), text.encode()) for n, text in names.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "root_path": "",
            "headers": headers,
        }
        await self.app(scope, self.receive, self.send)
        return self

    async def receive(self) -> dict[str, Any]:
        """What comes from the client: its request, and that it has left."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Write down what it gets."""
        await trio.lowlevel.checkpoint()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            pairs = [(k.decode(), v.decode()) for k, v in message["headers"]]
            self.sent = dict(pairs)
            return
        if len(self.parts) >= self.breaks:
            raise BrokenPipeError
        self.whole = not message.get("more_body", False)
        if message["body"]:
            self.parts.append(message["body"].decode())

    @property
    def events(self) -> list[tuple[str, str, Any]]:
        """`(id, name, data)` of the events so far; comments are left out."""
        found: list[tuple[str, str, Any]] = []
        for block in "".join(self.parts).split("\n\n"):
            fields: dict[str, list[str]] = {}
            for line in block.splitlines():
                name, _, text = line.partition(": ")
                fields.setdefault(name, []).append(text)
            if "data" in fields:
                data = json.loads("\n".join(fields["data"]))
                name = "".join(fields.get("event", ()))
                found.append(("".join(fields.get("id", ())), name, data))
        return found


def open_turn(router: RouterRef[Deed, int], deed: Deed, **options: Any) -> Handler:
    """A handler that begins a turn."""
    return lambda _: TurnResponse(router.open_turn("k", deed, **options))


def reopen_turn(router: RouterRef[Deed, int], id_: str) -> Handler:
    """A handler that reads one again."""
    return lambda request: TurnResponse(
        router.reopen_turn("k", id_, after=last_event_id(request))
    )


async def test_an_answer_is_a_stream_of_numbered_events() -> None:
    """Each chunk one, then the end; nothing may store it, or hold it back."""
    done: list[str] = []
    async with open_router() as router:
        client = await Client(
            lambda _: TurnResponse(
                router.open_turn("k", count_to(3)),
                retry=1.5,
                background=BackgroundTask(done.append, "done"),
            )
        ).ask()

    turn = client.events[-1][2]["turn"]
    assert client.status == 200
    assert client.sent["content-type"] == "text/event-stream; charset=utf-8"
    assert client.sent["cache-control"] == "no-cache"
    assert "content-length" not in client.sent
    assert client.parts[0] == "retry: 1500\n\n"
    assert client.events == [
        ("1", "", 1),
        ("2", "", 2),
        ("3", "", 3),
        ("end", "end", {"outcome": "Completed", "turn": turn}),
    ]
    assert client.whole
    assert done == ["done"]


async def test_lines_of_text_stay_lines() -> None:
    """A chunk with line ends is one event; an empty one is an event too."""

    async def speak(turn: Turn[Any, int]) -> None:
        await turn.emit(1)
        await turn.emit(2)

    texts = {1: "one\ntwo\r\nthree", 2: ""}
    async with open_router() as router:
        client = await Client(
            lambda _: TurnResponse(
                router.open_turn("k", speak), encode=texts.__getitem__
            )
        ).ask()

    assert client.parts[0] == "id: 1\ndata: one\ndata: two\ndata: three\n\n"
    assert client.parts[1] == "id: 2\ndata: \n\n"


@attrs.frozen
class Said:
    """A chunk of attrs."""

    text: str
    by: list[str]


@dataclasses.dataclass
class Seen:
    """One of the standard library."""

    number: int


async def test_an_object_is_sent_as_its_fields() -> None:
    """Of attrs and of dataclasses, also within others; anything else is refused."""
    chunks: list[Any] = [Said("hi", ["ann"]), {"at": [Seen(3)]}, object()]

    async def speak(turn: Turn[Any, Any]) -> None:
        for chunk in chunks:
            await turn.emit(chunk)

    async with open_router() as router:
        client = Client(lambda _: TurnResponse(router.open_turn("k", speak)))
        with pytest.raises(TypeError, match=r"no object: say how .*encode="):
            await client.ask()

    assert client.parts[0] == 'id: 1\ndata: {"text": "hi", "by": ["ann"]}\n\n'
    assert client.parts[1] == 'id: 2\ndata: {"at": [{"number": 3}]}\n\n'


async def test_a_client_comes_back_with_the_last_event_id() -> None:
    """It goes on behind it; who has had the end is told to stop."""
    door = trio.Event()
    async with open_router() as router:
        first = Client(open_turn(router, count_to(4, door, 3), id="m", stream=Replay()))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(first.ask)
            await settle()
            first.left.set()
        assert [id_ for id_, _, _ in first.events] == ["1", "2"]
        assert not first.whole
        door.set()
        handler = reopen_turn(router, "m")
        again = await Client(handler, last_event_id="2").ask()
        stopped = await Client(handler, last_event_id="end").ask()

    assert [id_ for id_, _, _ in again.events] == ["3", "4", "end"]
    assert (stopped.status, stopped.parts) == (204, [])


@pytest.mark.parametrize(
    ("given", "status"),
    [("x", 400), ("-1", 400), ("1.5", 400), ("٣", 400), ("9" * 30, 400), ("7", 410)],
)
async def test_a_last_event_id_that_is_none_is_refused(given: str, status: int) -> None:
    """No number; or one that no chunk has, with what there is in words."""
    async with open_router() as router:
        await router.send("k", count_to(3), id="m", stream=Replay()).outcome()
        client = await Client(reopen_turn(router, "m"), last_event_id=given).ask()

    assert client.status == status
    if status == 410:
        assert "chunks 1 to 3 are there" in client.parts[0]


async def test_an_answer_that_was_never_kept_does_not_look_whole() -> None:
    """A conflict while it runs; afterwards its outcome, and that the words are gone."""
    door = trio.Event()
    async with open_router() as router:
        receipt = router.send("k", count_to(3, door, 2), id="m")
        running = await Client(reopen_turn(router, "m")).ask()
        door.set()
        await receipt.outcome()
        client = await Client(reopen_turn(router, "m")).ask()

    assert running.status == 409
    assert client.status == 200
    assert [name for _, name, _ in client.events] == ["gone", "end"]
    assert client.whole


async def test_a_refusal_has_its_status_before_a_stream_begins() -> None:
    """And its words, and when to try again."""
    async with open_router() as router:
        router.stop_admission()
        refused = await Client(open_turn(router, count_to(1))).ask()
        unknown = await Client(reopen_turn(router, "m")).ask()

    assert (refused.status, unknown.status) == (503, 404)
    assert refused.sent["retry-after"] == "1"
    assert "shutting down" in refused.parts[0]


async def test_a_busy_session_is_a_conflict_before_a_stream_begins() -> None:
    """With the refusal as cause, for an application that answers otherwise."""

    async def teapot(request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error.__cause__, SessionBusyError)
        return Response(status_code=418)

    async with open_router() as router:
        running = router.send("k", count_to(1, trio.Event(), 1))
        clients = [
            Client(
                lambda _: TurnResponse(router.open_turn("k", count_to(1), busy=REFUSE))
            )
            for _ in range(2)
        ]
        clients[1].app.add_exception_handler(HTTPException, teapot)
        told, other = [await client.ask() for client in clients]
        router.cancel("k")
        await running.outcome()

    assert (told.status, other.status) == (409, 418)
    assert "retry-after" not in told.sent


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QueueFullError("k", 3, 3, "prompts"), 429),
        (TenantLimitError("k", "me", 3), 429),
        (StillRunningError("k", "job"), 409),
        (SessionBusyError("k", 1), 409),
        (PromptTooLargeError("k", 9, 8), 413),
        (PromptIdError("k", "~m", "~"), 422),
        (StoreRefusedError("k", "too large"), 422),
        (SaturatedError("k", 3), 503),
        (QuarantinedError("k"), 503),
        (ClosedToNewError("k"), 503),
        (StoreAwayError("it stands still"), 503),
        (PromptKeptError("k", 1, certain=False), 503),
        (UnknownPromptError("k", "m"), 404),
        (StreamNotKeptError("k", "m"), 409),
        (StreamGapError(1, 3, 4), 410),
        (StreamRestartedError(2, 3), 410),
    ],
)
def test_each_refusal_has_a_status(error: ActorError, status: int) -> None:
    """What may be tried again says when."""
    told = http_error(error)

    assert (told.status_code, told.detail) == (status, str(error))
    assert ("retry-after" in (told.headers or {})) == (status in {429, 503})


def test_what_is_no_refusal_has_none() -> None:
    """It is a fault, and the server says so."""
    with pytest.raises(TypeError, match="refusal"):
        http_error(ActorError())


async def test_a_fault_stays_what_it_is() -> None:
    """Not hidden behind a complaint about it."""
    async with open_router() as router:
        client = Client(open_turn(router, count_to(1), stream=Journal()))
        with pytest.raises(NoStoreError):
            await client.ask()


@pytest.mark.parametrize("how", ["disconnects", "breaks"])
@pytest.mark.parametrize("stays", [False, True])
async def test_who_goes_away_leaves_the_block(how: str, *, stays: bool) -> None:
    """The turn is aborted, or goes on."""
    door = trio.Event()
    options: dict[str, Any] = {"stream": Replay()} if stays else {}
    breaks = 1 if how == "breaks" else math.inf
    async with open_router() as router:
        handler = open_turn(router, count_to(3, door, 3), id="m", **options)
        client = Client(handler, breaks=breaks)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.ask)
            await settle()
            client.left.set()
        receipt = router.send("k", count_to(1), id="m")
        door.set()
        outcome = await receipt.outcome()

    assert isinstance(outcome, Completed if stays else Aborted)
    assert not client.whole


async def test_a_quiet_connection_is_kept(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """By comments: while the prompt waits, and while the turn is silent."""
    del autojump_clock

    async def think(turn: Turn[Any, int]) -> None:
        await turn.emit(1)
        await trio.sleep(40)
        await turn.emit(2)

    async with open_router() as router:
        router.send("k", think)
        client = await Client(open_turn(router, think)).ask()

    assert [event[:2] for event in client.events] == [
        ("", "waiting"),
        ("", "begun"),
        ("1", ""),
        ("2", ""),
        ("end", "end"),
    ]
    pings = [part == ": ping\n\n" for part in client.parts]
    assert pings == [False, True, True, False, False, True, True, False, False]


async def test_what_is_missing_is_an_event(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A slow client was let go; then it gets what there is."""
    del autojump_clock
    async with open_router(Impatient) as router:
        client = Client(open_turn(router, count_to(9), stream=Replay(chunks=2)))
        send, slow = client.send, True

        async def send_slowly(message: Any) -> None:
            nonlocal slow
            await send(message)
            if slow and b"id: 1\n" in message.get("body", b""):
                slow = False
                await trio.sleep(30)

        client.send = send_slowly  # type: ignore[method-assign]
        await client.ask()

    assert client.events[1] == ("", "gap", {"after": 1, "first": 8, "last": 9})
    assert [id_ for id_, _, _ in client.events[2:]] == ["8", "9", "end"]


async def test_a_turn_that_is_tried_again_is_an_event() -> None:
    """What was sent before does not count."""
    tries: list[object] = []

    class Fragile(Doer):
        """Its first try crashes the session."""

        async def take_turn(self, turn: Turn[Deed, int]) -> object:
            tries.append(self)
            await turn.emit(len(tries))
            if len(tries) == 1:
                await door.wait()
                self.start_soon(self.crash)
                await trio.sleep_forever()
            return "done"

        async def crash(self) -> None:
            await trio.lowlevel.checkpoint()
            raise RuntimeError

    door = trio.Event()
    async with open_router(Fragile) as router:
        router.send("k", count_to(1), id="m", attempts=2, stream=Replay())
        client = Client(reopen_turn(router, "m"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.ask)
            await settle()
            door.set()

    assert [event[:2] for event in client.events[-4:]] == [
        ("1", ""),
        ("", "restart"),
        ("2", ""),
        ("end", "end"),
    ]
    assert client.events[-3][2] == {"attempt": 2, "first": 2}


async def test_an_answer_that_is_not_complete_says_how_it_ended() -> None:
    """The name of the outcome; nothing of the error."""

    async def fail(turn: Turn[Any, int]) -> None:
        await turn.emit(1)
        raise ValueError("secret")

    async with open_router() as router:
        client = await Client(open_turn(router, fail)).ask()

    assert client.events[-1][2]["outcome"] == "Failed"
    assert "secret" not in "".join(client.parts)


async def test_a_chunk_that_cannot_be_encoded_is_the_handlers_fault() -> None:
    """It is raised alone, and the turn is aborted."""

    def encode(chunk: int) -> str:
        raise ArithmeticError(chunk)

    async with open_router() as router:
        client = Client(
            lambda _: TurnResponse(
                router.open_turn("k", count_to(100), id="m"), encode=encode
            )
        )
        with pytest.raises(ArithmeticError):
            await client.ask()
        ended = router.send("k", count_to(1), id="m").ended
    assert isinstance(ended, Aborted)


async def test_what_is_raised_when_a_stream_has_begun_is_no_refusal() -> None:
    """It has no status any more: the server hears of it."""

    @asynccontextmanager
    async def fail_at_last(router: RouterRef[Deed, int]) -> AsyncGenerator[Any]:
        async with router.open_turn("k", count_to(1)) as answer:
            yield answer
        raise UnknownPromptError("k", "m")

    async with open_router() as router:
        client = Client(lambda _: TurnResponse(fail_at_last(router)))
        with pytest.raises(UnknownPromptError):
            await client.ask()
    assert client.status == 200


@pytest.mark.parametrize("options", [{"ping": 0}, {"ping": "1"}, {"retry": -1}])
async def test_times_that_are_none_are_refused(options: dict[str, Any]) -> None:
    """When the response is made."""
    async with open_router() as router:
        with pytest.raises((TypeError, ValueError)):
            TurnResponse(router.open_turn("k", count_to(1)), **options)


class Echo(Session[str, str]):
    """Says what it is told."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        await turn.emit(turn.prompt)


async def test_a_prompt_that_no_store_keeps_is_refused() -> None:
    """Too large is 413, an id of its own 422: refusals as others, and ValueErrors."""
    store = MemoryStore(policy=StorePolicy(prompt_bytes=40))
    async with open_system() as system:
        router = start_router(system, Echo, durable=store)
        large = "x" * 50
        with pytest.raises(RefusedError, match=r"at most 40 bytes .* got 5") as caught:
            router.send("k", large)
        with pytest.raises(PromptTooLargeError):
            await router.accept("k", large)
        client = await Client(
            lambda _: TurnResponse(router.open_turn("k", large))
        ).ask()
        with pytest.raises(PromptIdError, match="must not begin with '~', got '~m'"):
            router.send("k", "x", id="~m")
        after = await Client(lambda _: TurnResponse(router.open_turn("k", "x"))).ask()
        refused = router.statistics().refused

    assert isinstance(caught.value, ValueError)
    assert (client.status, after.status) == (413, 200)
    assert "retry-after" not in client.sent
    assert "".join(client.parts) == str(caught.value)
    assert refused == {"PromptTooLargeError": 3, "PromptIdError": 1}
