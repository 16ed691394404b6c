"""The commands about stores: what they ask, what they print, how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trio

from actors import Session, Turn
from supervision import ChildSpec, Router, Supervisor, find_child, router_ref
from supervision.cli import main
from supervision.durable import SqliteStore
from supervision.service import Service, Settings, serve
from tests.cli.story import StoryServer, session, store

Run = Callable[..., tuple[int, str, str]]
DONE: dict[str, Any] = {
    "done": "it is \x1b done",
    "turn": None,
    "withdrawn": [],
    "node": None,
}
OUTCOME: dict[str, Any] = {
    "router": "/chat/router",
    "key": "alice",
    "id": "msg-17",
    "number": 31,
    "outcome": "TimedOut",
    "text": "INACTIVITY",
    "turn": 2_000_000_017,
    "age": 90.0,
    "ended": 30.0,
    "held": None,
}
PASSIVATED = session(
    "bob\x1b[0m",
    phase="passivated",
    turn=None,
    age=None,
    last_activity=None,
    queued=2,
    held="a state cannot be read",
    entries=1200,
)


def key_shape(key: str, **fields: Any) -> dict[str, Any]:
    """Make a key; `fields` instead of what is usual."""
    usual = {"memory": True, "open": 0, "state": None, "token": False}
    return {"session": session(key), **usual, **fields}


def node(name: str, **fields: Any) -> dict[str, Any]:
    """Make a node; `fields` instead of what is usual."""
    usual = {
        "address": None,
        "release": 3,
        "partitions": 64,
        "lives": True,
        "leaving": False,
        "here": False,
    }
    return {"node": name, **usual, **fields}


ANSWERS: dict[str, Any] = {
    "GET /keys": {
        "keys": [
            key_shape("alice", open=3, state=4096, token=True),
            key_shape("bob", session=PASSIVATED, memory=False),
        ],
        "after": "bob\x1b[0m",
    },
    "GET /outcome": OUTCOME,
    "GET /reminders": {
        "router": "/chat/router",
        "reminders": [
            {"key": "alice", "name": "bell\x1b", "due": -0.5, "every": 600.0},
            {"key": "", "name": "tea", "due": 90.0, "every": None},
        ],
        "more": True,
    },
    "GET /sessions/bob": PASSIVATED,
    "GET /sessions/carol": session("carol", node="b\x1b", phase="tool", tool="look"),
    "GET /nodes": {
        "routers": [
            {
                "router": "/chat/router",
                "ready": True,
                "nodes": [
                    node("a", address="http://a", here=True),
                    node("b\x1b", lives=False, leaving=True, partitions=0),
                ],
            },
            {"router": "/chat/other", "ready": False, "nodes": []},
        ]
    },
    "GET /locate": {
        "router": "/chat/router",
        "key": "carol",
        "node": "b",
        "address": "http://b",
        "here": False,
    },
    "GET /stores": {
        "stores": [
            {"router": "/chat/router", "kept": 1, "store": store()},
            {
                "router": "/chat/other",
                "kept": 0,
                "store": store(opened=0, age=None, down=75.0, why="Full", held=2),
            },
        ]
    },
    "POST /store/backup": DONE,
    "POST /sessions/alice/release": DONE,
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `actors`: gives its exit status, and what it wrote on either stream."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a service has its socket by default."""
    monkeypatch.setenv("ACTORS_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("ACTORS_SOCKET", raising=False)
    (tmp_path / "run").mkdir()
    return tmp_path / "run" / "chat.sock"


def test_all_keys_are_listed_page_by_page(path: Path, run: Run) -> None:
    """Those that only the store has too; the last line says how to go on."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("sessions", "--all", "--limit", "2")
        run("sessions", "--held", "--after", "b ob", "--router", "/r")
        run("sessions", "--prefix", "acme/")
        _, raw, _ = run("sessions", "--all", "--json")

    assert status == 0
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "KEY PHASE OPEN STATE TOKEN HELD",
        "alice running 3 4.0 KiB yes",
        "bob\\x1b[0m passivated a state cannot be read",
        "more: --after bob\\x1b[0m",
    ]
    assert json.loads(raw) == ANSWERS["GET /keys"]
    assert server.asked == [
        "GET /keys?limit=2",
        "GET /keys?router=%2Fr&after=b+ob&held=True&limit=100",
        "GET /keys?prefix=acme%2F&limit=100",
        "GET /keys?limit=100",
    ]


def test_the_last_page_says_nothing_of_more(path: Path, run: Run) -> None:
    """There is none."""
    answers: dict[str, Any] = {"GET /keys": {"keys": [], "after": None}}
    with StoryServer(path, answers):
        status, out, _ = run("sessions", "--all")

    assert (status, "more" in out) == (0, False)
    assert "none is known" not in out


def test_no_held_key_is_no_proof_that_all_can_be_read(path: Path, run: Run) -> None:
    """Only those are tried to which somebody has spoken; it says what tries all."""
    with StoryServer(path, {"GET /keys": {"keys": [], "after": None}}):
        status, out, _ = run("sessions", "--held")
    assert status == 0
    assert "none is known: a key is tried when somebody speaks to it" in out

    with StoryServer(path, ANSWERS):
        _, out, _ = run("sessions", "--held")
    assert "none is known" not in out


def test_reminders_are_listed(path: Path, run: Run) -> None:
    """Of all sessions or of one; the last line says that there are more."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("reminders")
        run("reminders", "a b", "--limit", "7", "--router", "/r")
        _, raw, _ = run("reminders", "--json")

    assert status == 0
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "KEY NAME DUE EVERY",
        "alice bell\\x1b now 10m00s",
        "'' tea in 1m30s",
        "there are more, which come later: --limit",
    ]
    assert json.loads(raw) == ANSWERS["GET /reminders"]
    assert server.asked[:2] == [
        "GET /reminders?limit=100",
        "GET /reminders?key=a+b&router=%2Fr&limit=7",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("sessions", "--all", "--order", "age"),
        ("sessions", "--held", "--match", "x"),
        ("sessions", "--after", "x", "--suspended"),
        ("sessions", "--all", "--phase", "idle"),
        ("store", "backup"),
        ("store", "copy", "x"),
        ("outcome", "alice"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    arguments: tuple[str, ...], path: Path, run: Run
) -> None:
    """And nobody is asked."""
    with StoryServer(path, ANSWERS) as server:
        status, out, err = run(*arguments)

    assert (status, out) == (2, "")
    assert err.startswith("actors: error: ")
    assert err.count("\n") == 1
    assert server.asked == []


def test_a_session_that_only_the_store_has_stands_nowhere(path: Path, run: Run) -> None:
    """Its facts, and no stack."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("session", "bob")

    assert status == 0
    assert "phase       passivated" in out
    assert "held        a state cannot be read" in out
    assert "history     1,200 entries" in out
    assert server.asked == ["GET /sessions/bob"]


def test_outcome_says_what_became_of_a_prompt(path: Path, run: Run) -> None:
    """Or that it waits."""
    waits = {**OUTCOME, "outcome": None, "text": None, "turn": None, "ended": None}
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("outcome", "alice", "msg-17")
        _, raw, _ = run("outcome", "alice", "msg-17", "--json")
        server.answers["GET /outcome"] = waits
        _, other, _ = run("outcome", "alice", "msg-17", "--router", "/r")
        server.answers["GET /outcome"] = {**waits, "held": "no \x1b upcaster"}
        _, held, _ = run("outcome", "alice", "msg-17")
        server.answers["GET /outcome"] = (404, {"error": "there is no such prompt"})
        unknown = run("outcome", "alice", "msg-18")

    assert status == 0
    assert out.splitlines() == [
        "key       alice",
        "id        msg-17",
        "router    /chat/router",
        "prompt    31",
        "outcome   timed out",
        "says      INACTIVITY",
        "turn      2000000017",
        "accepted  1m30s ago",
        "ended     30s ago",
    ]
    assert json.loads(raw) == OUTCOME
    assert "outcome   none yet: it waits, or its turn runs" in other
    assert "outcome   none yet: its key is held" in held
    assert "held      no \\x1b upcaster" in held
    assert unknown == (5, "", "actors: error: there is no such prompt\n")
    assert server.asked[2] == "GET /outcome?key=alice&id=msg-17&router=%2Fr"


def test_store_says_what_each_does(path: Path, run: Run) -> None:
    """And what is wrong with it."""
    with StoryServer(path, ANSWERS):
        status, out, _ = run("store")
        _, raw, _ = run("store", "--json", "--router", "/chat/router")
    first, second = out.split("\n\n")

    assert status == 0
    assert first.splitlines() == [
        "router     /chat/router",
        "store      /srv/chat.db",
        "commits    2,000, 9,000 operations, 8.0s in it",
        "unwritten  12 prompts",
        "size       84 MiB, log 4.0 MiB",
        "open       opening 3, for 1m40s",
        "rate       20.0 commits a second, on average",
        "waiting    4.0 KiB to be written",
        "kept       1 prompt",
        "answers    yes",
    ]
    assert "down       for 1m15s: Full" in second
    assert "held       2 keys" in second
    assert "open       not open" in second
    assert "answers    no" in second
    assert json.loads(raw) == ANSWERS["GET /stores"]


def test_store_says_what_it_shares(path: Path, run: Run) -> None:
    """How much is this node's, and what others have of it."""
    shared = store(
        node="a", partitions=64, following=2, sent_on=9, moved=1, fenced=1200
    )
    answer = {"stores": [{"router": "/r", "kept": 0, "store": shared}]}
    with StoryServer(path, {"GET /stores": answer}):
        _, out, _ = run("store")

    assert out.splitlines()[4:10] == [
        "node        a",
        "partitions  64 are its own",
        "following   2 prompts",
        "sent on     9 prompts",
        "moved       1 prompt",
        "fenced      1,200 turns",
    ]


def test_nodes_are_listed(path: Path, run: Run) -> None:
    """Of each router; one that is no node of its own store is told."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("nodes")
        _, raw, _ = run("nodes", "--json", "--router", "/chat/router")

    assert status == 0
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "/chat/router",
        "NODE ADDRESS RELEASE PARTITIONS LIVES LEAVING HERE",
        "a http://a 3 64 yes here",
        "b\\x1b 3 0 no yes",
        "",
        "/chat/other",
        "NODE ADDRESS RELEASE PARTITIONS LIVES LEAVING HERE",
        "this node is not one of them (yet, or any more), or is drained",
    ]
    assert json.loads(raw) == ANSWERS["GET /nodes"]
    assert server.asked == ["GET /nodes", "GET /nodes?router=%2Fchat%2Frouter"]


def test_locate_says_which_node_has_a_key(path: Path, run: Run) -> None:
    """This one, another one, or none."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("locate", "carol")
        _, raw, _ = run("locate", "carol", "--json")
        here = {**ANSWERS["GET /locate"], "here": True, "address": None}
        server.answers["GET /locate"] = here
        _, this, _ = run("locate", "carol")
        server.answers["GET /locate"] = {**here, "here": False, "node": None}
        _, none, _ = run("locate", "carol")

    assert status == 0
    assert out.splitlines() == [
        "key      carol",
        "router   /chat/router",
        "node     b",
        "address  http://b",
    ]
    assert json.loads(raw) == ANSWERS["GET /locate"]
    assert this.splitlines()[2:] == ["node    b, this one"]
    assert none.splitlines()[2:] == ["node    none owns it just now"]


def test_a_session_of_another_node_is_shown_without_its_stack(
    path: Path, run: Run
) -> None:
    """Where it stands is asked there."""
    elsewhere = session("dave", node="b", phase="elsewhere", turn=None, age=None)
    keys = {"keys": [key_shape("dave", session=elsewhere, memory=False)], "after": None}
    with StoryServer(path, {**ANSWERS, "GET /keys": keys}) as server:
        status, out, _ = run("session", "carol")
        _, listed, _ = run("sessions", "--all")

    assert status == 0
    assert "node        b\\x1b" in out
    assert "tool        look" in out
    assert server.asked[0] == "GET /sessions/carol"
    assert "GET /stack" not in " ".join(server.asked)
    assert [" ".join(line.split()) for line in listed.splitlines()] == [
        "KEY PHASE NODE OPEN STATE TOKEN HELD",
        "dave elsewhere b",
    ]


def test_what_is_done_to_stores_is_said(
    path: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is one of the caller's directory."""
    monkeypatch.chdir(tmp_path)
    with StoryServer(path, ANSWERS) as server:
        copied = run("store", "backup", "copy.db", "--router", "/r")
        released = run("release", "alice")
        _, raw, _ = run("release", "alice", "--json")

    assert copied == released == (0, "it is \\x1b done\n", "")
    assert json.loads(raw) == DONE
    where = json.dumps(str(tmp_path / "copy.db"))
    assert server.asked[:2] == [
        f'POST /store/backup {{"router": "/r", "path": {where}}}',
        "POST /sessions/alice/release {}",
    ]


class Notes(Session[str, str, tuple[str, ...]]):
    """Keeps what it was told; `hang` does not end."""

    initial_state: ClassVar[tuple[str, ...]] = ()

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> str:
        if turn.prompt == "hang":
            await trio.sleep_forever()
        turn.state = (*turn.state, turn.prompt)
        return turn.prompt.upper()


async def test_a_service_with_a_store_is_asked_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real one, over its socket, while it runs; its copy is a store too."""
    socket = tmp_path / "n.sock"

    class Tree(Supervisor):
        children = (
            ChildSpec(
                Router, Notes, (), None, None, SqliteStore(tmp_path / "n.db"), id="r"
            ),
        )

    async def ask(*arguments: str) -> tuple[int, str]:
        both = [*arguments, "--socket", str(socket)]
        status = await trio.to_thread.run_sync(main, both)
        written = capsys.readouterr()
        return status, written.out + written.err

    async with trio.open_nursery() as nursery:
        settings = Settings(name="notes", socket=socket)
        service: Service = await nursery.start(partial(serve, Tree, settings=settings))
        assert service.tree is not None
        ref = await find_child(service.tree, "r")
        router = router_ref(ref, Notes)
        await (await router.accept("ann", "milk", id="1")).outcome()
        await router.accept("bob", "hang", id="1")

        done = await ask("outcome", "ann", "1")
        waits = await ask("outcome", "bob", "1")
        unknown = await ask("outcome", "ann", "2")
        to_come = await ask("reminders", "ann")
        nobodys = await ask("reminders", "carl")
        keys = await ask("sessions", "--all")
        stores = await ask("store")
        copied = await ask("store", "backup", str(tmp_path / "copy.db"))
        again = await ask("store", "backup", str(tmp_path / "copy.db"))
        freed = await ask("release", "ann")
        service.stop("enough")

    assert done[0] == waits[0] == keys[0] == stores[0] == copied[0] == 0
    assert "says      MILK" in done[1]
    assert "none yet" in waits[1]
    assert unknown[0] == again[0] == freed[0] == nobodys[0] == 5
    assert to_come == (0, "session 'ann' has no reminders\n")
    assert "does not know the session 'carl'" in nobodys[1]
    assert "ann" in keys[1]
    assert "bob" in keys[1]
    assert "answers    yes" in stores[1]
    assert copied[1].startswith("the store of /notes/r is in ")
    assert "a copy replaces nothing" in again[1]
    assert "is not held" in freed[1]
    assert (tmp_path / "copy.db").stat().st_size > 0
