"""The endpoints of the control socket: what each answers, and to what it says no."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trio

from actors import Aborted, Actor, ActorSystem, Completed, open_system
from supervision import ChildSpec, Supervisor
from supervision.control import bind_socket, serve_control
from supervision.service import ServiceShape, View
from tests.control.client import answer_in, rest_of, serving

KEYS = ["a/b", "a%2Fb", "ä ö?#&=+", "..", "a/cancel", "\x1b[31m", "日本", '"\\', "100%"]


async def test_the_root_lists_what_there_is(tmp_path: Path) -> None:
    """The service itself, and every endpoint."""
    async with serving(tmp_path) as served:
        answer = await served.get("/")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body.endswith(b"}\n")
    assert (answer.json["name"], answer.json["state"]) == ("service", "ready")
    assert len(answer.json["endpoints"]) == 33


async def test_looking_at_things(tmp_path: Path) -> None:
    """Each endpoint gives what the view says."""
    async with serving(tmp_path) as served:
        for key in ("alice", "bob"):
            await served.router.send(key, "hi").outcome()
        statistics = (await served.get("/statistics")).json
        tree = (await served.get("/tree?depth=1")).json
        below = (await served.get("/tree?path=/router&width=1")).json
        actor = (await served.get("/actors/router")).json
        top = (await served.get("/top?rows=5&sessions=1")).json
        sessions = (await served.get("/sessions?order=key&limit=1")).json
        session = (await served.get("/sessions/alice?router=/router")).json
        stack = (await served.get("/stack?key=alice&router=/router")).json
        own = (await served.get("/stack?path=/router")).json

    assert statistics["routers"][0]["outcomes"] == {"Completed": 2}
    assert [each["path"] for each in tree["children"]] == ["/router"]
    assert (below["path"], below["owns"]) == ("/router", 2)
    assert actor["actor"]["kind"] == "router"
    assert (len(top["sessions"]["sessions"]), top["tree"]["path"]) == (1, "/")
    assert [each["key"] for each in sessions["sessions"]] == ["alice"]
    assert sessions["matching"] == 2
    assert (session["key"], session["phase"]) == ("alice", "idle")
    assert (stack["session"]["key"], stack["turns"]) == ("alice", [])
    assert own["actor"]["path"] == "/router"


@pytest.mark.parametrize("key", KEYS)
async def test_any_key_can_be_asked_for(key: str, tmp_path: Path) -> None:
    """Percent-encoded once, whatever is in it; also with a verb."""
    async with serving(tmp_path) as served:
        receipt = served.router.send(key, "hang")
        await trio.testing.wait_all_tasks_blocked()
        encoded = quote(key, safe="")
        found = await served.get(f"/sessions/{encoded}")
        done = await served.post(f"/sessions/{encoded}/cancel", {"reason": key})
        outcome = await receipt.outcome()

    assert found.json["key"] == key
    assert b"\x1b" not in found.body
    assert done.json["turn"] == outcome.turn
    assert isinstance(outcome, Aborted)
    assert outcome.reason == key


async def test_a_key_may_be_written_with_its_slashes(tmp_path: Path) -> None:
    """As long as the last part is no verb; encoded, it is always told apart."""
    async with serving(tmp_path) as served:
        for key in ("a/b", "a/cancel", "a"):
            await served.router.send(key, "hi").outcome()
        plain = await served.get("/sessions/a/b")
        verb = await served.post("/sessions/a/cancel")
        encoded = await served.post("/sessions/a%2Fcancel/close")

    assert plain.json["key"] == "a/b"
    assert verb.json["done"].startswith("cancel 'a'")
    assert encoded.json["done"].startswith("close 'a/cancel'")


@pytest.mark.parametrize("verb", ["cancel", "cancel_all", "reset", "close"])
async def test_every_verb_of_a_session(verb: str, tmp_path: Path) -> None:
    """What was running has its outcome, with the reason that was given."""
    async with serving(tmp_path) as served:
        receipt = served.router.send("k", "hang")
        waiting = served.router.send("k", "later")
        await trio.testing.wait_all_tasks_blocked()
        answer = await served.post(
            f"/sessions/k/{verb}", {"reason": "because", "router": "/router"}
        )
        outcome, other = await receipt.outcome(), await waiting.outcome()

    assert answer.status == 200
    assert answer.json["turn"] == outcome.turn
    assert isinstance(outcome, Aborted)
    assert outcome.reason == "because"
    assert isinstance(other, Completed) == (verb == "cancel")
    assert len(answer.json["withdrawn"]) == (verb != "cancel")


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b'{"reason": "why"}', "Content-Type: application/json"),
        (b'{"reason": "why", "router": null}', "Content-Type: text/plain"),
        (b"reason=why", "Content-Type: application/x-www-form-urlencoded"),
        (b'{"reason": "why"}', "Content-Type: application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_may_be_json_or_a_form(
    body: bytes, header: str, tmp_path: Path
) -> None:
    """As `curl -d` sends either."""
    async with serving(tmp_path) as served:
        receipt = served.router.send("k", "hang")
        await trio.testing.wait_all_tasks_blocked()
        await served.post("/sessions/k/cancel", body, header)
        outcome = await receipt.outcome()

    assert isinstance(outcome, Aborted)
    assert outcome.reason == "why"


@pytest.mark.parametrize("hard", ["true", "0", True, False])
async def test_a_turn_can_be_aborted_by_its_id(hard: object, tmp_path: Path) -> None:
    """By its number, hard or soft."""
    async with serving(tmp_path) as served:
        receipt = served.router.send("k", "hang")
        await trio.testing.wait_all_tasks_blocked()
        info = served.router.inspect("k")
        assert info is not None
        answer = await served.post(f"/turns/{info.turn}/abort", {"hard": hard})
        receipt.withdraw()
        await served.post("/sessions/k/cancel")

    words = "is aborted" if hard in {"true", True} else "is asked to end"
    assert answer.json["done"] == f"turn {info.turn} {words}"


class Worker(Actor[str]):
    """Does nothing."""

    async def receive(self, message: str) -> None:
        del message


class Tree(Supervisor):
    """One worker."""

    children = (ChildSpec(Worker, id="worker"),)


async def test_actors_can_be_stopped_and_restarted(tmp_path: Path) -> None:
    """A supervisor's child, and an actor that is only there."""
    async with serving(tmp_path) as served:
        ref = served.system.start(Tree, name="tree")
        await ref.wait_started()
        answers = [
            await served.post("/actors/tree/worker/stop"),
            await served.get("/actors/tree/worker"),
            await served.post("/actors/tree/worker/restart"),
            await served.get("/actors/tree/worker"),
            await served.post("/actors/tree/stop"),
            await served.post("/actors/tree/worker/stop"),
        ]

    assert [each.status for each in answers] == [200, 404, 200, 200, 200, 404]
    assert answers[0].json["done"] == "/tree/worker is stopped"
    assert answers[1].error == "there is no actor '/tree/worker'"


