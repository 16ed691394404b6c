"""What the demo shows: its lines, the live view, the summary."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from rich.console import Console
from rich.text import Text

from actors import (
    open_system,
)
from supervision.cli import Client, ClientError, NobodyThereError
from supervision.demo import Plan
from supervision.demo._playing.audit import Audit
from supervision.demo._playing.course import Course, Options, Stage
from supervision.demo._playing.outside import Outside
from supervision.demo._playing.summary import Summary
from supervision.demo._playing.watching import Lines, LiveView, foot, line
from supervision.demo.pictures import Photographer
from supervision.demo.traffic.book import NOTHING, ROUTER_CRASHED, Book
from supervision.service import TopShape, View
from tests.cli.story import router, top

# ------------------------------------------------------------------------- the summary

ACCOUNT: Any = Book().as_json(0.0) | {
    "seconds": 12.0,
    "offered": 1_020,
    "accepted": 1_000,
    "refused": {"ClosedToNewError": 20},
    "outcomes": {"Completed": 990, "Failed": 10},
    "filed": {
        ROUTER_CRASHED: {"Failed": 1},
        "the turn raises": {"Failed": 9},
        NOTHING: {"Completed": 990},
    },
    "faults": {"the router crashed": 1, "a tool crashed": 2},
    "notes": {"calls made again": 1, "calls answered": 44},
    "longest_repair": 0.004,
}
REPORT: Mapping[str, Any] = {
    "why": "SIGTERM",
    "budget": 10.0,
    "drain_seconds": 1.5,
    "stop_seconds": 0.5,
    "in_time": True,
    "accepted": 1_000,
    "outcomes": {"Completed": 990, "Failed": 10, "Lost": 0},
    "in_drain": {"Completed": 1},
    "adds_up": True,
    "aborted": 0,
    "late": [],
    "lost_total": 0,
}
SUMMARY = Summary(plan=Plan(), account=ACCOUNT, report=REPORT, service_exit=0)
KILLS: Any = {
    "number": 2,
    "longest_away": 1.25,
    "away": 2.0,
    "open": 9,
    "interrupted": 4,
    "tried_again": 2,
    "sent_again": 1,
}
KILLED = Summary(
    plan=Plan(),
    account=ACCOUNT | {"kills": KILLS, "accepted": 1_002, "offered": 1_022, "kept": 2},
    report={**REPORT, "accepted": 7, "outcomes": {"Completed": 5}},
    service_exit=0,
    audit=Audit(1_000),
)


def drawn(summary: Summary) -> str:
    """What it says on a screen of 80 columns."""
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(summary)
    return console.export_text()


def test_a_summary_says_what_became_of_everything() -> None:
    """The sums, the faults by their kinds, the drain; at most 80 columns wide."""
    text = drawn(SUMMARY)

    assert SUMMARY.broken == []
    assert SUMMARY.exit_code == 0
    for words in (
        "10 s at 60 times the speed: 10 min of the recording",
        "1,020 = 1,000 accepted + 20 refused",
        "1,000 = 990 Completed + 10 Failed",
        "20 ClosedToNewError (while it drained)",
        "100 prompts/s accepted",
        "SIGTERM: 1 prompt left, 1 Completed; 2.00 s of 10 s",
        "yes: every accepted prompt has one outcome",
        "0 (OK)",
        "1 call made again, 44",
        "4 ms",
    ):
        assert words in text
    rows = [line.split("  ")[0] for line in text.splitlines()]
    assert rows.index(NOTHING) < rows.index("the turn raises")
    assert rows.index("the turn raises") < rows.index(ROUTER_CRASHED)
    assert max(map(len, text.splitlines())) <= 80


def test_a_summary_says_what_a_kill_has_done() -> None:
    """The store is what counts then: the last process knows of its own only."""
    text = " ".join(drawn(KILLED).split())

    assert KILLED.differences == []
    assert (
        "2 times, back within 1.25 s: of 9 open prompts 4 interrupted, 2 tried again, "
        "3 waited and went on; 1 that had no answer sent again"
    ) in text
    assert "1,002 = 990 Completed + 10 Failed + 2 kept in the store for the n" in text
    assert "8 s at 60 times the speed: 8 min of the recording" in text
    assert "one outcome, in the store and as its sender was told" in text


def test_a_store_that_says_something_else_makes_the_code_1() -> None:
    """With the first prompt of which it does."""
    found = attrs.evolve(KILLED, audit=Audit(999, ["3 is Lost", "4 is Lost"]))

    assert found.exit_code == 1
    assert found.differences == ["2 prompts other than told: 3 is Lost"]


@pytest.mark.parametrize(
    ("account", "report", "words"),
    [
        ({}, {"accepted": 1_001}, "count 1,000 accepted prompts, the router 1,001"),
        ({}, {"adds_up": False}, "1,000 accepted prompts, and 1,000 with an outcome"),
        ({"missing": 1, "accepted": 1_001}, {}, "1,001 prompts were accepted, 1,000"),
        ({"accepted": 999, "offered": 1_019}, {}, "the senders count 999"),
        ({"offered": 1_021}, {}, "neither accepted nor refused"),
        (
            {"outcomes": {"Completed": 1_000}},
            {},
            "other outcomes than the router counts",
        ),
    ],
)
def test_accounts_that_differ_make_the_code_1(
    account: dict[str, Any], report: dict[str, Any], words: str
) -> None:
    """And it is said what differs."""
    changed: Any = {**ACCOUNT, **account}
    found = attrs.evolve(SUMMARY, account=changed, report={**REPORT, **report})

    assert found.exit_code == 1
    assert words in " ".join(found.differences)
    assert found.verdict.plain == "adds up: NO"
    assert "NOT AS IT MUST BE" in drawn(found)


def test_a_late_stop_is_told_apart_from_a_wrong_sum() -> None:
    """It adds up, and yet it is not as it must be."""
    late = {**REPORT, "in_time": False, "late": [{"path": "/a", "phase": "running"}]}
    found = attrs.evolve(SUMMARY, report=late, service_exit=4)

    text = drawn(found)

    assert found.exit_code == 4
    assert found.differences == []
    assert found.verdict.plain == "adds up: yes"
    assert "1 actor late" in text
    assert "yes: every accepted" in text
    assert "NOT AS IT MUST BE: the service did not stop in time" in text


@pytest.mark.parametrize("missing", ["account", "report"])
def test_a_service_that_leaves_no_account_is_not_fine(missing: str) -> None:
    """Even if it says 0 itself."""
    changes: dict[str, Any] = {missing: None}
    found = attrs.evolve(SUMMARY, **changes)

    assert found.exit_code == 1
    assert f"the service has left no {missing}" in drawn(found)


def test_the_exit_status_of_the_service_goes_first() -> None:
    """A service that was cut short ends the command with its own."""
    assert attrs.evolve(SUMMARY, service_exit=143).exit_code == 143


# --------------------------------------------------------------------- what is shown


@attrs.frozen
class Process:
    """A process of which only the number is asked."""

    pid: int = 4711


def course_of(tmp_path: Path, *, socket: Path | None = None) -> Course:
    """A course that has just begun, with nobody at the other end."""
    nobody: Any = Process()
    service = Outside(
        command=[],
        plan=Plan(),
        process=nobody,
        wire=nobody,
        socket=socket,
        report_file=tmp_path / "report.json",
        log=tmp_path / "log",
    )
    options = Options(plan=Plan(), socket=socket)
    return Course(options=options, service=service)


async def test_lines_tell_how_far_it_is(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """One at each beginning, and every five seconds."""
    del autojump_clock
    screen = io.StringIO()
    course = course_of(tmp_path, socket=tmp_path / "s")
    course.account = ACCOUNT | {"turns": 3}
    course.book.offer("1", "k", NOTHING)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Lines(Console(file=screen, width=60)).watch, course)
        await trio.sleep(2)
        course.enter(Stage.PLAYING)
        await trio.sleep(12)
        course.book.kill()
        await trio.sleep(1)
        course.enter(Stage.STOPPING)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()

    found = [line.split(":")[0] for line in screen.getvalue().splitlines()]
    assert found[0] == "starting the service as process 4711"
    assert found[1].startswith("it plays 60 s of the recording a second")
    assert [each for each in found if each.startswith("playing")] == [
        "playing   0 s",
        "playing   5 s",
        "playing  10 s",
    ]
    assert (
        "killed it (kill -9): 1 prompt had no outcome; it is started again\n"
    ) in screen.getvalue()
    assert found[-2:] == ["asked to stop, within 20 s", "stopping   0 s"]
    text = screen.getvalue()
    assert f"watch it with: actors top --socket {tmp_path / 's'}\n" in text
    assert "1,000 accepted, 1,000 ended (990 completed), 3 turns run" in text


async def test_the_foot_of_the_live_view_says_what_goes_on(tmp_path: Path) -> None:
    """The stage, the time that is left, the faults so far."""
    course = course_of(tmp_path)

    starting = foot(course).plain
    course.enter(Stage.PLAYING)
    course.account = ACCOUNT

    assert starting == " demo: starting the service"
    assert "playing 0 s, 45 s left   3 faults" in foot(course).plain
    assert "Ctrl-C: stop" in foot(course).plain
    assert "3 faults" in line(course, ACCOUNT)

    course.account = ACCOUNT | {"kills": KILLS}

    assert "3 faults, killed 2 times" in foot(course).plain


class Screen(io.StringIO):
    """A terminal that tells when some words have been drawn."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.drawn = trio.Event()

    def write(self, text: str) -> int:
        """Look for the words."""
        if self.words in text:
            self.drawn.set()
        return super().write(text)


