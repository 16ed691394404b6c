"""Facts about the commands that ask a service: what they print, and how they end."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from supervision._drawing.events import EventWriter
from supervision.cli import Client, main
from supervision.cli._commands import telling
from supervision.client.failures import SilentServiceError
from supervision.service import ExitCode, StatisticsShape
from tests.cli.story import (
    StoryServer,
    actor,
    router,
    service,
    session,
    sessions,
    statistics,
    store,
    system,
    top,
    tree,
)

DETAIL: dict[str, Any] = {
    "actor": tree()["children"][0]["children"][1],
    "grace": 5.0,
    "handled": 12,
    "strategy": "one_for_one",
    "limit": "3 within 5 s",
    "supervised": [
        {"id": "search", "state": "running", "restart": "permanent", "restarts": 3},
        {"id": "mail", "state": "stopped", "restart": "transient", "restarts": 0},
    ],
    "restarts": [{"child": "search", "ago": 12.0, "why": "ValueError: \x1b[31mno"}],
}
ANSWERS: dict[str, Any] = {
    "GET /": service(),
    "GET /statistics": statistics(router()),
    "GET /tree": tree(),
    "GET /top": top(),
    "GET /actors/chat/tools": DETAIL,
    "GET /sessions": sessions(session("alice"), session("b\x1b[0m"), matching=40),
    "GET /sessions/alice": session("alice", tool="search", tenant="ann", idle=3.0),
    "GET /stack": {
        "actor": None,
        "session": session("alice"),
        "tasks": [],
        "turns": [],
        "queue": [],
        "hidden": 0,
    },
    "GET /limits": {
        "limits": [
            {
                "router": f"/chat/{name}",
                "sessions": 1000,
                "sessions_per_tenant": None,
                "turns": 8,
                "turns_per_tenant": 2,
                "replays": 1000,
                "idle": None,
                "start_within": 120.0,
                "restarts": "3 within 60 s",
                "quarantine": "30 to 3600 s",
                "backoff": None,
            }
            for name in ("router", "other")
        ]
    },
    "POST /limits": {
        "done": "/chat/router has turns 4",
        "turn": None,
        "withdrawn": [],
        "node": None,
    },
    "POST /turns/17/abort": {
        "done": "turn 17 is aborted",
        "turn": 17,
        "withdrawn": [],
        "node": None,
    },
    "POST /actors/chat/tools/stop": {
        "done": "/chat/tools is stopped",
        "turn": None,
        "withdrawn": [],
        "node": None,
    },
    "POST /actors/chat/tools/restart": {
        "done": "/chat/tools is started again",
        "turn": None,
        "withdrawn": [],
        "node": None,
    },
    **{
        f"POST /sessions/alice/{verb}": {
            "done": f"{verb} 'alice': aborting turn 17",
            "turn": 17,
            "withdrawn": [3],
            "node": None,
        }
        for verb in ("cancel", "cancel_all", "reset", "close")
    },
    "GET /events": b"HTTP/1.1 200 OK\r\n\r\n"
    b'{"event": "hello", "at": 10.0, "time": "2026-01-01T00:00:00+00:00", '
    b'"service": "chat"}\n'
    b'{"event": "ActorStarted", "at": 12.5, "actor": "/chat", "incarnation": 2}\n'
    b'{"event": "bye", "at": 13.0}\n',
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for sockets nowhere else."""
    monkeypatch.setenv("ACTORS_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("ACTORS_SOCKET", raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `actors`: gives its exit status, and what it wrote on either stream."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a service has its socket by default."""
    (tmp_path / "run").mkdir()
    return tmp_path / "run" / "chat.sock"


def test_ps_lists_those_that_answer(path: Path, run: Run) -> None:
    """What a killed one has left is not one of them."""
    left = StoryServer(path.with_name("dead.sock"), {})
    left._server.server_close()

    with StoryServer(path, ANSWERS), StoryServer(path.with_name("odd.sock"), {}):
        status, out, err = run("ps")
        _, raw, _ = run("ps", "--json")

    assert status == 0
    assert [line.split() for line in out.splitlines()] == [
        ["NAME", "STATE", "PID", "UP", "SOCKET"],
        ["chat", "READY", "4242", "1m40s", "/run/chat.sock"],
    ]
    assert err == "actors: no route GET /\n"
    assert json.loads(raw) == [service()]


def test_ps_says_so_when_nothing_runs(run: Run) -> None:
    """That is no failure."""
    status, out, err = run("ps")

    assert (status, out) == (0, "")
    assert err.startswith("no service runs here")
    assert err.endswith("; with its socket elsewhere: actors ps --socket PATH\n")


@pytest.mark.parametrize("by", ["--socket", "ACTORS_SOCKET"])
def test_ps_lists_a_service_elsewhere_that_is_named(
    by: str, path: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside those of the runtime folder; one of these is not listed twice."""
    elsewhere = tmp_path / "far.sock"

    def ps(named: Path) -> tuple[list[str], str]:
        options = ["--socket", str(named)] if by == "--socket" else []
        if not options:
            monkeypatch.setenv(by, str(named))
        _, out, err = run("ps", *options)
        return [line.split()[0] for line in out.splitlines()[1:]], err

    with StoryServer(path, ANSWERS):
        nobody = ps(elsewhere)
        far = {"GET /": service() | {"name": "far"}}
        with StoryServer(elsewhere, far):
            both, same = ps(elsewhere), ps(path)

    assert both == (["chat", "far"], "")
    assert same == (["chat"], "")
    assert nobody[0] == ["chat"]
    assert nobody[1].startswith(f"actors: nobody answers at {elsewhere}")


@pytest.mark.parametrize("name", [["chat"], []])
def test_ps_prints_the_number_of_a_process(
    name: list[str], path: Path, run: Run
) -> None:
    """As the kernel knows it; a service that hangs is asked nothing."""
    with StoryServer(path, {}) as server:
        status, out, err = run("ps", "--pid", *name)
        by_path = run("ps", "--pid", str(path))

    assert (status, out, err) == (0, f"{os.getpid()}\n", "")
    assert by_path == (status, out, err)
    assert server.asked == []


def test_ps_prints_no_number_of_nobody(path: Path, run: Run) -> None:
    """So `kill -9 $(actors ps --pid chat)` kills nothing."""
    nobody = run("ps", "--pid")
    unknown = run("ps", "--pid", "chat")
    left = StoryServer(path.with_name("dead.sock"), {})
    left._server.server_close()
    killed = run("ps", "--pid", "dead")
    with StoryServer(path, {}), StoryServer(path.with_name("odd.sock"), {}):
        several = run("ps", "--pid")

    found = [nobody, unknown, killed, several]
    assert [(status, out) for status, out, _ in found] == [
        (ExitCode.SOCKET, ""),
        (ExitCode.SOCKET, ""),
        (ExitCode.SOCKET, ""),
        (ExitCode.USAGE, ""),
    ]
    assert nobody[2].startswith("actors: error: no service runs here")
    assert unknown[2].startswith("actors: error: nobody answers at chat")
    assert killed[2].startswith(f"actors: error: nobody answers at {left.path}")
    assert several[2].startswith("actors: error: 2 services run here; say which one")


@pytest.mark.parametrize("other", [["--socket", "x"], ["--json"]])
def test_ps_prints_a_number_or_a_list(other: list[str], run: Run) -> None:
    """Not both."""
    status, out, err = run("ps", "--pid", "chat", *other)

    assert (status, out) == (ExitCode.USAGE, "")
    assert err == "actors: error: --pid NAME says all: no --socket, no --json\n"


def test_a_process_that_has_no_number_here_is_not_mistaken_for_another(
    path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a service says of itself is true where it runs; a Mac has nothing else."""

    def unknown(_: Client) -> None:
        """It is in another namespace."""

    monkeypatch.setattr(Client, "pid", unknown)
    with StoryServer(path, ANSWERS):
        elsewhere = run("ps", "--pid", "chat")
        monkeypatch.delattr(socket, "SO_PEERCRED")
        on_a_mac = run("ps", "--pid", "chat")

    assert elsewhere[:2] == (ExitCode.SOCKET, "")
    assert elsewhere[2].endswith(
        "has no number here: it runs in another PID namespace\n"
    )
    assert on_a_mac == (0, "4242\n", "")


def test_tree_shows_names_under_their_owners(path: Path, run: Run) -> None:
    """The options are the question's."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("tree", "/chat", "--depth", "2", "--width", "7")

    assert status == 0
    assert server.asked == ["GET /tree?path=%2Fchat&depth=2&width=7"]
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "ACTOR CLASS STATE MAILBOX IN HAND FOR RESTARTS",
        "/ ActorSystem idle 0/1,024",
        "└─ chat Chat idle 0/1,024",
        "├─ router 40 sessions Router idle 0/1,024",
        "└─ tools Tools idle 0/1,024",
        "! ├─ search Worker waiting 1,000/1,024 Lookup 1m15s 3",
        "└─ mail Worker idle 0/1,024",
    ]


def test_top_without_a_terminal_is_one_frame(path: Path, run: Run) -> None:
    """No more is asked for than fits, and than was said."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("top", "--rows", "9")
        _, raw, _ = run("top", "--json")

    assert status == 0
    assert "READY" in out
    assert "\x1b" not in out
    assert json.loads(raw) == top()
    assert server.asked == [
        "GET /top?rows=9&sessions=33",
        "GET /top?rows=33&sessions=33",
    ]


def test_top_writes_a_picture(path: Path, run: Run, tmp_path: Path) -> None:
    """Instead of printing."""
    file = tmp_path / "top.svg"
    with StoryServer(path, ANSWERS):
        status, out, _ = run("top", "--svg", str(file))
        bad, _, err = run("top", "--svg", str(tmp_path / "no" / "top.svg"))

    assert (status, out) == (0, "")
    assert "alice" in file.read_text(encoding="utf-8")
    assert bad == 2
    assert "cannot be written: No such file" in err


def test_inspect_says_all_about_an_actor(path: Path, run: Run) -> None:
    """Of a supervisor: its children, and what it did; strangers' text is escaped."""
    with StoryServer(path, ANSWERS):
        status, out, _ = run("inspect", "/chat/tools")

    assert status == 0
    assert "strategy  one_for_one" in out
    assert "mailbox   0 of 1,024" in out
    assert "handled   12 messages" in out
    assert "mail    stopped  transient         0" in out
    assert r"restarted search 12s ago: ValueError: \x1b[31mno" in out


def test_inspect_of_an_actor_without_children_to_supervise(
    path: Path, run: Run
) -> None:
    """Those below it are rows; what it waits with is said."""
    busy = actor(
        "/chat/tools",
        actor("/chat/tools/one"),
        capacity=None,
        in_hand="Ask",
        in_hand_age=3,
    )
    plain: dict[str, object] = {
        **DETAIL,
        "actor": busy,
        "grace": None,
        "supervised": [],
        "restarts": [],
        "strategy": None,
        "limit": None,
    }
    with StoryServer(path, {"GET /actors/chat/tools": plain}):
        _, out, _ = run("inspect", "/chat/tools")

    assert "in hand   Ask for 3.0s" in out
    assert "mailbox   0 without limit" in out
    assert "grace     as long as it takes" in out
    assert "└─ one" in out


def test_sessions_are_listed_as_asked_for(path: Path, run: Run) -> None:
    """With how many there are."""
    options = ["--router", "/r", "--phase", "running", "--match", "a", "--order", "key"]
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("sessions", *options, "--limit", "2")

    assert status == 0
    assert server.asked == [
        "GET /sessions?router=%2Fr&phase=running&match=a&order=key&limit=2"
    ]
    assert "SESSION  2 of 40, by key" in out
    assert r"b\x1b[0m" in out


def test_session_says_all_about_a_session(path: Path, run: Run) -> None:
    """A fact a line."""
    with StoryServer(path, ANSWERS):
        status, out, _ = run("session", "alice")

    assert status == 0
    for line in (
        "turn        17",
        "tool        search",
        "tenant      ann",
        "generation  1 (sessions of this key so far)",
    ):
        assert line in out
    assert "idle        for 3.0s" in out
    assert out.endswith("waits for nothing: it has nothing to do\n")


def test_a_session_that_burns_or_is_suspended_says_so(path: Path, run: Run) -> None:
    """The one with its age, the other without."""
    burning = session("alice", phase="given up", given_up=2, burning=75.0)
    asleep = session("bob", phase="suspended", age=None, last_activity=None)
    refused = session("eve", phase="quarantined", quarantined=90.0)
    answers = ANSWERS | {
        "GET /sessions/alice": burning,
        "GET /sessions/bob": asleep,
        "GET /sessions/eve": refused,
    }
    with StoryServer(path, answers):
        _, out, _ = run("session", "alice")
        _, suspended, _ = run("session", "bob")
        _, quarantined, _ = run("session", "eve")

    assert "burning     2 turns given up, code that goes on for 1m15s\n" in out
    assert "phase       suspended\n" in suspended
    assert "refused     for 1m30s more\n" in quarantined
    assert "age" not in suspended


def test_limits_are_facts_of_each_router(path: Path, run: Run) -> None:
    """With an empty line between."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("limits")
        run("limits", "/chat/router")

    first, second = out.split("\n\n")
    assert status == 0
    assert first.splitlines() == [
        "router               /chat/router",
        "sessions             1000",
        "sessions_per_tenant  none",
        "turns                8",
        "turns_per_tenant     2",
        "replays              1000",
        "idle                 inf",
        "start_within         120 s",
        "restarts             3 within 60 s",
        "quarantine           30 to 3600 s",
        "backoff              none",
    ]
    assert second.startswith("router               /chat/other")
    assert server.asked[-1] == "GET /limits?router=%2Fchat%2Frouter"


def test_statistics_are_facts_with_their_words(path: Path, run: Run) -> None:
    """Of the process, the system and each router."""
    with StoryServer(path, ANSWERS):
        status, out, _ = run("statistics")

    assert status == 0
    assert "takes         10.0 s of cpu, 84 MiB, 12 open files" in out
    assert "outcomes      completed 80, aborted 10" in out
    assert "dead letters  crashed 2" in out
    assert "took          0.5s a turn, on average" in out


def test_statistics_of_a_router_with_a_store_have_it_too(path: Path, run: Run) -> None:
    """What is wrong with it stands out."""
    found = store(held=1, down=75.0, why="Full: no space")
    answers = {**ANSWERS, "GET /statistics": statistics(router(store=found))}
    with StoryServer(path, answers):
        status, out, _ = run("statistics")

    assert status == 0
    assert "store         /srv/chat.db" in out
    assert "down          for 1m15s: Full: no space" in out
    assert "commits       2,000, 9,000 operations, 8.0s in it" in out
    assert "unwritten     12 prompts" in out
    assert "held          1 key" in out


def test_events_are_lines_until_the_service_ends(path: Path, run: Run) -> None:
    """Each with its time of day, counted from the first."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run("events", "--kind", "ActorStarted", "--kind", "TurnEnded")
        _, raw, _ = run("events", "--json")

    lines = out.splitlines()
    assert status == 0
    assert server.asked[0] == "GET /events?kind=ActorStarted&kind=TurnEnded"
    assert lines[0] == "chat: what happens from now on; Ctrl-C ends this"
    assert lines[1].endswith("actor started        /chat  incarnation=2")
    assert lines[1].split()[0].endswith(":02.500")
    assert lines[2] == "the service has ended"
    assert [json.loads(line)["event"] for line in raw.splitlines()] == [
        "hello",
        "ActorStarted",
        "bye",
    ]


def test_an_event_that_is_odd_is_written_all_the_same() -> None:
    """Whatever its fields are; without a beginning, times are the service's clock."""
    writer = EventWriter()
    odd = {
        "event": "TurnEnded\n",
        "at": 3.5,
        "actor": "/a",
        "outcome": {"kind": "Failed", "error": {"kind": "ValueError", "text": "\x07"}},
        "ids": [1, None, {"a": 2}],
        "nothing": None,
    }

    line = writer.write(odd)
    late = writer.write({"event": "dropped", "number": 12})

    assert line.plain == (
        r"3.500  turn ended\n         /a  outcome=Failed(error=ValueError(text=\x07))"
        "  ids=[1, None, {a=2}]"
    )
    assert late.plain == "12 events not shown: this reader is too slow"
    hello = writer.write({"event": "hello", "time": "noon", "at": 1})
    assert hello.plain.startswith("a service: ")
    assert writer.write({}).plain


def test_an_event_does_not_say_what_there_is_not() -> None:
    """An outcome has many fields, and most of them are empty; times are short."""
    outcome: dict[str, object] = {"kind": "Aborted", "turn": 2, "late": False}
    outcome |= {"notes": {}, "partial": []}
    event: dict[str, object] = {
        "event": "TurnEnded",
        "at": 1.0,
        "outcome": outcome,
        "seconds": 0.9515503,
    }

    line = EventWriter().write({**event, "turn": 0, "cost": 2.0}).plain

    assert line.split("ended")[1].split() == [
        "outcome=Aborted(turn=2)",
        "seconds=0.952",
        "turn=0",
        "cost=2",
    ]


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["stop", "/chat/tools"], "POST /actors/chat/tools/stop {}"),
        (["restart", "/chat/tools"], "POST /actors/chat/tools/restart {}"),
        (
            ["limits", "turns=4", "/chat/router", "start-within=9"],
            (
                'POST /limits {"router": "/chat/router", "turns": "4", '
                '"start_within": "9"}'
            ),
        ),
        (["abort", "17"], "POST /turns/17/abort {}"),
        (
            ["abort", "17", "--soft", "hurry", "--router", "/r"],
            ('POST /turns/17/abort {"router": "/r", "hard": false, "hint": "hurry"}'),
        ),
        (["cancel", "alice"], "POST /sessions/alice/cancel {}"),
        (["cancel", "--all", "alice"], "POST /sessions/alice/cancel_all {}"),
        (
            ["reset", "alice", "--reason", "enough"],
            'POST /sessions/alice/reset {"reason": "enough"}',
        ),
        (
            ["close", "alice", "--router", "/r"],
            'POST /sessions/alice/close {"router": "/r"}',
        ),
    ],
)
def test_a_verb_says_what_it_did(
    arguments: list[str], asked: str, path: Path, run: Run
) -> None:
    """In words; or as it came."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run(*arguments)
        _, raw, _ = run(*arguments, "--json")

    said = ANSWERS[asked.rpartition(" {")[0]]
    assert status == 0
    assert out == said["done"] + "\n"
    assert json.loads(raw) == said
    assert server.asked == [asked, asked]


@pytest.mark.parametrize(
    "command",
    [
        ["tree"],
        ["inspect", "/chat/tools"],
        ["sessions"],
        ["session", "alice"],
        ["statistics"],
        ["limits"],
    ],
)
def test_json_is_the_answer_as_it_came(
    command: list[str], path: Path, run: Run
) -> None:
    """One line, if nobody looks."""
    with StoryServer(path, ANSWERS) as server:
        status, out, _ = run(*command, "--json")

    (asked,) = server.asked
    assert status == 0
    assert json.loads(out) == ANSWERS[asked.partition("?")[0]]
    assert out.count("\n") == 1


def test_stop_waits_until_the_service_is_gone(
    path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says what it still waits for, once for each state without a terminal."""
    told = iter(
        [
            statistics(router(), state="draining", left=20.0),
            statistics(router(), state="draining", left=19.0),
            (503, {"error": "the service has ended"}),
        ]
    )
    stopping = threading.Event()

    def statistics_(*_: object) -> object:
        assert stopping.is_set()
        answer = next(told, None)
        if answer is None:
            process.kill()
            return b""
        return answer

    def stop(*_: object) -> object:
        stopping.set()
        return {
            "done": "the service is stopping",
            "turn": None,
            "withdrawn": [],
            "node": None,
        }

    answers = {"POST /stop": stop, "GET /statistics": statistics_}
    with other_process() as process, StoryServer(path, answers) as server:
        monkeypatch.setattr(Client, "pid", pid_of(process))
        status, out, err = run("stop", "--within", "20")

    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert (
        lines[0] == "draining: 6 turns running, 3 prompts waiting, 46 actors; 20s left"
    )
    assert lines[1].startswith("the service is gone, after ")
    assert len(lines) == 2
    assert server.asked[0] == 'POST /stop {"within": 20.0}'


