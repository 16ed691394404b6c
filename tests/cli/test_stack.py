"""`actors stack`: what is written of where somebody stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supervision._drawing.stack_lines import stack_lines
from supervision.cli._commands.source import Source
from supervision.service import FrameShape, StackShape, TaskShape, TurnShape
from tests.cli.story import StoryServer, actor, service, session
from tests.cli.test_commands import Run, alone, path, run

__all__ = ("alone", "path", "run")  # fixtures


def frame(call: str, line: int | None = 7, *, yours: bool = True) -> FrameShape:
    """Make a frame: `function(argument, argument)`."""
    function, _, rest = call.partition("(")
    arguments = [each for each in rest.rstrip(")").split(", ") if each]
    file = "/srv/chat.py" if yours else "/lib/trio/_timeouts.py"
    return FrameShape(
        function=function, file=file, line=line, yours=yours, arguments=arguments
    )


def task(name: str, *frames: FrameShape, **fields: Any) -> TaskShape:
    """Make a task; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "name": name,
        "kind": "task",
        "frames": list(frames),
        "cut": 0,
        "tasks": [],
        "hidden": 0,
        **fields,
    }
    return told  # type: ignore[return-value]


def turn(number: int, *tasks: TaskShape, **fields: Any) -> TurnShape:
    """Make a turn; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "turn": number,
        "kind": "turn",
        "phase": "running",
        "age": 125.0,
        "silent": 2.0,
        "tools": [],
        "left": {"time": 30.0, "inactivity": 298.0},
        "prompts": [1_000_000_003],
        "tasks": list(tasks),
        "children": [],
        "hidden": 0,
        **fields,
    }
    return told  # type: ignore[return-value]


def stack(*turns: TurnShape, **fields: Any) -> StackShape:
    """Make a stack of a session; `fields` instead of what is usual."""
    told: dict[str, Any] = {
        "actor": actor("/chat/router/alice"),
        "session": session("ali\x1bce"),
        "tasks": [],
        "turns": list(turns),
        "queue": [],
        "hidden": 0,
        **fields,
    }
    return told  # type: ignore[return-value]


SLEEP = (
    frame("sleep(seconds=30)", yours=False),
    frame("sleep_until()", yours=False),
)
TURN = turn(
    1_000_000_017,
    task(
        "Chat.take_turn",
        frame("TurnRun.receive()", yours=False),
        frame("Chat.take_turn(turn=<Turn>)"),
        frame("search(query='x', limit=3)", None),
        *SLEEP,
        kind="hook",
        tasks=[task("napping", *SLEEP)],
        hidden=2,
    ),
    task("Chat.new"),
    tools=[{"name": "search", "age": 4.0}],
    children=[turn(18, kind="child", left={"grace": 5.0}, prompts=[], age=None)],
)


def written(found: StackShape, *, everything: bool = False) -> list[str]:
    """The lines, with no source but of line 7."""

    def source(file: str, line: int) -> str | None:
        return "    await search(query)\n" if line == 7 and "srv" in file else None

    lines = stack_lines(found, source, everything=everything)
    return [each.plain for each in lines]


def test_of_a_stack_what_is_yours_is_shown() -> None:
    """And what it awaits; ids whole; no control characters."""
    assert written(stack(TURN)) == [
        "ali\\x1bce  running  of /chat/router",
        "turn 1000000017  running  for 2m05s, silent 2.0s",
        "  tool search  for 4.0s",
        "  left: time 30s, inactivity 4m58s",
        "  answers prompt 1000000003",
        "  hook Chat.take_turn",
        "    Chat.take_turn(turn=<Turn>)  /srv/chat.py:7",
        "        await search(query)",
        "    search(query='x', limit=3)  /srv/chat.py",
        "    awaits sleep(seconds=30)",
        "    task napping",
        "      sleep(seconds=30)  /lib/trio/_timeouts.py:7",
        "      sleep_until()  /lib/trio/_timeouts.py:7",
        "    ... 2 more tasks",
        "  task Chat.new",
        "    has not begun, or runs just now",
        "  child 18  running",
        "    left: grace 5.0s",
    ]


@pytest.mark.parametrize(
    ("tenant", "says"),
    [
        ("ac\x1bme", "waiting for a slot of tenant 'ac\\x1bme'"),
        (None, "waiting for tenant"),
    ],
)
def test_whose_limit_holds_a_turn_is_said_in_full(
    tenant: str | None, says: str
) -> None:
    """Where there is room for it; lists have a short word."""
    waits = session("alice", phase="waiting for tenant", tenant=tenant)

    assert written(stack(session=waits))[0] == f"alice  {says}  of /chat/router"


def test_everything_is_shown_if_asked_for() -> None:
    """Frames of the library too, and how many are cut."""
    deep = task("deep", *SLEEP, frame("mine()"), *SLEEP, cut=200)

    lines = written(stack(turn(1, deep, left={}, prompts=[])), everything=True)

    assert [each.strip().split("  ")[0] for each in lines[3:]] == [
        "sleep(seconds=30)",
        "sleep_until()",
        "mine()",
        "await search(query)",
        "sleep(seconds=30)",
        "sleep_until()",
        "(200 frames not shown)",
    ]


def test_what_burns_is_named() -> None:
    """With its age."""
    burning = turn(3, kind="given up", phase="ended", left={}, prompts=[], age=600.0)

    lines = written(stack(burning))

    assert lines[1] == "given up 3  its code goes on  for 10m00s, silent 2.0s"


def test_what_waits_is_listed() -> None:
    """And how much more there is."""
    queue = [{"id": 1_000_000_004, "kind": "send", "age": 3.0, "text": "'hi\x1b'"}]

    lines = written(stack(queue=queue, hidden=9))

    assert lines[1:] == [
        "waiting",
        "  1000000004  send  for 3.0s  'hi\\x1b'",
        "... 9 more not shown",
    ]


def test_of_who_has_nothing_to_do_that_is_said() -> None:
    """A session, and an actor, with its message in hand."""
    busy = actor("/a", state="waiting", in_hand="Lookup", in_hand_age=75.0)

    assert written(stack())[1:] == ["  waits for nothing: it has nothing to do"]
    assert written(stack(session=None, actor=busy))[0] == (
        "/a  waiting  Lookup in hand for 1m15s"
    )
    assert written(stack(session=None, actor=actor("/a")))[0] == "/a  idle"
    assert written(stack(session=None, actor=None)) == [
        "  waits for nothing: it has nothing to do"
    ]


def test_the_command_asks_for_a_session_and_then_for_an_actor(
    path: Path, run: Run
) -> None:
    """A key may look like a path, so it goes first; a router makes it a key."""

    def answer(target: str, body: str) -> Any:
        del body
        if "key=alice" in target:
            return stack(TURN)
        if "path=" in target:
            return stack(session=None)
        return 404, {"error": "no router knows the session"}

    answers = {"GET /": service(), "GET /stack": answer}
    with StoryServer(path, answers) as server:
        session_status, out, _ = run("stack", "alice")
        _, raw, _ = run("stack", "alice", "--json", "--router", "/chat/router")
        actor_status, shown, _ = run("stack", "/chat/router/alice", "--all")
        lost = [run("stack", "bob")[0], run("stack", "/b", "--router", "/r")[0]]

    assert (session_status, actor_status, lost) == (0, 0, [5, 5])
    assert "awaits sleep(seconds=30)" in out
    assert raw.startswith('{"actor": {')
    assert shown.startswith("/chat/router/alice  idle")
    assert [each for each in server.asked if "stack" in each][1:4] == [
        "GET /stack?key=alice&router=%2Fchat%2Frouter",
        "GET /stack?key=%2Fchat%2Frouter%2Falice",
        "GET /stack?path=%2Fchat%2Frouter%2Falice",
    ]


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Path]:
    """A file of source."""
    file = tmp_path / "chat.py"
    file.write_text("first\nsecond\n", encoding="utf-8")
    yield file
    file.unlink()


def test_a_line_of_source_is_read_where_it_is_surely_the_one_that_runs(
    module: Path,
) -> None:
    """Nothing of a file that has changed since, and of none that is no source."""
    now = module.stat().st_mtime + 10
    fifo = module.with_name("pipe.py")
    os.mkfifo(fifo)
    text = module.with_name("secret")
    text.write_text("secret\n", encoding="utf-8")
    late, early = Source(now), Source(now - 1000)

    assert late.line(str(module), 2) == "second\n"
    assert late.line(str(module), 1) == "first\n"
    assert late.line(str(module), 99) is None
    assert early.line(str(module), 2) is None
    assert late.line(str(text), 1) is None
    assert late.line(str(fifo), 1) is None
    assert late.line("chat.py", 1) is None
    assert late.line("/nowhere/chat.py", 1) is None
    assert late.line("/\0.py", 1) is None
