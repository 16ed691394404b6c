"""The event stream of the control socket, and events as plain JSON."""

from __future__ import annotations

import enum
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    ActorRef,
    ActorStarted,
    ActorStopped,
    ActorSystem,
    AnyRef,
    CloseReason,
    Completed,
    Crashed,
    DeadLetter,
    DeadLetterReason,
    Event,
    Failed,
    Finished,
    Killed,
    PromptRefused,
    SessionClosed,
    Stopped,
    TurnStarted,
    open_system,
)
from actors.testing import start_probe
from supervision.control import encode_event
from supervision.control._endpoints import stream as event_stream
from supervision.service import View
from tests.control.client import Served, serving


class Follower:
    """Reads a stream of events as it comes."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._raw = b""
        self._text = b""

    async def line(self) -> bytes:
        """The next line of the body; empty at its end, too."""
        while b"\n" not in self._text:
            if not (chunk := await self._chunk()):
                return b""
            self._text += chunk
        line, _, self._text = self._text.partition(b"\n")
        return line

    async def _chunk(self) -> bytes:
        """The next of HTTP's chunks."""
        while True:
            head, found, rest = self._raw.partition(b"\r\n")
            if found and len(rest) >= int(head, 16) + 2:
                length = int(head, 16)
                self._raw = rest[length + 2 :]
                return rest[:length]
            more = await self._stream.receive_some()
            assert more, "cut off"
            self._raw += more

    async def item(self) -> Any:
        """The next item, in either framing."""
        line = b""
        while not line or line.startswith(b":"):
            line = await self.line()
        return json.loads(line.removeprefix(b"data: "))

    async def until(self, event: str) -> Any:
        """The next item of that name."""
        while (item := await self.item())["event"] != event:
            pass
        return item