async def test_the_service_can_be_stopped(tmp_path: Path) -> None:
    """With the seconds that it may take, or its own."""
    asked: list[tuple[str, float | None]] = []

    def view(system: ActorSystem) -> View:
        return View(system, stop=lambda why, within: asked.append((why, within)))

    async with serving(tmp_path, view) as served:
        answers = [
            await served.post("/stop"),
            await served.post("/stop", {"within": 2.5}),
            await served.post("/stop?within=.5"),
        ]

    assert [each.json["done"] for each in answers] == ["the service is stopping"] * 3
    assert [within for _, within in asked] == [None, 2.5, 0.5]


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "text"),
    [
        ("GET", "/nope", b"", 404, "no such path; there are: GET /, GET /openapi.json"),
        ("GET", "/sessions/", b"", 404, "no such path|knows"),
        ("GET", "/sessions/zz", b"", 404, "no router knows the session 'zz'"),
        ("POST", "/sessions/zz/cancel", b"", 404, "'zz'"),
        ("POST", "/sessions/k/hug", b"", 405, "POST is not for this path, only GET"),
        ("DELETE", "/sessions/k", b"", 405, "DELETE is not for this path, only GET"),
        ("GET", "/stop", b"", 405, "GET is not for this path, only POST"),
        ("POST", "/stop", b"", 409, "not run as a service"),
        ("GET", "/actors/no/body", b"", 404, "there is no actor '/no/body'"),
        ("POST", "/actors/no/body/stop", b"", 404, "there is no actor '/no/body'"),
        ("GET", "/tree?path=/no", b"", 404, "there is no actor '/no'"),
        ("GET", "/tree?deph=1", b"", 400, "no parameter 'deph' here, only path, depth"),
        ("GET", "/health?x", b"", 400, "no parameter 'x' here, none"),
        ("GET", "/tree?depth=1&depth=2", b"", 400, "depth is given more than once"),
        ("GET", "/tree?depth=x", b"", 400, "depth must be a whole number, got 'x'"),
        ("GET", "/tree?width=-1", b"", 400, "width must be .*, got -1"),
        ("GET", "/tree?width=1e3", b"", 400, "width must be a whole number"),
        ("GET", "/sessions?limit=10001", b"", 400, "limit must be .*10,000"),
        ("GET", "/sessions?order=best", b"", 400, "order"),
        ("GET", "/sessions?router=/no", b"", 404, "/no"),
        ("GET", "/sessions?" + "a=b&" * 65, b"", 400, "query cannot be read: Max"),
        ("GET", "/events?kind=Party", b"", 400, "no event 'Party'; there are: .*Turn"),
        ("POST", "/turns/1/abort", b"", 404, "no turn 1 runs"),
        ("POST", "/turns/x/abort", b"", 400, "the turn must be a whole number"),
        ("POST", "/turns/1/abort", b'{"hard": 2}', 400, "hard must be true or false"),
        ("POST", "/stop", b'{"within": -1}', 400, "within must be a number of seconds"),
        ("POST", "/stop", b'{"within": NaN}', 400, "within must be a number"),
        ("POST", "/stop", b'{"within": Infinity}', 400, "within must be a number"),
        ("POST", "/stop", b'{"within": true}', 400, "within must be a number"),
        ("POST", "/stop?within=inf", b"", 400, "within must be a number"),
        ("POST", "/stop", b"{", 400, "the body is not JSON"),
        ("POST", "/stop", b"\xff", 400, "the body is not JSON"),
        ("POST", "/stop", b"[1]", 400, "must be a JSON object, got \\[1\\]"),
        ("POST", "/stop", b"[" * 60_000, 400, "nested too deeply"),
        ("POST", "/stop", b"{" + b"[" * 32, 400, "nested too deeply"),
        ("POST", "/stop", b'{"within": "\\"' + b"[" * 99 + b'"}', 400, "within must"),
        ("POST", "/stop", b"9" * 60_000, 400, "the body"),
        ("POST", "/stop?within=1", b'{"within": 1}', 400, "within is given more than"),
        ("POST", "/sessions/k/cancel", b'{"reason": 1}', 400, "reason must be a text"),
        ("POST", "/sessions/k/cancel", b'{"raeson": "x"}', 400, "'raeson' here, only"),
    ],
)
async def test_what_cannot_be_says_why(
    method: str, target: str, body: bytes, status: int, text: str, tmp_path: Path
) -> None:
    """Its status, and what would be right; nothing has happened."""
    async with serving(tmp_path) as served:
        await served.router.send("k", "hi").outcome()
        before = served.system.statistics().handled
        length = f"Content-Length: {len(body)}"
        answer = await served.ask(method, target, length, body=body)
        healthy = await served.get("/health")
        after = served.system.statistics().handled

    assert answer.status == status
    with pytest.raises(AssertionError, match=text):
        raise AssertionError(answer.error)
    assert healthy.json == {"healthy": True, "state": "ready"}
    assert after == before


