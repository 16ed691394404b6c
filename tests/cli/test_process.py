"""`actors stack --pid`: a process that hangs says itself where everybody stands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from actors import Actor, open_system
from supervision._drawing.stack_lines import whole_lines
from supervision.cli import main
from supervision.cli._commands import process
from supervision.client.directory import CommandError
from supervision.service import ExitCode
from supervision.service.whole import whole, write
from tests.cli.test_stack import frame, stack, task

ABLE = hasattr(sys, "remote_exec")
PATIENCE = 100  # seconds until a program is taken for dead

PROGRAM = """
import os, trio
from actors import Actor, open_system

class Slow(Actor[str]):
    async def receive(self, message):
        await trio.sleep(1000)

async def main():
    async with open_system() as system:
        system.start(Slow, name="slow").tell_nowait("go")
        await trio.testing.wait_all_tasks_blocked()
        print(os.getpid(), flush=True)
        await trio.sleep_forever()

import trio.testing
trio.run(main)
"""


class Slow(Actor[str]):
    """Does not come back."""

    async def receive(self, message: str) -> None:  # noqa: ARG002 - to be seen
        await trio.sleep_forever()


async def test_those_who_wait_are_written_to_a_file(tmp_path: Path) -> None:
    """All at once, with the main thread; who is at rest is only counted."""
    file = tmp_path / "answer"
    async with open_system() as system:
        slow = system.start(Slow, name="slow")
        slow.tell_nowait("go")
        await trio.testing.wait_all_tasks_blocked()
        write(str(file))
        slow.kill()
    found = json.loads(file.read_text(encoding="utf-8"))

    assert [each["actor"]["path"] for each in found["stacks"]] == ["/slow"]
    assert found["actors"] == 2
    assert not any("whole.py" in each["file"] for each in found["frames"])
    assert not file.with_name("answer.part").exists()


def test_whatever_goes_wrong_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To who asked, and never to the program that is looked at."""

    def broken() -> Any:
        raise RuntimeError

    monkeypatch.setattr("supervision.service.whole.whole", broken)
    write(str(tmp_path / "answer"))

    text = (tmp_path / "answer").read_text(encoding="utf-8")
    assert json.loads(text) == {"error": "RuntimeError: "}


async def test_the_script_that_asked_is_no_frame() -> None:
    """It is ours, too."""
    names: dict[str, Any] = {"whole": whole}
    exec(compile("found = whole()", "<string>", "exec"), names)  # noqa: S102

    assert names["found"]["frames"][-1]["file"] == __file__


def test_a_process_is_drawn() -> None:
    """Its thread, and one actor after the other."""
    lines = whole_lines(
        {
            "pid": 7,
            "frames": [frame("main()", 3)],
            "cut": 0,
            "stacks": [stack(session=None, tasks=[task("a", frame("f()", 4))])],
            "actors": 2000,
        },
        lambda _file, _line: None,
        everything=False,
    )

    assert [each.plain for each in lines] == [
        "process 7",
        "  thread main",
        "    main()  /srv/chat.py:3",
        "1 actor of 2,000 wait",
        "/chat/router/alice  idle",
        "  task a",
        "    f()  /srv/chat.py:4",
    ]


def test_what_an_older_python_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is needed, and what there is instead."""
    monkeypatch.delattr(sys, "remote_exec", raising=False)

    assert main(["stack", "--pid", "1"]) == ExitCode.USAGE

    said = capsys.readouterr().err
    assert "needs Python 3.14 or newer" in said
    assert "actors stack KEY" in said
    assert "no suspended tasks" in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "say whose stack"),
        (["alice", "--pid", "1"], "no key"),
        (["--pid", "1", "--socket", "/x"], "no --socket"),
    ],
)
def test_a_process_and_a_key_do_not_go_together(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And one of them is needed."""
    assert main(["stack", *arguments]) == ExitCode.USAGE
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"error": "no"}, "process 1: no"),
        ({"pid": 1}, "process 1: frames should be there, but is missing"),
        (None, "has not taken a step in 0 s"),
    ],
)
def test_an_answer_that_is_none_is_an_error(
    answer: Any, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which says what is wrong."""
    monkeypatch.setattr(process, "_WITHIN", 0.0)
    file = tmp_path / "answer"
    if answer is not None:
        file.write_text(json.dumps(answer), encoding="utf-8")

    with pytest.raises(CommandError, match=why):
        process._read(1, file)


def test_a_process_that_is_not_there_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel says."""

    def refuse(pid: int, script: str) -> None:
        del pid, script
        raise ProcessLookupError(3, "No such process")

    monkeypatch.setattr(sys, "remote_exec", refuse, raising=False)

    assert main(["stack", "--pid", "1"]) == ExitCode.SOCKET
    assert "process 1 cannot be looked into" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.skipif(not ABLE, reason="sys.remote_exec is of Python 3.14")
def test_an_idle_process_is_woken(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It sleeps in the kernel, and says all the same where its actors wait."""
    running = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True
    )
    with running:
        try:
            assert running.stdout is not None
            pid = running.stdout.readline().strip()
            status = main(["stack", "--pid", pid, *options])
        finally:
            running.kill()

    out = capsys.readouterr().out
    assert status == 0
    assert "/slow" in out
    assert "seconds=1000" in out