@asynccontextmanager
async def following(
    served: Served, target: str, *headers: str
) -> AsyncGenerator[Follower]:
    """Open a stream of events; its head has been read."""
    async with await served.connect() as stream:
        lines = (f"GET {target} HTTP/1.1", "Host: x", *headers, "", "")
        await stream.send_all("\r\n".join(lines).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await stream.receive_some(1)
        assert head.startswith(b"HTTP/1.1 200")
        kind = b"application/x-ndjson" if headers else b"text/event-stream"
        assert b"content-type: " + kind in head.lower()
        yield Follower(stream)


LINES = "Accept: application/x-ndjson"


@pytest.mark.parametrize("headers", [(), (LINES,)])
async def test_what_happens_arrives_as_it_happens(
    headers: tuple[str, ...], tmp_path: Path
) -> None:
    """A hello with the clock first, then each event in its order."""
    async with (
        serving(tmp_path) as served,
        following(served, "/events", *headers) as follower,
    ):
        hello = await follower.item()
        receipt = served.router.send("alice", "hi")
        started = await follower.until("TurnStarted")
        ended = await follower.until("PromptEnded")

    assert (hello["event"], hello["service"], hello["kinds"]) == (
        "hello",
        "service",
        [],
    )
    assert hello["time"].endswith("+00:00")
    assert hello["at"] <= started["at"] <= ended["at"]
    assert (started["key"], started["actor"]) == ("alice", "/router")
    assert ended["prompt"] == receipt.id
    assert ended["outcome"]["kind"] == "Completed"
    assert ended["outcome"]["result"] == "HI"


async def test_kinds_choose(tmp_path: Path) -> None:
    """Only those named, several if wanted."""
    async with serving(tmp_path) as served:
        target = "/events?kind=TurnEnded&kind=PromptAccepted"
        async with following(served, target, LINES) as follower:
            hello = await follower.item()
            for key in "ab":
                await served.router.send(key, "hi").outcome()
            got = [(await follower.item())["event"] for _ in range(4)]

    assert hello["kinds"] == ["TurnEnded", "PromptAccepted"]
    assert got == ["PromptAccepted", "TurnEnded"] * 2


async def test_nobody_pays_when_nobody_listens(tmp_path: Path) -> None:
    """A client that goes away takes its subscription along, at once."""
    async with serving(tmp_path) as served:
        before = len(wanted(served.system))
        async with AsyncExitStack() as stack:
            for _ in range(3):
                opened = following(served, "/events", LINES)
                await stack.enter_async_context(opened)
            await settle()
            during = len(wanted(served.system))
        await settle()
        after = len(wanted(served.system))

    assert (before, after) == (0, 0)
    assert during > 0


def wanted(system: ActorSystem) -> frozenset[type[Event]]:
    """What kinds of events somebody listens to."""
    return system._hub.events.wanted


async def test_a_head_request_listens_to_nothing(tmp_path: Path) -> None:
    """It only asks whether it could."""
    async with serving(tmp_path) as served:
        answer = await served.ask("HEAD", "/events", LINES)
        after = wanted(served.system)

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert after == frozenset()


@pytest.mark.parametrize(("headers", "sign"), [((), b": keep-alive"), ((LINES,), b"")])
async def test_silence_is_broken_every_15_seconds(
    headers: tuple[str, ...], sign: bytes, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """By a comment, or an empty line: neither is an event."""
    del autojump_clock  # time is virtual
    async with (
        serving(tmp_path) as served,
        following(served, "/events", *headers) as follower,
    ):
        await follower.item()
        if not headers:
            await follower.line()  # the one that ends an item
        began = trio.current_time()
        first = await follower.line()
        lasted = trio.current_time() - began
        await served.router.send("alice", "hi").outcome()
        event = await follower.item()

    assert first == sign
    assert lasted == event_stream.KEEP_ALIVE
    assert event["actor"].startswith("/router")


async def test_a_reader_that_sleeps_holds_up_nobody(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """It loses the oldest, is told how many, and what it gets adds up."""
    del autojump_clock  # time is virtual
    prompts = 4_000
    async with (
        serving(tmp_path) as served,
        following(served, "/events?kind=PromptEnded", LINES) as follower,
    ):
        await settle()
        began = trio.current_time()
        for number in range(prompts):
            await served.router.send(f"{number % 10}", "hi").outcome()
        lasted = trio.current_time() - began
        await settle()

        got = dropped = 0
        last = 0
        while got + dropped < prompts:
            item = await follower.item()
            if item["event"] == "dropped":
                dropped += item["number"]
            elif item["event"] == "PromptEnded":
                got += 1
                assert item["prompt"] > last
                last = item["prompt"]

    assert lasted == 0  # nobody waited for it
    assert got + dropped == prompts
    assert dropped > 0
    assert got >= event_stream.CAPACITY


async def test_a_flood_is_sent_in_batches(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The first after a quiet time goes at once, what follows a moment later."""
    del autojump_clock  # time is virtual
    async with (
        serving(tmp_path) as served,
        following(served, "/events?kind=PromptEnded", LINES) as follower,
    ):
        await follower.item()
        times: list[float] = []
        for number in (1, 5, 5):
            began = trio.current_time()
            for _ in range(number):
                await served.router.send("alice", "hi").outcome()
            for _ in range(number):
                await follower.item()
            times.append(trio.current_time() - began)

    assert times == [
        0,
        pytest.approx(event_stream.PAUSE),
        pytest.approx(event_stream.PAUSE),
    ]


async def test_a_stream_ends_with_its_source(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Then it says so, and the response is whole."""
    del autojump_clock  # time is virtual
    sources: list[Any] = []

    class Ending(View):
        """A view whose subscriptions a test can end."""

        def subscribe(self, *args: Any, **options: Any) -> Any:
            sources.append(super().subscribe(*args, **options))
            return sources[-1]

    async with (
        serving(tmp_path, Ending) as served,
        following(served, "/events", LINES) as follower,
    ):
        await follower.item()
        sources[0].close()
        bye = await follower.item()
        end = await follower.line()

    assert bye["event"] == "bye"
    assert end == b""


# ------------------------------------------------------------------------ as plain JSON


class Colour(enum.Enum):
    """A user's enum."""

    RED = "#f00"


class Nasty:
    """A stranger's value."""

    def __repr__(self) -> str:
        msg = "no"
        raise RuntimeError(msg)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        # what `isinstance` asks
        msg = "never"
        raise RuntimeError(msg)


@attrs.frozen
class Custom(Event):
    """A user's event."""

    value: object


CASES: list[tuple[object, object]] = [
    (None, None),
    (True, True),
    (3, 3),
    (2.5, 2.5),
    ("é", "é"),
    (float("inf"), "inf"),
    (Colour.RED, "red"),
    (DeadLetterReason.STOPPED, "stopped"),
    (CloseReason.EVICTED, "evicted"),
    ((1, "a"), [1, "a"]),
    ({"a": (1,)}, {"a": [1]}),
    (b"raw", "b'raw'"),
    (Finished(), {"kind": "Finished"}),
    (Killed(), {"kind": "Killed"}),
    (Stopped("why"), {"kind": "Stopped", "reason": "why"}),
    (
        Crashed(ValueError("x")),
        {"kind": "Crashed", "error": "ValueError: x"},
    ),
    (
        Completed("r", turn=3, notes={"n": 1}),
        {
            "kind": "Completed",
            "turn": 3,
            "notes": {"n": 1},
            "late": False,
            "forgotten": False,
            "result": "r",
            "interrupted": None,
        },
    ),
    (
        Failed(error=KeyError("k"), turn=1),
        {
            "kind": "Failed",
            "turn": 1,
            "notes": {},
            "late": False,
            "forgotten": False,
            "partial": [],
            "dropped": 0,
            "error": "KeyError: 'k'",
            "attempts": 1,
        },
    ),
]


@pytest.mark.parametrize(("value", "plain"), CASES, ids=repr)
async def test_a_value_as_json(value: object, plain: object, system: AnyRef) -> None:
    """Each by its kind."""
    encoded = encode_event(Custom(1.5, system, value))

    assert encoded == {"event": "Custom", "at": 1.5, "actor": "/probe", "value": plain}


@pytest.fixture
async def system() -> AnyRef:
    """The ref of an actor."""
    async with open_system() as started:
        ref: ActorRef[Any] = start_probe(started, name="probe").ref
        await ref.wait_started()
    return ref


async def test_any_value_is_small_and_harms_nobody(system: AnyRef) -> None:
    """Whatever a stranger put there."""
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    endless: list[Any] = []
    endless.append(endless)
    values = ["x" * 10**6, 10**5000, Nasty(), [Nasty()], deep, endless, {1: {2: "x"}}]
    values += [
        list(range(10**5)),
        {n: n for n in range(10**5)},
        "\ud800",
        ("y" * 10**4,),
    ]
    values += [Aborted(Nasty()), Crashed(RuntimeError(Nasty())), float("nan")]

    for value in values:
        encoded = event_stream.as_line(encode_event(Custom(0.0, system, value)))
        assert json.loads(encoded)["event"] == "Custom"
        assert encoded.count(b"\n") == 1
        assert len(encoded) < 500_000


async def test_a_long_event_is_shortened(tmp_path: Path) -> None:
    """A message may hold half the program; its event does not."""
    async with serving(tmp_path) as served:
        probe = start_probe(served.system, name="probe")
        await probe.ref.wait_started()
        target = "/events?kind=MessageAccepted"
        async with following(served, target, LINES) as follower:
            await follower.item()
            probe.ref.tell_nowait(["x" * 2000] * 100)
            line = await follower.line()

    event = json.loads(line)
    assert len(line) < 1000
    assert (event["actor"], event["number"]) == ("/probe", 1)
    assert event["message"].startswith("['xxx")
    assert event["message"].endswith("...")


REF = object()
"""Stands for a ref, which needs a system."""

EVENTS: list[tuple[type[Event], tuple[object, ...], dict[str, object]]] = [
    (ActorStarted, (2,), {"incarnation": 2}),
    (
        ActorStopped,
        (Stopped(), 3),
        {"exit": {"kind": "Stopped", "reason": None}, "undelivered": 3},
    ),
    (
        DeadLetter,
        ("m", DeadLetterReason.NO_ROOM),
        {"message": "m", "reason": "no_room"},
    ),
    (
        SessionClosed,
        ("k", 1, CloseReason.CLOSED),
        {"key": "k", "generation": 1, "reason": "closed"},
    ),
    (
        TurnStarted,
        ("k", 7, (1, 2), False),
        {"key": "k", "turn": 7, "prompts": [1, 2], "aside": False},
    ),
    (
        PromptRefused,
        ("k", 1, REF, ValueError("full")),
        {"key": "k", "prompt": 1, "origin": "/probe", "error": "ValueError: full"},
    ),
]


@pytest.mark.parametrize(("cls", "values", "fields"), EVENTS)
async def test_our_events_as_json(
    cls: type[Event],
    values: tuple[object, ...],
    fields: dict[str, object],
    system: AnyRef,
) -> None:
    """The actor by its path, and each field by its name."""
    given = [system if value is REF else value for value in values]
    made = cls(0.0, system, *given)

    first = {"event": cls.__name__, "at": 0.0, "actor": "/probe"}
    assert encode_event(made) == {**first, **fields}
