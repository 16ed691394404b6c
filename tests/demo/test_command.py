"""`actors demo` as a stranger meets it: real processes, pipes and signals."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from supervision.cli import main as actors
from supervision.demo import Plan
from supervision.demo._playing.course import (
    Course,
    DemoError,
    Options,
    Watcher,
    demonstrate,
)
from supervision.demo._playing.outside import Outside, open_service
from supervision.demo._playing.summary import Summary
from supervision.demo._playing.terminal import choose_socket
from supervision.demo._playing.watching import Lines, LiveView
from supervision.demo.pictures import main as take_pictures
from supervision.service import ExitCode

PATIENCE = 100  # seconds until a demo is killed that does not do what it should
_NOBODYS: Any = None  # what is not used
FAST = ["--plain", "--speed", "200", "--seconds", "30"]


def words_of(text: str) -> str:
    """A text without its line breaks: tables are wrapped."""
    return " ".join(text.split())


@contextmanager
def started(folder: Path, *options: str) -> Generator[subprocess.Popen[str]]:
    """A demo in a process of its own; nothing of it is left behind.

    Its files are in the folder: one that is killed cannot remove them.
    """
    command = [sys.executable, "-m", "supervision.cli", "demo", "--plain", *options]
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    ) as demo:
        too_long = threading.Timer(PATIENCE, demo.kill)
        too_long.start()
        try:
            yield demo
        finally:
            too_long.cancel()
            if demo.poll() is None:
                demo.kill()


def read_until(demo: subprocess.Popen[str], words: str) -> list[str]:
    """Read its lines until one begins with these words."""
    assert demo.stdout is not None
    lines: list[str] = []
    for line in demo.stdout:
        lines.append(line)
        if line.startswith(words):
            return lines
    pytest.fail(f"it never said {words!r}: {lines}")


def test_a_demo_ends_in_a_summary_that_adds_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command: traffic, faults, a drain, both accounts; exit status 0."""
    log = tmp_path / "service.log"
    options = ["--turns", "60", "--socket", str(tmp_path / "s"), "--log", str(log)]

    status = actors(["demo", *FAST, *options])

    out = capsys.readouterr().out
    told = words_of(out)
    assert status == 0, told
    assert out.splitlines()[-1] == "adds up: yes"
    accepted = re.search(r"accepted (\d+) = (.*?) kill -9", told)
    assert accepted is not None, told
    outcomes = [int(number) for number in re.findall(r"(\d+) \w+", accepted[2])]
    assert int(accepted[1]) == sum(outcomes) >= 55
    assert "adds up yes: every accepted prompt has one outcome, in the store" in told
    assert "what went wrong with prompts nothing" in told
    killed = re.search(r"kill -9 2 times, back within [\d.]+ m?s: of (\d+) open", told)
    assert killed is not None, told
    assert int(killed[1]) > 0
    assert log.read_text().count("is ready after") == 3
    assert not (tmp_path / "s").exists()


def test_a_demo_without_what_a_store_needs_runs_in_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, is not killed, and adds up all the same."""
    monkeypatch.setattr("supervision.demo._playing.terminal.can_be_kept", lambda: False)

    status = actors(["demo", *FAST, "--turns", "20", "--socket", "none"])

    lines = capsys.readouterr().out.splitlines()
    told = words_of(" ".join(lines))
    assert status == 0, told
    assert lines[0] == (
        "no store, so it runs in memory and is not killed: "
        "pip install 'trio-actors[durable]'"
    )
    assert "adds up yes: every accepted prompt has one outcome, in the router" in told
    assert "kill -9" not in told


def test_a_service_that_cannot_start_shows_the_end_of_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends the command with its exit status."""
    occupied = tmp_path / "s"
    occupied.write_text("not a socket")

    status = actors(["demo", *FAST, "--socket", str(occupied)])

    told = capsys.readouterr().err
    assert status == ExitCode.SOCKET
    assert str(occupied) in told
    last = told.splitlines()[-1]
    assert last.startswith("actors: error: the service ended before")
    assert last.endswith("; say --socket PATH for another socket, or --socket none")
    assert occupied.read_text() == "not a socket"


