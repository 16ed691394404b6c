"""The small rooms of the control socket by themselves: JSON, the gate, a connection."""

from __future__ import annotations

import json
import logging
import math
import socket
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send
from trio.testing import MockClock

from supervision.control._endpoints.gate import Gate
from supervision.control._endpoints.words import answer, refusal, to_json
from supervision.control.connection import PATIENCE, QUIET, Connection

TEXTS = st.text(alphabet=st.characters())  # half characters, too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


def finite(value: Any) -> Any:  # any JSON
    """What is left of a value on the other side."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value.__class__ is list:
        return [finite(each) for each in value]
    if value.__class__ is dict:
        return {key: finite(each) for key, each in value.items()}
    return value


@given(VALUES)
def test_json_comes_back_as_it_was(value: object) -> None:
    """In one line, whatever is in it; numbers that JSON has not are null."""
    encoded = to_json(value)
    text = encoded.decode("utf-8")

    assert json.loads(encoded) == finite(value)
    assert text.splitlines() == [text]


@given(TEXTS)
def test_a_terminal_obeys_nothing_of_it(text: str) -> None:
    """Neither control characters nor those that turn the writing."""
    shown = to_json(text).decode("utf-8")

    for each in shown:
        code = ord(each)
        assert code >= 0x20
        assert not 0x7F <= code <= 0x9F
        assert not 0x202A <= code <= 0x202E


def test_letters_stay_readable() -> None:
    """Only what is dangerous is escaped."""
    assert to_json({"é": "日本\x1b\x9b\x7f"}) == (
        '{"é":"日本\\u001b\\u009b\\u007f"}'.encode()
    )
    assert to_json("\x7f") == b'"\\u007f"'


def test_an_answer_ends_its_line() -> None:
    """For who reads it in a terminal; a refusal is one with an error."""
    fine, wrong = answer({"a": math.inf}), refusal(409, "no", {"x": "y"})

    assert (fine.status_code, fine.body) == (200, b'{"a":null}\n')
    assert (wrong.status_code, wrong.body) == (409, b'{"error":"no"}\n')
    assert wrong.headers["x"] == "y"


# ---------------------------------------------------------------------------- the gate


def scope_of(cuts: list[str], **more: object) -> Scope:
    """What a request looks like to an application."""
    state = {"cut": lambda: cuts.append("cut")}
    scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": "GET"}
    return {**scope, "path": "/x", "state": state, "headers": [], **more}


def nothing() -> Receive:
    """A request without a body, whose client stays."""
    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        for message in messages:
            return message
        await trio.sleep_forever()
        raise AssertionError

    return receive


async def test_a_client_that_cannot_be_answered_is_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is cut, and nobody is told."""
    cuts: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def broken(message: Message) -> None:
        raise trio.BrokenResourceError(message)

    with caplog.at_level(logging.INFO):
        await Gate(app)(scope_of(cuts), nothing(), broken)

    assert cuts == ["cut"]
    assert caplog.records == []


async def test_a_fault_in_mid_answer_cuts_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """So that half an answer is not taken for a whole one."""
    cuts: list[str] = []
    sent: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await Gate(app)(scope_of(cuts), nothing(), send)

    assert cuts == ["cut"]
    assert sent == ["http.response.start"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    caplog.clear()


async def test_paths_are_given_as_they_were_sent() -> None:
    """Their parts are decoded where they are used."""
    paths: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        paths.append(scope["path"])

    async def send(message: Message) -> None:
        del message

    for raw in (b"/a%2Fb", b"http://host/c", b"http://host", b""):
        await Gate(app)(scope_of([], path="/plain", raw_path=raw), nothing(), send)

    assert paths == ["/a%2Fb", "/c", "/", "/plain"]


async def test_half_a_body_is_not_acted_on() -> None:
    """Its client left: the application never hears of it."""
    cuts: list[str] = []
    messages: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b"{}", "more_body": True},
    ]

    async def receive() -> Message:
        return messages.pop()

    async def never(*_: object) -> None:
        pytest.fail("it was called")

    await Gate(never)(scope_of(cuts, method="POST"), receive, never)

    assert cuts == ["cut"]


# ------------------------------------------------------------------------- a connection


def pair() -> tuple[Connection, trio.SocketStream]:
    """A connection, and its client's end."""
    ends = [trio.socket.from_stdlib_socket(end) for end in socket.socketpair()]
    ours, theirs = (trio.SocketStream(end) for end in ends)
    return Connection(ours), theirs


async def test_a_connection_without_a_request_ends(autojump_clock: MockClock) -> None:
    """Ten seconds after it began, or after its last one was answered."""
    del autojump_clock  # time is virtual
    connection, client = pair()
    began = trio.current_time()

    async with client:
        with connection.scope:
            with connection:
                with connection:
                    await trio.sleep(1000)
                await trio.sleep(1000)
            await trio.sleep_forever()
        lasted = trio.current_time() - began
        other, its_client = pair()
        async with its_client:
            with other.scope:
                await trio.sleep_forever()
            idle = trio.current_time() - began - lasted
            await other.aclose()
        await connection.aclose()

    assert lasted == pytest.approx(2000 + QUIET)
    assert idle == pytest.approx(QUIET)


async def test_closing_a_connection_ends_what_waits_for_it() -> None:
    """Whoever closes it."""
    connection, client = pair()
    async with client:
        with connection.scope:
            await connection.aclose()
            await trio.lowlevel.checkpoint()
            pytest.fail("it goes on")

    assert connection.scope.cancelled_caught


async def test_a_cut_breaks_through_a_shield(autojump_clock: MockClock) -> None:
    """Who sends behind one is told, and so is whoever sends afterwards."""
    del autojump_clock  # time is virtual
    connection, client = pair()
    errors: list[float] = []

    async def sender() -> None:
        with trio.CancelScope(shield=True):
            for _ in range(2):
                with pytest.raises(trio.BrokenResourceError):
                    await connection.send_all(bytes(10_000_000))
                errors.append(trio.current_time() - began)

    began = trio.current_time()
    async with client, trio.open_nursery() as nursery:
        nursery.start_soon(sender)
        await trio.sleep(PATIENCE / 2)
        connection.cut()
    await connection.aclose()

    assert errors == [PATIENCE / 2] * 2