class Story(Client):
    """A client that is told what to answer."""

    def __init__(self, answers: list[TopShape | ClientError]) -> None:
        super().__init__("/nowhere")
        self.answers = answers

    def top(self, *, rows: int = 20, sessions: int = 20) -> TopShape:
        """Give the next answer; the last one again and again."""
        del rows, sessions
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ClientError):
            raise answer
        return answer


async def shape() -> TopShape:
    """What a service says of itself."""
    async with open_system() as system:
        return await View(system, name="told").top()


@pytest.mark.parametrize("gone", [False, True])
async def test_the_live_view_draws_what_the_service_says(
    gone: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the first answer on; the last one stays, marked, when it does not answer."""
    monkeypatch.setattr("supervision.demo._playing.watching.FRAME_EVERY", 0.001)
    monkeypatch.setattr("supervision.demo._playing.watching._SOON", 0.001)
    away = NobodyThereError(Path("/nowhere"), "it was told so")
    answers: list[TopShape | ClientError] = [
        away,
        await shape(),
        *([away] if gone else []),
    ]
    screen = Screen("it was told so" if gone else "told")
    console = Console(file=screen, force_terminal=True, width=100, height=30)

    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            view = LiveView(console, Story(answers))
            nursery.start_soon(view.watch, course_of(tmp_path))
            await screen.drawn.wait()
            nursery.cancel_scope.cancel()

    assert "\x1b[?1049h" in screen.getvalue()  # the alternate screen, and back
    assert screen.getvalue().count("\x1b[?1049l") == 1


@pytest.mark.parametrize(
    ("stage", "killed", "says"),
    [
        (Stage.STOPPING, False, "it has stopped, as it was asked to"),
        (Stage.PLAYING, True, "killed (kill -9), and started again"),
        (Stage.PLAYING, False, "nobody answers at /nowhere: it was told so"),
    ],
)
async def test_the_live_view_says_why_nobody_answers(
    stage: Stage,
    killed: bool,  # noqa: FBT001 - a parameter of the test
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the demo does to its service is no mishap."""
    monkeypatch.setattr("supervision.demo._playing.watching.FRAME_EVERY", 0.001)
    away = NobodyThereError(Path("/nowhere"), "it was told so")
    screen = Screen(says)
    console = Console(file=screen, force_terminal=True, width=100, height=30)
    course = course_of(tmp_path)
    course.enter(stage)
    course.killed = killed

    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            view = LiveView(console, Story([await shape(), away]))
            nursery.start_soon(view.watch, course)
            await screen.drawn.wait()
            nursery.cancel_scope.cancel()

    assert says in screen.getvalue()


# ----------------------------------------------------------------------- the pictures


@attrs.frozen
class Shy(Photographer):
    """One to whom little is shown: nothing runs for a while, or for ever."""

    tops: Iterator[int] = attrs.field(kw_only=True)
    sessions: Iterator[str] = attrs.field(kw_only=True)

    async def _top(self) -> TopShape:
        await trio.lowlevel.checkpoint()
        return top(router(turns_running=next(self.tops)))

    async def _told(self, command: str, *options: str) -> Text:
        del options
        await trio.lowlevel.checkpoint()
        return Text("router" if command == "tree" else next(self.sessions))


@pytest.mark.parametrize("something", [True, False])
async def test_pictures_wait_until_something_runs(
    autojump_clock: trio.testing.MockClock,
    tmp_path: Path,
    *,
    something: bool,
) -> None:
    """Right after its start a demo may be at rest; patience has an end."""
    course = course_of(tmp_path)
    course.playing.set()
    shy = Shy(
        Client(tmp_path / "s"),
        tmp_path,
        0.5,
        tops=iter([0, 0, 0, 5] if something else [0] * 1000),
        sessions=iter(["idle", "idle", "running"] if something else ["idle"] * 1000),
    )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(shy.watch, course)
        await course.enough.wait()
        nursery.cancel_scope.cancel()

    assert ("running" in (tmp_path / "sessions.svg").read_text()) is something
    if something:
        assert autojump_clock.current_time() < 2
        assert not [*shy.tops, *shy.sessions]
    else:
        assert 60 <= autojump_clock.current_time() <= 62