def test_a_log_that_cannot_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, before anything is started."""
    options = ["--socket", "none", "--log", str(tmp_path / "no" / "log")]

    assert actors(["demo", *FAST, *options]) == ExitCode.CRASHED
    assert "No such file or directory" in capsys.readouterr().err


def test_ctrl_c_stops_early_and_in_order(tmp_path: Path) -> None:
    """The service drains; the summary is told; exit status 0."""
    with started(
        tmp_path, "--socket", "none", "--no-faults", "--seconds", "600"
    ) as demo:
        read_until(demo, "playing")
        demo.send_signal(signal.SIGINT)
        told = words_of("".join(read_until(demo, "exit code")))

    assert "asked to stop" in told
    assert "adds up yes" in told
    assert told.endswith("exit code 0 (OK)")


def test_the_service_ends_when_its_command_is_killed(tmp_path: Path) -> None:
    """Nobody is left behind who plays for ever."""
    with started(tmp_path, "--socket", "none") as demo:
        lines = read_until(demo, "playing")
        found = re.fullmatch(r"starting .* process (\d+)\n", lines[0])
        assert found is not None, lines
        service = os.pidfd_open(int(found[1]))  # readable when it has ended
        try:
            demo.kill()
            ended, _, _ = select.select([service], [], [], PATIENCE)
        finally:
            os.close(service)

    assert ended


@pytest.mark.parametrize(
    ("asked", "able", "found"),
    [
        ("none", True, None),
        ("a/b.sock", True, Path.cwd() / "a/b.sock"),
        (None, False, None),
        (None, True, "demo.sock"),
    ],
)
def test_the_socket_is_where_it_was_asked_for(
    asked: str | None,
    *,
    able: bool,
    found: Path | str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or where the other commands look, if there can be one."""
    monkeypatch.setenv("ACTORS_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr(
        "supervision.demo._playing.terminal.can_be_watched", lambda: able
    )

    socket = choose_socket(asked)

    assert socket == (tmp_path / "run" / found if isinstance(found, str) else found)


