"""Facts about the live view: its keys, its pace, and the terminal that it leaves."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from rich.console import Console, RenderableType
from rich.text import Text
from trio.testing import MockClock

from supervision._drawing.panel import AbortWish, Panel, Wish
from supervision.cli import NobodyThereError, RefusedRequestError
from supervision.cli._live.keyboard import Keyboard, read_keys
from supervision.cli._live.screen import Screen
from supervision.cli._live.top import View
from supervision.service import StackShape, TopShape
from tests.cli.story import StoryServer, router, service, session, sessions, top
from tests.cli.test_stack import TURN, stack

GONE = NobodyThereError(Path("/run/chat.sock"), "there is no such socket")


def shown(panel: Panel, at: float = 0.0) -> str:
    """Draw a panel."""
    drawing = panel.draw(120, 30, at)
    assert isinstance(drawing, Text)
    return drawing.plain


def opened(*frames: TopShape) -> Panel:
    """Make a panel that has seen these frames, or the usual one."""
    panel = Panel(1.0)
    for each in frames or (top(),):
        panel.seen(each)
    return panel


def press(panel: Panel, *keys: str) -> Wish | AbortWish | None:
    """Press keys, and have what the last one asked for."""
    wishes = [panel.press(key, 0.0) for key in keys]
    assert wishes[:-1] == [None] * len(wishes[:-1])
    return wishes[-1]


def selected(panel: Panel) -> str | None:
    """Tell whose turn `c` would ask about."""
    wish = press(panel, "c", "y")
    return wish.key if isinstance(wish, AbortWish) else None


@pytest.mark.parametrize("key", ["q", "Q"])
def test_q_ends_it(key: str) -> None:
    """Also while nothing has been seen yet, and from the help."""
    assert press(Panel(1.0), key) is Wish.QUIT
    assert press(opened(), "?", "q") is Wish.QUIT


def test_arrows_move_the_cursor_and_stop_at_the_ends() -> None:
    """The first press takes the first one, or the last."""
    panel = opened()

    assert selected(panel) is None
    press(panel, "down")
    assert selected(panel) == "alice"
    press(panel, "down", "down", "down", "down", "up")
    assert selected(panel) == "bob"
    press(panel, "home", "up")
    assert selected(panel) == "alice"
    press(panel, "escape")
    assert selected(panel) is None
    press(panel, "up")
    assert press(panel, "c") is None
    assert "session carol has no turn" in shown(panel)


def test_the_cursor_stays_on_its_session() -> None:
    """Wherever that goes; when it goes away, on what is in its place."""
    panel = opened()
    press(panel, "down", "down")
    now = top()

    now["sessions"] = sessions(session("x"), session("y"), session("bob"))
    panel.seen(now)
    assert selected(panel) == "bob"
    now = top()
    now["sessions"] = sessions(session("x"), session("y"))
    panel.seen(now)
    assert selected(panel) == "y"
    now = top()
    now["sessions"] = sessions()
    panel.seen(now)
    assert selected(panel) is None
    assert press(panel, "down") is None


def test_a_turn_is_aborted_only_after_a_yes() -> None:
    """It is the turn that was asked about, and no later one of its session."""
    panel = opened()
    press(panel, "down", "c")
    assert "abort turn 17 of alice?" in shown(panel)

    now = top()
    now["sessions"] = sessions(session("alice", turn=99))
    panel.seen(now)

    assert press(panel, "y") == AbortWish("/chat/router", "alice", 17)
    for key in ("n", "escape", "q", "enter"):
        assert press(panel, "c", key) is None
    assert "abort turn" not in shown(panel)


def test_a_turn_of_a_service_that_is_gone_is_not_asked_about() -> None:
    """There is nobody to tell."""
    panel = opened()
    press(panel, "down", "c")
    panel.lost(5.0)

    assert press(panel, "y") is None
    assert press(panel, "c", "y") is None
    assert "the service does not answer" in shown(panel)


def test_s_goes_round_the_orders() -> None:
    """Each time the service is asked at once."""
    panel = opened()
    seen = [panel.order]

    for _ in range(5):
        assert press(panel, "s") is Wish.LOOK
        seen.append(panel.order)

    assert seen == ["worst", "key", "age", "idle", "queued", "worst"]


def test_p_pauses_and_goes_on() -> None:
    """The last line says so."""
    panel = opened()

    assert press(panel, "p") is None
    assert panel.paused
    assert "PAUSED" in shown(panel)
    assert press(panel, "p") is Wish.LOOK
    assert "PAUSED" not in shown(panel)


def test_enter_opens_the_selected_session() -> None:
    """Where it stands is drawn once it is known; it scrolls; escape goes back."""
    panel = opened()
    nothing = press(panel, "enter")
    hint = shown(panel)
    wish = press(panel, "down", "down", "enter")
    before = shown(panel, 10.0)
    panel.looked_into(("/chat/router", "bob"), stack(TURN, session=session("bob")))
    panel.looked_into(("/chat/router", "alice"), stack(session=session("alice")))
    inside = shown(panel, 10.0)
    panel.lost(0.0)
    gone = shown(panel)
    press(panel, *["down"] * 30)
    panel.draw(120, 8, 0.0)
    end = panel.draw(120, 8, 0.0)

    assert isinstance(end, Text)
    assert (nothing, wish) == (None, Wish.LOOK)
    assert "select a session first" in hint
    assert "looking ..." in before
    assert inside.startswith("bob  running  of /chat/router\n")
    assert "awaits sleep(seconds=30)" in inside
    assert inside.splitlines()[-1].startswith(" escape back  ↑↓ scroll")
    assert gone.startswith("bob")
    assert "left: grace 5.0s" in end.plain
    assert press(panel, "escape") is None
    assert "alice" in shown(panel)
    assert "looking" not in shown(panel)


def test_an_open_session_may_go_and_its_turn_be_aborted() -> None:
    """The list behind it moves on; the turn is that of the session that is open."""
    panel = opened()
    press(panel, "down", "down")
    panel.press("enter", 0.0)
    unknown = press(panel, "c")
    panel.looked_into(("/chat/router", "bob"), stack(session=session("bob", turn=18)))
    now = top()
    now["sessions"] = sessions()
    panel.seen(now)
    wish = press(panel, "c", "y")

    assert unknown is None
    assert wish == AbortWish("/chat/router", "bob", 18)
    press(panel, "left")
    assert selected(panel) is None


def test_a_filter_is_typed() -> None:
    """Enter takes it, escape leaves the one before; then escape shows all."""
    panel = opened()
    press(panel, "/", *"bobx", "backspace", "q", "backspace", "up")
    typing = shown(panel)
    taken = press(panel, "enter")
    press(panel, "/", "y", "escape")
    title = shown(panel)
    press(panel, "down")
    first = press(panel, "escape")
    second = press(panel, "escape")

    assert "only keys with: bob_" in typing
    assert (taken, first, second) == (Wish.LOOK, None, Wish.LOOK)
    assert "worst first, with bob" in title
    assert panel.match == ""
    assert press(panel, "escape") is None


def test_help_is_a_page_that_any_key_leaves() -> None:
    """That key does nothing else."""
    panel = opened()

    press(panel, "?")
    assert "RESTARTS" in shown(panel)
    assert "alice" not in shown(panel)
    press(panel, "p")

    assert "alice" in shown(panel)
    assert not panel.paused


def test_a_note_stays_for_some_seconds() -> None:
    """Then the keys are back."""
    panel = opened()

    panel.note("turn 17 is aborted", 10.0)

    assert "turn 17 is aborted" in shown(panel, 15.9)
    assert "turn 17 is aborted" not in shown(panel, 16.0)


def test_a_lost_service_keeps_its_last_frame() -> None:
    """Marked, with the time since; it is back with the next frame."""
    panel = opened()

    panel.lost(10.0)
    panel.lost(12.0)
    assert "GONE  no answer for 3.0s" in shown(panel, 13.0)
    assert "alice" in shown(panel, 13.0)
    panel.seen(top(pid=4243, uptime=0.5))

    assert "GONE" not in shown(panel, 14.0)
    assert "on average" in shown(panel)


def test_a_second_look_too_soon_does_not_spoil_the_rates() -> None:
    """As after a key: one prompt in a hundredth of a second is not 100 a second."""
    panel = opened(top(uptime=98.0), top(router(accepted=110), uptime=100.0))
    panel.seen(top(router(accepted=111), uptime=100.01))

    assert "5.5/s accepted" in shown(panel)
    panel.seen(top(router(accepted=113), uptime=101.01))
    assert "2.0/s accepted" in shown(panel)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("q", ["q"]),
        ("\x1b[A\x1b[B", ["up", "down"]),
        ("\x1bOA", ["up"]),
        ("\x1b", ["escape"]),
        ("\x1b[5~\x1b[6~", ["page up", "page down"]),
        ("\x1b[1;5A", []),
        ("\x1b[<0;10;10M", []),
        ("jj\r\x7f", ["j", "j", "enter", "backspace"]),
        ("ü", ["ü"]),
        ("", []),
    ],
)
def test_what_a_terminal_sends_becomes_keys(typed: str, keys: list[str]) -> None:
    """Sequences that are not known are no letters."""
    assert read_keys(typed) == keys


class Page:
    """A display that keeps what was drawn."""

    def __init__(self) -> None:
        self.size: tuple[int, int] = (120, 30)
        self.drawn: list[str] = []

    def draw(self, drawing: RenderableType) -> None:
        """Keep it."""
        assert isinstance(drawing, Text)
        self.drawn.append(drawing.plain)


class Asked:
    """A service in place of the socket: answers, or raises, what it is told to."""

    def __init__(self) -> None:
        self.times: list[tuple[float, int, str]] = []
        self.answer: Exception | None = None
        self.aborted: list[AbortWish] = []
        self.looked: list[tuple[str, str]] = []

    async def ask(self, lines: int, panel: Panel) -> TopShape:
        """Give a frame."""
        await trio.lowlevel.checkpoint()
        self.times.append((trio.current_time(), lines, panel.order))
        if self.answer is not None:
            raise self.answer
        return top(uptime=trio.current_time())

    async def look(self, router: str, key: str) -> StackShape:
        """Give where a session stands."""
        await trio.lowlevel.checkpoint()
        self.looked.append((router, key))
        return stack(TURN, session=session(key))

    async def abort(self, wish: AbortWish) -> str:
        """Abort a turn."""
        await trio.lowlevel.checkpoint()
        self.aborted.append(wish)
        if self.answer is not None:
            raise self.answer
        return f"turn {wish.turn} is aborted"


Press = Callable[[list[str]], None]


@contextlib.asynccontextmanager
async def watching() -> AsyncGenerator[tuple[Page, Asked, Press]]:
    """Open a view on a page that asks a service in place of the socket."""
    page, asked = Page(), Asked()
    view = View(Panel(2.0), page, asked.ask, asked.look, asked.abort, 2.0)
    send, receive = trio.open_memory_channel[list[str]](10)
    read: Callable[[], Awaitable[list[str]]] = receive.receive
    async with trio.open_nursery() as nursery:
        nursery.start_soon(view.poll)

        async def type_() -> None:
            await view.type(read)
            nursery.cancel_scope.cancel()

        nursery.start_soon(type_)
        await trio.testing.wait_all_tasks_blocked()
        yield page, asked, send.send_nowait
        nursery.cancel_scope.cancel()


async def test_it_asks_once_each_interval(autojump_clock: MockClock) -> None:
    """For what fits on the screen, as it is then."""
    del autojump_clock  # time is virtual
    async with watching() as (page, asked, _):
        page.size = (80, 24)
        await trio.sleep(4.5)

    began = asked.times[0][0]
    assert [(at - began, lines) for at, lines, _ in asked.times] == [
        (0.0, 30),
        (2.0, 24),
        (4.0, 24),
    ]
    assert len(page.drawn) == 3


async def test_a_key_is_answered_at_once(autojump_clock: MockClock) -> None:
    """And another order does not wait for the interval."""
    del autojump_clock  # time is virtual
    async with watching() as (page, asked, press):
        await trio.sleep(0.5)
        press(["s"])
        await trio.testing.wait_all_tasks_blocked()
        press(["?"])
        await trio.testing.wait_all_tasks_blocked()

    assert [order for _, _, order in asked.times] == ["worst", "key"]
    assert "by key" in page.drawn[-2]
    assert "any key: back" in page.drawn[-1]


async def test_a_paused_view_asks_nobody(autojump_clock: MockClock) -> None:
    """Until it goes on."""
    del autojump_clock  # time is virtual
    async with watching() as (_, asked, press):
        press(["p"])
        await trio.sleep(60)
        assert len(asked.times) == 1
        press(["p"])
        await trio.testing.wait_all_tasks_blocked()

    assert len(asked.times) == 2


async def test_a_service_that_goes_is_asked_until_it_is_back(
    autojump_clock: MockClock,
) -> None:
    """At the same pace."""
    del autojump_clock  # time is virtual
    async with watching() as (page, asked, _):
        asked.answer = GONE
        await trio.sleep(6.5)
        assert "GONE  no answer for 4.0s" in page.drawn[-1]
        asked.answer = None
        await trio.sleep(2)

    assert "READY" in page.drawn[-1]


async def test_an_open_session_is_asked_for_with_each_frame(
    autojump_clock: MockClock,
) -> None:
    """As long as it is open."""
    del autojump_clock
    async with watching() as (page, asked, press_keys):
        press_keys(["down", "enter"])
        await trio.sleep(2.5)
        inside = page.drawn[-1]
        press_keys(["escape"])
        await trio.sleep(4)

    assert asked.looked == [("/chat/router", "alice")] * 2
    assert inside.startswith("alice")


async def test_a_refusal_is_a_note(autojump_clock: MockClock) -> None:
    """The service is there: it is starting, or has just ended."""
    del autojump_clock  # time is virtual
    async with watching() as (page, asked, _):
        asked.answer = RefusedRequestError(503, "the service is starting")
        await trio.sleep(2.5)

    assert "the service is starting" in page.drawn[-1]
    assert "READY" in page.drawn[-1]


async def test_a_service_that_is_not_ready_says_so_before_there_is_anything(
    autojump_clock: MockClock,
) -> None:
    """The first answer may be a refusal."""
    del autojump_clock  # time is virtual
    panel, page, asked = Panel(2.0), Page(), Asked()
    asked.answer = RefusedRequestError(503, "the service\x07 is starting")
    view = View(panel, page, asked.ask, asked.look, asked.abort, 2.0)

    with trio.move_on_after(1):
        await view.poll()

    assert page.drawn == [
        " waiting for the first answer ...  the service\\x07 is starting"
    ]


async def test_a_yes_aborts_the_turn(autojump_clock: MockClock) -> None:
    """What came of it is the last line."""
    del autojump_clock  # time is virtual
    async with watching() as (page, asked, press):
        press(["down", "c", "y"])
        await trio.testing.wait_all_tasks_blocked()
        assert "turn 17 is aborted" in page.drawn[-1]
        asked.answer = RefusedRequestError(404, "no turn 17 runs")
        press(["c", "y"])
        await trio.testing.wait_all_tasks_blocked()

    assert asked.aborted == [AbortWish("/chat/router", "alice", 17)] * 2
    assert "no turn 17 runs" in page.drawn[-1]


@pytest.fixture
def terminal() -> Generator[tuple[int, int]]:
    """Give the two ends of a terminal: ours, and the program's."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    for end in (ours, theirs):
        with contextlib.suppress(OSError):
            os.close(end)