async def test_a_wrong_method_is_told_the_right_ones(tmp_path: Path) -> None:
    """In a header, too."""
    async with serving(tmp_path) as served:
        answer = await served.ask("PUT", "/health")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("target", ["/", "/metrics", "/sessions", "/events"])
async def test_head_is_get_without_a_body(target: str, tmp_path: Path) -> None:
    """And ends, also for events."""
    async with serving(tmp_path) as served:
        answer = await served.ask("HEAD", target)

    assert (answer.status, answer.body) == (200, b"")


async def test_ready_follows_the_state(tmp_path: Path) -> None:
    """Only a service that is ready is; it is healthy as long as it answers."""
    state = ["starting"]

    def view(system: ActorSystem) -> View:
        plain = View(system).service()

        def facts() -> ServiceShape:
            return {**plain, "state": state[0]}

        return View(system, facts=facts)

    said: list[tuple[int, int, Any]] = []
    async with serving(tmp_path, view) as served:
        for now in ("starting", "ready", "draining", "stopping"):
            state[0] = now
            ready, healthy = await served.get("/ready"), await served.get("/health")
            said.append((ready.status, healthy.status, ready.json))

    assert [each[:2] for each in said] == [
        (503, 200),
        (200, 200),
        (503, 200),
        (503, 200),
    ]
    why = "it is draining"
    assert said[2][2] == {"ready": False, "state": "draining", "why": why}


class Broken(View):
    """A view with a mistake in it."""

    def statistics(self) -> Any:  # never returns
        raise ZeroDivisionError


