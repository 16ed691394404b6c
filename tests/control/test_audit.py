"""Whatever is done through the control socket leaves a line: who, what, the answer."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
import trio
from starlette.requests import Request
from starlette.responses import Response

from supervision.control._endpoints.audit import audited
from supervision.control.connection import Connection
from tests.control.client import Served, serving

NO_SERVICE = "this system is not run as a service: leave its block to stop it"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the audit says."""
    caplog.set_level(logging.INFO, "supervision.audit")
    return caplog


def told(log: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Its records."""
    return [each for each in log.records if each.name == "supervision.audit"]


async def do_all(served: Served) -> None:
    """Do one of each, most of which is refused."""
    for target, body in (
        ("/sessions/k%1B%2Fx/close", {"reason": "be\x1bcause"}),
        ("/turns/9/abort", b""),
        ("/actors/nobody/restart", b""),
        ("/limits", {"turns": 4}),
        ("/limits?turns=x", b""),
        ("/stop", b""),
    ):
        await served.post(target, body)


async def test_each_verb_leaves_a_line(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    """With the user and the process at the other end; looking leaves none."""
    async with serving(tmp_path) as served:
        for target in ("/", "/sessions", "/limits", "/tree", "/stack?path=/"):
            await served.get(target)
        assert told(log) == []
        await do_all(served)

    who = f"by user {os.geteuid()}, process {os.getpid()}"
    records = told(log)
    assert [each.levelname for each in records] == ["INFO"] * 6
    assert [each.getMessage() for each in records] == [
        f"close k\\x1b/x {who}: refused: no router knows the session 'k\\x1b/x'",
        f"abort 9 {who}: refused: no turn 9 runs",
        f"restart nobody {who}: refused: there is no actor '/nobody'",
        f"limits {who}: /router has turns 4",
        f"limits {who}: refused: turns must be a whole number from 1 on, got 'x'",
        f"stop {who}: refused: {NO_SERVICE}",
    ]
    assert all(each.getMessage().isprintable() for each in records)
    fields: list[dict[str, Any]] = [vars(each) for each in records]
    assert [each["done"] for each in fields] == [
        False,
        False,
        False,
        True,
        False,
        False,
    ]
    assert [each["verb"] for each in fields[:3]] == ["close", "abort", "restart"]
    assert {(each["uid"], each["pid"]) for each in fields} == {
        (os.geteuid(), os.getpid())
    }
    assert fields[0]["words"] == '{"reason": "be\\u001bcause"}'
    assert fields[4]["words"] == "turns=x"


async def test_a_verb_that_is_not_answered_leaves_a_line_too(
    log: pytest.LogCaptureFixture,
) -> None:
    """Its asker has left, say: it was asked for, and may be done all the same."""

    async def endpoint(request: Request) -> Response:
        del request
        await trio.sleep_forever()
        raise AssertionError

    request = Request({"type": "http", "path_params": {"path": "a/b"}})
    with trio.move_on_after(0):
        await audited("stop", endpoint)(request)

    (record,) = told(log)
    assert record.getMessage() == (
        "stop a/b by user ?, process ?: refused: not answered: Cancelled"
    )


async def test_only_a_unix_socket_says_who_is_there() -> None:
    """Of others nothing is known."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    address = listeners[0].socket.getsockname()
    async with listeners[0]:
        stream = await trio.open_tcp_stream("127.0.0.1", address[1])
        async with stream:
            assert Connection(stream).peer is None