async def test_a_keyboard_gives_keys_and_leaves_the_terminal_as_it_was(
    terminal: tuple[int, int],
) -> None:
    """Also when the block is left by an exception, and when it is taken twice."""
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)

    async def use() -> None:
        with Keyboard(theirs) as keyboard:
            assert not termios.tcgetattr(theirs)[3] & (termios.ECHO | termios.ICANON)
            assert termios.tcgetattr(theirs)[3] & termios.ISIG
            keyboard.take()
            os.write(ours, b"\x1b[Aq")
            assert await keyboard.read() == ["up", "q"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await use()

    assert termios.tcgetattr(theirs) == before


async def test_a_terminal_that_goes_is_the_end(terminal: tuple[int, int]) -> None:
    """Nobody can press `q` any more."""
    ours, theirs = terminal
    with Keyboard(theirs) as keyboard:
        os.close(ours)

        with pytest.raises(EOFError):
            await keyboard.read()
        keyboard._before = None  # there is nothing to be put back


def test_a_screen_is_a_page_of_its_own(tmp_path: Path) -> None:
    """What was there is back, with its cursor, however the block is left."""
    path = tmp_path / "out"

    def use() -> None:
        with path.open("w", encoding="utf-8") as file:
            console = Console(file=file, force_terminal=True, width=20, height=4)
            with Screen(console) as screen:
                screen.take()
                screen.draw(Text("one\ntwo", end=""))
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()

    text = path.read_text(encoding="utf-8")
    assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1
    assert text.index("\x1b[?25l") < text.index("one\x1b[K\ntwo\x1b[K\x1b[J")
    assert text.index("two") < text.index("\x1b[?25h") < text.index("\x1b[?1049l")


class Program:
    """`actors top` in a process of its own, on a terminal of ours."""

    def __init__(self, path: Path, ours: int, theirs: int, term: str = "xterm") -> None:
        self.text = ""
        self._ours = ours
        environment = {**os.environ, "TERM": term, "COLUMNS": "", "LINES": ""}
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "supervision.cli", "top", "--socket", str(path)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )

    def wait_for(self, text: str) -> None:
        """Read until it has written this; that it draws for ever is no answer."""
        end = time.monotonic() + 100
        while text not in self.text:
            left = end - time.monotonic()
            ready = left > 0 and select.select([self._ours], [], [], left)[0]
            assert ready, f"never wrote {text!r}: {self.text[-2000:]!r}"
            self.text += os.read(self._ours, 65536).decode()


