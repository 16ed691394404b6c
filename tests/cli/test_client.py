"""Facts about the client of a control socket: what it sends, and how asking fails."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from supervision.cli import (
    Client,
    ClientError,
    NobodyThereError,
    RefusedRequestError,
    StrangeAnswerError,
)
from supervision.client.answers import ShapeError, checked
from supervision.client.failures import SilentServiceError
from supervision.service import ExitCode, SessionsShape, TopShape
from tests.cli.story import (
    StoryServer,
    actor,
    service,
    session,
    sessions,
    statistics,
    top,
    tree,
)

NO_OBJECT: tuple[int, list[object]] = (200, [])
DONE: dict[str, object] = {
    "done": "so it is",
    "turn": None,
    "withdrawn": [],
    "node": None,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the socket is."""
    return tmp_path / "chat.sock"


def test_what_is_looked_at_comes_as_it_was_told(path: Path) -> None:
    """Each question is one request."""
    detail: dict[str, object] = {
        "actor": tree(),
        "grace": 5.0,
        "handled": 3,
        "strategy": None,
        "limit": None,
        "supervised": [],
        "restarts": [],
    }
    answers: dict[str, Any] = {
        "GET /": service(),
        "GET /statistics": statistics(),
        "GET /tree": tree(),
        "GET /actors/chat/tools": detail,
        "GET /sessions": sessions(session("alice")),
        "GET /sessions/alice": session("alice"),
        "GET /top": top(),
    }
    with StoryServer(path, answers) as server:
        client = Client(path)

        found: list[object] = [
            client.service(),
            client.statistics(),
            client.tree(),
            client.actor("/chat/tools"),
            client.sessions(),
            client.session("alice"),
            client.top(rows=7, sessions=8),
        ]

    assert found == list(answers.values())
    assert server.asked == [
        "GET /",
        "GET /statistics",
        "GET /tree?path=%2F",
        "GET /actors/chat/tools",
        "GET /sessions",
        "GET /sessions/alice",
        "GET /top?rows=7&sessions=8",
    ]


def test_a_verb_is_a_post_with_its_words_in_the_body(path: Path) -> None:
    """What was not said is not sent."""
    verbs = ("/stop", "/actors/a/stop", "/actors/a/restart", "/sessions/k/reset")
    with StoryServer(
        path, {f"POST {each}": DONE for each in (*verbs, "/turns/17/abort")}
    ) as server:
        client = Client(path)

        client.stop_service()
        client.stop_service(within=2.5)
        client.stop_actor("/a")
        client.restart_actor("/a")
        client.session_verb("k", "reset", reason="enough")
        client.abort_turn(17, router="/chat/router")

    assert server.asked == [
        "POST /stop {}",
        'POST /stop {"within": 2.5}',
        "POST /actors/a/stop {}",
        "POST /actors/a/restart {}",
        'POST /sessions/k/reset {"reason": "enough"}',
        'POST /turns/17/abort {"router": "/chat/router"}',
    ]


@pytest.mark.parametrize(
    ("key", "quoted"),
    [
        ("a/b", "a%2Fb"),
        ("..", ".."),
        ("ä €?#&%2F", "%C3%A4%20%E2%82%AC%3F%23%26%252F"),
        ("\r\nHost: x", "%0D%0AHost%3A%20x"),
        (os.fsdecode(b"\xff"), "%FF"),
    ],
)
def test_a_key_is_sent_whole_whatever_is_in_it(
    key: str, quoted: str, path: Path
) -> None:
    """It is one part of the address, never two, never a header."""
    with StoryServer(path, {f"GET /sessions/{quoted}": session(key)}) as server:
        Client(path).session(key)

    assert server.asked == [f"GET /sessions/{quoted}"]


@pytest.mark.parametrize("status", [400, 404, 405, 409, 503])
def test_a_refusal_says_what_the_service_said(status: int, path: Path) -> None:
    """It is no failure of the line."""
    answer = (status, {"error": "there is no actor '/x'"})
    with (
        StoryServer(path, {"GET /actors/x": answer}),
        pytest.raises(RefusedRequestError, match="there is no actor '/x'") as caught,
    ):
        Client(path).actor("/x")

    assert caught.value.status == status
    assert caught.value.exit_code == ExitCode.REFUSED


def test_a_path_without_a_socket_is_nobody(path: Path) -> None:
    """The error names it."""
    with pytest.raises(NobodyThereError, match="there is no such socket") as caught:
        Client(path).service()

    assert str(path) in str(caught.value)
    assert caught.value.exit_code == ExitCode.SOCKET