async def test_a_fault_of_ours_is_an_answer_and_a_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The server goes on."""
    async with serving(tmp_path, Broken) as served:
        answer = await served.get("/statistics")
        healthy = await served.get("/health")

    (record,) = caplog.records
    assert (answer.status, healthy.status) == (500, 200)
    assert "its log says more" in answer.error
    assert record.name == "supervision.control"
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    caplog.clear()


async def test_a_long_list_is_whole(tmp_path: Path) -> None:
    """And is put together without holding up the others."""
    async with serving(tmp_path, sessions=3000) as served:
        for number in range(3000):
            served.router.send(f"k{number}", "hi")
        await trio.testing.wait_all_tasks_blocked()
        answer = await served.get("/sessions?order=key&limit=10000")
        shorter = await served.get("/sessions?order=key&limit=1&match=%5B%5D")

    assert len({each["key"] for each in answer.json["sessions"]}) == 3000
    assert answer.json["matching"] == 3000
    assert shorter.json == {"sessions": [], "matching": 0}


class Nest(Actor[int]):
    """Starts another in itself."""

    def __init__(self, left: int) -> None:
        self.left = left

    async def started(self) -> None:
        if self.left:
            self.start(Nest, self.left - 1, name="n")

    async def receive(self, message: int) -> None:
        del message


async def test_a_very_deep_tree_is_refused_or_shown(tmp_path: Path) -> None:
    """Never a fault; asked for less, it is shown."""
    async with serving(tmp_path) as served:
        served.system.start(Nest, 900, name="n")
        await trio.testing.wait_all_tasks_blocked()
        whole = await served.get("/tree")
        part = await served.get("/tree?depth=100")

    assert part.status == 200
    assert whole.status in {200, 400}  # it depends on Python
    assert whole.status == 200 or "ask for depth=100" in whole.error


def ask_by_the_library(path: str, target: str) -> tuple[int, Any]:
    """Ask with what the standard library has; blocks."""
    connection = http.client.HTTPConnection("localhost", timeout=100)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(path)
        connection.request("GET", target)
        response = connection.getresponse()
        content = json.loads(response.read())
        connection.request("GET", target)  # the connection is kept
        again = connection.getresponse()
        assert json.loads(again.read()).keys() == content.keys()
        return response.status, content
    finally:
        connection.close()


async def test_the_standard_library_is_client_enough(tmp_path: Path) -> None:
    """Two requests over one connection."""
    async with serving(tmp_path) as served:
        status, content = await trio.to_thread.run_sync(
            ask_by_the_library, served.path, "/statistics"
        )

    assert (status, content["service"]["state"]) == (200, "ready")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_is_client_enough(tmp_path: Path) -> None:
    """Looking, and a verb with a form in its body."""
    curl = ["curl", "-sS", "--max-time", "10", "--unix-socket"]
    async with serving(tmp_path) as served:
        receipt = served.router.send("k", "hang")
        outs: list[bytes] = []
        for more in (
            ["http://x/ready"],
            ["-d", "reason=enough", "http://x/sessions/k/cancel"],
            ["-X", "POST", "http://x/sessions/k/close?reason=done"],
        ):
            done = await trio.run_process(
                [*curl, served.path, *more], capture_stdout=True
            )
            outs.append(done.stdout)
        outcome = await receipt.outcome()

    assert json.loads(outs[0])["ready"]
    assert isinstance(outcome, Aborted)
    assert outcome.reason == "enough"
    assert json.loads(outs[2])["done"].startswith("close 'k'")


def test_without_its_extra_the_room_says_what_to_install() -> None:
    """And nothing else of the library needs it."""
    program = (
        "import sys\n"
        "sys.modules['starlette'] = None\n"
        "import supervision, supervision.service\n"
        "try:\n"
        "    import supervision.control\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )

    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert "pip install 'trio-actors[control]'" in done.stdout
    assert "starlette" in done.stdout


async def test_serving_ends_with_its_scope_and_binds_again(tmp_path: Path) -> None:
    """One after another, at one path."""
    statuses: list[int] = []
    async with open_system() as system:
        for _ in range(3):
            with bind_socket(tmp_path / "a.sock") as bound:
                async with trio.open_nursery() as nursery:
                    await nursery.start(serve_control, View(system), bound)
                    stream = await trio.open_unix_socket(bound.path)
                    async with stream:
                        await stream.send_all(b"GET /health HTTP/1.0\r\n\r\n")
                        statuses.append(answer_in(await rest_of(stream)).status)
                    nursery.cancel_scope.cancel()

    assert statuses == [200, 200, 200]
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - a Path would block, says ruff