@pytest.fixture
def program(
    tmp_path: Path, terminal: tuple[int, int]
) -> Iterator[tuple[Program, StoryServer]]:
    """Run `actors top` on a service that is a story, until it shows a session."""
    done: dict[str, Any] = {
        "done": "turn 17 is being aborted",
        "turn": 17,
        "withdrawn": [],
        "node": None,
    }
    answers: dict[str, Any] = {
        "GET /": service(),
        "GET /top": top(),
        "GET /sessions": sessions(session("zoe")),
        "POST /turns/17/abort": done,
    }
    with StoryServer(tmp_path / "chat.sock", answers) as server:
        running = Program(server.path, *terminal)
        with running.process:
            try:
                running.wait_for("alice")
                yield running, server
            finally:
                running.process.kill()


@pytest.mark.parametrize(
    ("end", "status"),
    [("q", 0), (signal.SIGINT, 130), (signal.SIGTERM, 143)],
)
def test_the_terminal_is_sane_however_the_view_ends(
    end: str | signal.Signals,
    status: int,
    program: tuple[Program, StoryServer],
    terminal: tuple[int, int],
) -> None:
    """A key or a signal: no word on the screen, and the page before is back."""
    running, _ = program
    taken = termios.tcgetattr(terminal[1])

    if isinstance(end, str):
        os.write(terminal[0], end.encode())
    else:
        running.process.send_signal(end)
    running.wait_for("\x1b[?1049l")

    assert running.process.wait(100) == status
    assert not taken[3] & termios.ECHO
    assert termios.tcgetattr(terminal[1])[3] & (termios.ECHO | termios.ICANON)
    assert "Traceback" not in running.text
    assert running.text.endswith("\x1b[?25h\x1b[?1049l")