def test_what_a_killed_service_has_left_is_nobody(path: Path) -> None:
    """The socket is there, and nobody behind it."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    with pytest.raises(NobodyThereError, match="the service that made this socket"):
        Client(path).service()


def test_a_file_is_nobody(path: Path) -> None:
    """It is not opened, not changed."""
    path.write_text("precious")

    with pytest.raises(NobodyThereError, match="or it is no socket"):
        Client(path).service()

    assert path.read_text() == "precious"


def test_a_path_that_is_too_long_for_a_socket_is_nobody(tmp_path: Path) -> None:
    """The system says so."""
    with pytest.raises(NobodyThereError, match="too long"):
        Client(tmp_path / ("x" * 200)).service()


def test_a_service_that_says_nothing_is_given_up(path: Path) -> None:
    """It has the socket, so it may be only busy."""
    said = threading.Event()

    def late(*_: object) -> object:
        said.wait()
        return service()

    with StoryServer(path, {"GET /": late}):
        with pytest.raises(SilentServiceError, match=r"said nothing for 0.05 s"):
            Client(path, timeout=0.05).service()
        said.set()


def test_a_service_that_does_not_accept_is_silent(path: Path) -> None:
    """Its line is full: whoever comes does not wait."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(path))

            with pytest.raises(SilentServiceError, match="does not accept"):
                Client(path).service()


def test_a_service_that_goes_away_meanwhile_is_nobody(path: Path) -> None:
    """Before its answer, or in the middle of it."""
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    with StoryServer(path, {"GET /": b"", "GET /statistics": half}):
        client = Client(path)

        with pytest.raises(NobodyThereError, match="went away"):
            client.service()
        with pytest.raises(NobodyThereError, match="went away"):
            client.statistics()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"220 mail.example.org ESMTP\r\n", "does not speak HTTP"),
        (b"\x16\x03\x01\x02\x00" * 20000, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "does not speak JSON"),
        ((200, "[" * 100_000), "does not speak JSON"),
        ((200, "{}"), "name should be there, but is missing"),
        (NO_OBJECT, "the answer should be an object"),
        ((200, {**service(), "pid": "4242"}), "pid should be a whole number"),
        ((200, {**service(), "pid": True}), "pid should be a whole number"),
        ((200, {**service(), "uptime": None}), "uptime should be a number"),
        ((500, {"detail": "no"}), "it answers 500"),
        ((302, "moved"), "it answers 302"),
    ],
)
def test_an_answer_that_is_none_of_ours_is_told_as_that(
    answer: object, why: str, path: Path
) -> None:
    """Whatever sits there."""
    with (
        StoryServer(path, {"GET /": answer}),
        pytest.raises(StrangeAnswerError, match=why) as caught,
    ):
        Client(path).service()

    assert caught.value.exit_code == ExitCode.SOCKET


def test_a_field_deep_inside_is_named() -> None:
    """So that a difference between versions is found."""
    frame: Any = json.loads(json.dumps(top()))
    frame["tree"]["children"][0]["children"][1]["depth"] = "many"

    with pytest.raises(ShapeError) as caught:
        checked(frame, TopShape)

    wanted = "tree.children[0].children[1].depth should be a whole number, "
    assert str(caught.value) == wanted + "but is 'many'"


def test_a_field_that_is_not_known_is_left_alone() -> None:
    """A later version may add some."""
    found: Any = {**sessions(session("a")), "next": 3}

    assert checked(found, SessionsShape) == found


def test_a_tree_that_is_too_deep_is_no_crash(path: Path) -> None:
    """Deeper than Python recurses."""
    deep = actor("/")
    for _ in range(330):
        deep = actor("/", deep)
    with (
        StoryServer(path, {"GET /tree": (200, json.dumps(deep))}),
        pytest.raises(StrangeAnswerError, match=r"too deep|JSON"),
    ):
        Client(path).tree()


def test_events_come_one_by_one_until_the_service_ends(path: Path) -> None:
    """Empty lines are signs of life, and left out."""
    stream = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
        b'{"event": "hello"}\n\n\n{"event": "ActorStarted"}\n'
    )
    with (
        StoryServer(path, {"GET /events": stream}) as server,
        Client(path).events(["ActorStarted", "TurnEnded"]) as events,
    ):
        found = [each["event"] for each in events]

    assert found == ["hello", "ActorStarted"]
    assert server.asked == ["GET /events?kind=ActorStarted&kind=TurnEnded"]


def test_a_stream_of_something_else_is_told_as_that(path: Path) -> None:
    """Lines that are no objects."""
    stream = b"HTTP/1.1 200 OK\r\n\r\n[1]\n"
    with (
        StoryServer(path, {"GET /events": stream}),
        Client(path).events() as events,
        pytest.raises(StrangeAnswerError, match="not an object"),
    ):
        list(events)


def test_the_kernel_tells_whose_socket_it_is(path: Path) -> None:
    """Without asking the service."""
    with StoryServer(path, {}) as server:
        assert Client(path).pid() == os.getpid()

    assert server.asked == []


def test_every_error_is_a_client_error() -> None:
    """So that a caller catches one class."""
    for each in (NobodyThereError, RefusedRequestError, StrangeAnswerError):
        assert issubclass(each, ClientError)