def test_a_socket_that_cannot_be_served_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is to be installed."""
    monkeypatch.setattr(
        "supervision.demo._playing.terminal.can_be_watched", lambda: False
    )

    assert actors(["demo", "--socket", "s"]) == ExitCode.USAGE
    assert "pip install 'trio-actors[control]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "terminal", "watcher"),
    [
        ([], True, LiveView),
        (["--plain"], True, Lines),
        (["--socket", "none"], True, Lines),
        ([], False, Lines),
    ],
)
def test_the_live_view_is_for_a_terminal_with_a_socket(
    options: list[str],
    *,
    terminal: bool,
    watcher: type[Watcher],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Anybody else gets lines."""
    asked: list[tuple[Options, Watcher]] = []

    def demonstrated(options: Options, watcher: Watcher) -> Summary:
        asked.append((options, watcher))
        return Summary(plan=Plan(), account=None, report=None, service_exit=7)

    monkeypatch.setenv("ACTORS_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("FORCE_COLOR" if terminal else "NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(
        "supervision.demo._playing.terminal.can_be_watched", lambda: True
    )
    monkeypatch.setattr("supervision.demo._playing.terminal.demonstrate", demonstrated)

    status = actors(["demo", "--seconds", "30", "--slots", "9", *options])

    assert status == 7
    assert isinstance(asked[0][1], watcher)
    assert asked[0][0].seconds == 30
    assert asked[0][0].plan == Plan(slots=9, fault_every=2.0)
    assert (asked[0][0].kills, asked[0][0].durable) == (2, True)


class Nobody:
    """Watches nothing."""

    async def watch(self, course: Course) -> None:
        """Be there."""
        del course


async def test_leaving_the_block_kills_a_service_that_still_runs(
    tmp_path: Path,
) -> None:
    """Whatever the reason; its files stay for whoever wants to know."""
    async with open_service(Plan(), tmp_path, budget=1, socket=None) as service:
        assert service.exit_code is None
        assert service.report() is None

    assert service.exit_code == 128 + signal.SIGKILL
    assert service.log == tmp_path / "service.log"


def test_a_service_that_hears_nothing_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After its budget and a while; the command does not wait for ever."""
    monkeypatch.setattr("supervision.demo._playing.course.PATIENCE", 0.1)
    monkeypatch.setattr(Outside, "ask_to_stop", Outside.last_words)  # does nothing
    options = Options(plan=Plan(turns=1), seconds=0.1, budget=0.1)

    summary = demonstrate(options, Nobody())

    assert summary.exit_code == 128 + signal.SIGKILL
    assert summary.report is None
    assert "the service has left no report" in summary.broken


def test_a_service_that_is_not_ready_in_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And killed."""
    monkeypatch.setattr("supervision.demo._playing.course.STARTS_WITHIN", 0.0)

    with pytest.raises(DemoError, match=r"not ready within 0 s") as caught:
        demonstrate(Options(plan=Plan()), Nobody())

    assert caught.value.exit_code == ExitCode.CRASHED


def test_a_service_that_does_not_come_back_is_told() -> None:
    """With what it said last, and exit status 1, whatever its own was."""

    class Saboteur(Nobody):
        async def watch(self, course: Course) -> None:
            await course.playing.wait()
            program = "print('I cannot'); raise SystemExit(7)"
            course.service.command[1:] = ["-c", program]

    plan = Plan(turns=60, speed=200)
    options = Options(plan=plan, seconds=30, kills=1, durable=True)

    with pytest.raises(DemoError, match="before it was back after kill -9") as caught:
        demonstrate(options, Saboteur())

    assert "with exit code 7" in str(caught.value)
    assert caught.value.exit_code == ExitCode.CRASHED
    assert caught.value.log.endswith("I cannot")


def test_kills_that_are_not_due_in_time_are_made_in_the_end() -> None:
    """A slow machine sees them too; what had no outcome has one all the same."""
    options = Options(plan=Plan(speed=1), seconds=0.5, kills=1, durable=True)

    summary = demonstrate(options, Nobody())

    assert summary.account is not None
    assert summary.account["kills"]["number"] == 1
    assert summary.account["kills"]["open"] > 0
    assert summary.broken == []
    assert summary.exit_code == ExitCode.OK


def test_a_service_that_ends_by_itself_is_not_taken_for_killed() -> None:
    """Its own exit status is that of the command."""

    class Other(Nobody):
        async def watch(self, course: Course) -> None:
            await course.playing.wait()
            course.service.process.terminate()
            await course.service.process.wait()
            await course._kill(_NOBODYS, _NOBODYS)

    summary = demonstrate(Options(plan=Plan(faults=False)), Other())

    assert summary.account is not None
    assert summary.account["kills"]["number"] == 0
    assert summary.exit_code == ExitCode.OK


def test_what_a_watcher_raises_comes_out() -> None:
    """Not in a group, and with the service gone."""

    class Broken(Nobody):
        async def watch(self, course: Course) -> None:
            await course.playing.wait()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        demonstrate(Options(plan=Plan()), Broken())


def test_pictures_are_taken_of_a_running_demo(tmp_path: Path) -> None:
    """Four of them, each an SVG that fetches nothing."""
    pytest.importorskip("starlette", reason="pictures need the extra 'control'")
    pytest.importorskip("hypercorn", reason="pictures need the extra 'control'")

    assert take_pictures([str(tmp_path / "new"), "--after", "0.5"]) == 0

    found = {each.name: each.read_text() for each in (tmp_path / "new").iterdir()}
    assert set(found) == {"top.svg", "tree.svg", "sessions.svg", "summary.svg"}
    assert all("url(http" not in text for text in found.values())
    for name, words in (
        ("top.svg", "calculator"),
        ("tree.svg", "router"),
        ("sessions.svg", "running"),
        ("summary.svg", "exit&#160;code"),
    ):
        assert words in found[name], name


def test_pictures_need_a_time_to_be_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Seconds, above 0."""
    with pytest.raises(SystemExit):
        take_pictures(["somewhere", "--after", "0"])

    assert "--after must be a number of seconds above 0" in capsys.readouterr().err