def test_keys_reach_the_service(
    program: tuple[Program, StoryServer], terminal: tuple[int, int]
) -> None:
    """Another order is another question; a yes is a verb."""
    running, server = program

    os.write(terminal[0], b"s")
    running.wait_for("zoe")
    os.write(terminal[0], b"\x1b[Bcy")
    running.wait_for("turn 17 is being aborted")

    assert "GET /top?rows=18&sessions=0" in server.asked
    assert "GET /sessions?order=key&limit=18" in server.asked
    assert 'POST /turns/17/abort {"router": "/chat/router"}' in server.asked


def test_ctrl_z_gives_the_terminal_back_and_a_wake_up_takes_it_again(
    program: tuple[Program, StoryServer], terminal: tuple[int, int]
) -> None:
    """As every program on a screen."""
    running, _ = program

    running.process.send_signal(signal.SIGTSTP)
    os.waitid(os.P_PID, running.process.pid, os.WSTOPPED | os.WNOWAIT)
    running.wait_for("\x1b[?1049l")
    assert termios.tcgetattr(terminal[1])[3] & termios.ECHO
    running.text = ""
    running.process.send_signal(signal.SIGCONT)
    running.wait_for("alice")

    assert "\x1b[?1049h" in running.text
    assert not termios.tcgetattr(terminal[1])[3] & termios.ECHO