def test_on_a_terminal_the_progress_is_one_line(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rewritten, and gone at the end."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers: dict[str, Any] = {
        "POST /stop": {
            "done": "it is stopping",
            "turn": None,
            "withdrawn": [],
            "node": None,
        },
        "GET /statistics": statistics(router(), state="draining", left=9.0),
    }
    asked = iter(range(2))
    told = Client.statistics

    def statistics_(self: Client) -> StatisticsShape:
        if next(asked, None) is None:
            process.kill()
        return told(self)

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(Client, "statistics", statistics_)
    with other_process() as process, StoryServer(path, answers):
        monkeypatch.setattr(Client, "pid", pid_of(process))
        status = main(["stop"])

    lines = terminal.getvalue().split("\r\x1b[K")
    assert status == 0
    assert lines[1] == lines[2]
    assert lines[1].startswith("draining: 6 turns running, 3 prompts waiting")
    assert lines[-1].startswith("the service is gone")


def test_a_process_that_outlives_its_service_is_told_about(
    path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has ended, as far as one can ask it: that is not in order."""
    monkeypatch.setattr(telling, "_LAST", 0.0)
    answers: dict[str, Any] = {
        "POST /stop": {
            "done": "it is stopping",
            "turn": None,
            "withdrawn": [],
            "node": None,
        },
        "GET /statistics": b"",
    }
    with StoryServer(path, answers):  # in this process, which stays
        status, out, err = run("stop")

    assert (status, out) == (4, "")
    assert f"its process, {os.getpid()}, is still there" in err


def test_a_service_that_is_too_busy_to_answer_is_waited_for(
    path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has not gone: its process is there."""
    asked = iter(range(2))

    def statistics_(self: Client) -> StatisticsShape:
        if next(asked, None) is None:
            process.kill()
        raise SilentServiceError(self.path, "it said nothing")

    monkeypatch.setattr(Client, "statistics", statistics_)
    done: dict[str, object] = {
        "done": "it is stopping",
        "turn": None,
        "withdrawn": [],
        "node": None,
    }
    with other_process() as process, StoryServer(path, {"POST /stop": done}):
        monkeypatch.setattr(Client, "pid", pid_of(process))
        status, out, _ = run("stop")

    assert status == 0
    assert out.splitlines()[0].startswith("busy: the service does not answer")


def pid_of(process: subprocess.Popen[bytes]) -> Callable[[Client], int]:
    """Say that the socket is this process's."""

    def pid(_: Client) -> int:
        return process.pid

    return pid


def other_process() -> subprocess.Popen[bytes]:
    """Start a process that waits; the socket's own is the test's, and stays."""
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )


def test_a_path_and_a_time_do_not_go_together(path: Path, run: Run) -> None:
    """An actor has a grace of its own."""
    with StoryServer(path, ANSWERS) as server:
        status, _, err = run("stop", "/chat/tools", "--within", "3")

    assert status == 2
    assert "--within is for the service" in err
    assert server.asked == []


def test_a_refusal_is_one_line_and_its_status(path: Path, run: Run) -> None:
    """Whatever is in the text."""
    answer = (404, {"error": "there is no actor '\x1b]0;x'\nreally"})
    with StoryServer(path, {"GET /actors/x": answer}):
        status, out, err = run("inspect", "/x")

    assert (status, out) == (5, "")
    assert err == "actors: error: there is no actor '\\x1b]0;x'\\nreally\n"


def test_nobody_there_is_one_line_and_its_status(tmp_path: Path, run: Run) -> None:
    """As with a path, so without one."""
    status, _, err = run("tree", "--socket", str(tmp_path / "no.sock"))
    alone, _, hint = run("tree")

    assert (status, alone) == (3, 3)
    assert err.startswith(f"actors: error: nobody answers at {tmp_path}/no.sock: ")
    assert "actors run module:Tree" in hint
    assert err.count("\n") == hint.count("\n") == 1


def test_the_only_live_service_is_meant(
    path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two, the choice is the user's: an option, or the environment."""
    other = path.with_name("other.sock")
    told = {"GET /statistics": statistics(name="other")}
    with StoryServer(path, ANSWERS), StoryServer(other, told):
        status, _, err = run("statistics")
        _, by_option, _ = run("statistics", "--socket", str(other))
        monkeypatch.setenv("ACTORS_SOCKET", str(other))
        _, by_environment, _ = run("statistics")

    assert status == 2
    assert err == (
        "actors: error: 2 services run here; say which one with --socket: "
        f"{path}, {other}\n"
    )
    assert "other" in by_option
    assert by_environment == by_option


def test_a_service_is_meant_by_its_name(
    path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If its socket is where it is by default; a socket of that name goes first.

    A folder of that name does not: in that of `actors new chat` there is one.
    """
    other = path.with_name("other.sock")
    told = {"GET /statistics": statistics(name="other")}
    with StoryServer(path, ANSWERS), StoryServer(other, told):
        _, by_path, _ = run("statistics", "--socket", str(other))
        _, by_name, _ = run("statistics", "--socket", "other")
        _, _, unknown = run("statistics", "--socket", "third")
        _, _, no_name = run("statistics", "--socket", str(path.with_name("other")))
        monkeypatch.chdir(path.parent)
        path.with_name("other").mkdir()
        _, beside_folder, _ = run("statistics", "--socket", "other")
        path.with_name("other").rmdir()
        path.with_name("other").symlink_to(path)
        _, by_file, _ = run("statistics", "--socket", "other")

    assert "other" in by_path
    assert beside_folder == by_path
    assert by_name == by_path
    assert unknown.startswith("actors: error: nobody answers at third: ")
    assert no_name.startswith(f"actors: error: nobody answers at {path.parent}/other: ")
    assert by_file != by_path


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["fly"], "there is no command 'fly'; see 'actors --help'"),
        (["sesions"], "no command 'sesions': did you mean 'sessions'?; see 'actors"),
        (["drain"], "there is no command 'drain': you mean actors stop; see 'actors"),
        (["tree", "--depth", "0"], "must be a whole number from 1 on, not '0'"),
        (["tree", "--depth", "two"], "must be a whole number from 1 on, not 'two'"),
        (["top", "--interval", "0"], "must be at least 0.1 s, not '0'"),
        (["top", "--interval", "nan"], "must be seconds, 0 or more, not 'nan'"),
        (["stop", "--within", "inf"], "must be seconds, 0 or more, not 'inf'"),
        (["sessions", "--order", "random"], "invalid choice: 'random'"),
        (["sessions", "--phase", "bogus"], "choose from 'waiting for a place', 'star"),
        (["sessions", "--phase", "idle", "--suspended"], "not allowed with argument"),
        (["limits", "/a", "/b"], "one router at most, not /a and /b"),
        (["limits", "turns=1", "turns=2"], "turns is given more than once"),
        (["session"], "the following arguments are required: key"),
        (["run"], "the following arguments are required: module:Tree"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    arguments: list[str], why: str, run: Run
) -> None:
    """And says where help is."""
    status, out, err = run(*arguments)

    assert (status, out) == (2, "")
    assert err.startswith("actors: error: ")
    assert why in err
    assert "--help'" in err
    assert err.count("\n") == 1


def test_version_and_help_are_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """Help has every command."""
    for arguments in (["--version"], ["--help"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code in {0, None}

    out = capsys.readouterr().out
    assert out.startswith("actors 0.")
    for command in ("run", "ps", "top", "events", "demo"):
        assert f"  {command} " in out


def test_demo_has_its_arguments_as_they_are(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its help is its own, and so is its status."""
    given: list[list[str]] = []

    class Demo:
        @staticmethod
        def main(arguments: list[str]) -> int:
            given.append(arguments)
            return 4

    monkeypatch.setitem(sys.modules, "supervision.demo", Demo)

    status, _, _ = run("demo", "--speed", "60", "--help")

    assert status == 4
    assert given == [["--speed", "60", "--help"]]


def test_ctrl_c_is_quiet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells count."""

    def interrupt(_: Client) -> StatisticsShape:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "statistics", interrupt)

    assert run("statistics", "--socket", "/nowhere") == (130, "", "")


def test_a_reader_that_goes_is_no_error(path: Path) -> None:
    """As in `actors events | head -1`: no traceback, and no complaint at exit."""
    # more than a pipe holds, and than a first read takes
    children = (actor(f"/{number:0200}") for number in range(1000))
    answers = {"GET /tree": actor("/", *children)}
    with (
        StoryServer(path, answers),
        subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "supervision.cli", "tree", "--socket", str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()

    assert err == b""
    assert process.wait() == 141


def test_a_terminal_that_cannot_show_a_letter_gets_an_escape(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of a traceback."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    answers = ANSWERS | {"GET /sessions/%C3%A4": session("ä", tool="日本")}
    with StoryServer(path, answers):
        status = main(["session", "ä"])

    assert status == 0
    assert b"\\u65e5\\u672c" in raw.getvalue()


def test_a_system_that_has_no_counts_is_shown(path: Path, run: Run) -> None:
    """Nothing is divided by nothing, and what is not known is a dash."""
    empty = statistics(router(outcomes={}, turns={}, turn_seconds={}, refused={}))
    empty["process"] = {"cpu": 0.0, "rss": None, "files": None}
    empty["system"] = system(dead_letters={})
    with StoryServer(path, {"GET /statistics": empty}):
        status, out, _ = run("statistics")

    assert status == 0
    assert "takes         0.0 s of cpu, -\n" in out
    assert "took          - a turn" in out
    assert "dead letters  none" in out