def test_a_session_is_opened_and_others_filtered_on_a_terminal(
    program: tuple[Program, StoryServer], terminal: tuple[int, int]
) -> None:
    """By the keys as a terminal sends them."""
    running, server = program
    server.answers["GET /stack"] = stack(TURN, session=session("alice"))

    os.write(terminal[0], b"\x1b[B\r")
    running.wait_for("sleep(seconds=30)")
    os.write(terminal[0], b"\x1b")
    running.wait_for("filter")
    os.write(terminal[0], b"/zo\r")
    running.wait_for("SESSION /zo")
    os.write(terminal[0], b"q")

    assert running.process.wait(100) == 0
    assert any("match=zo" in each for each in server.asked)


def test_a_terminal_that_can_only_write_lines_gets_frames(
    tmp_path: Path, terminal: tuple[int, int]
) -> None:
    """One after the other, without a control character, until Ctrl-C."""
    with StoryServer(tmp_path / "chat.sock", {"GET /top": top()}) as server:
        running = Program(server.path, *terminal, term="dumb")
        with running.process:
            try:
                running.wait_for("alice")
                seen = running.text
                running.text = ""
                running.wait_for("alice")
                running.process.send_signal(signal.SIGINT)
                status = running.process.wait(100)
            finally:
                running.process.kill()

    assert status == 130
    assert "\x1b" not in seen
