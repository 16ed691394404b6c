"""The chat page when something goes wrong, and at its end.

Played as in `test_chat_page`; the last test runs it as a process of its own.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
import trio
import trio.testing

from examples import chat_page
from examples.chat_page_picture import LIMIT, PACE, Stage, play
from examples.chat_session import SPEECH
from supervision import ChildStartError, find_child
from supervision.durable import MemoryStore
from supervision.service import ExitCode, ServiceReport, serve
from tests.examples.chat_line import Line, address

ROOT = Path(__file__).resolve().parents[2]
ALL = len(f"“hello” is number 1 of what I remember. {SPEECH}".split(" "))


@pytest.fixture
def stage() -> Generator[Stage]:
    """The page, served."""
    with play() as played:
        yield played


def test_prompts_that_do_not_fit_are_refused(stage: Stage) -> None:
    """More than may wait for one checkpoint: the page is told why, the rest goes on."""
    with Line(stage, "ann") as ann:
        for number in range(12):
            ann.say(f"prompt {number}")
            ann.hear("said", number + 1)
        ann.hear("outcome")
        stage.words(100)
        ann.hear("outcome", 12)

    assert ann.of("outcome")[0] == "QueueFullError"
    assert "10 steering prompts wait" in ann.of("why")[0]
    assert ann.of("outcome").count("Steered") == 10
    assert ann.of("outcome").count("Completed") == 1


def test_a_message_that_is_too_long_ends_the_connection(stage: Stage) -> None:
    """4,000 characters are the page's limit too; the service does not mind."""
    with Line(stage, "ann") as ann, Line(stage, "ann") as other:
        ann.say("x" * 4001)
        ann.read(lambda: False)
        other.say("x" * 4000)
        other.hear("said")

    assert ann.code == 1009


def test_rubbish_on_the_wire_harms_nobody(stage: Stage) -> None:
    """Half a request, no HTTP at all, a frame that is none: others are answered."""
    with Line(stage, "ann") as ann:
        for rubbish in (b"\x00\xff" * 100, b"GET /talk/ann HTTP/1.1\r\nHost: "):
            with socket.create_connection(address(stage), timeout=LIMIT) as broken:
                broken.sendall(rubbish)
        with Line(stage, "ann") as odd:
            odd.socket.sendall(b"\xff" * 50)
            odd.read(lambda: False)
        ann.say("hello")
        ann.hear("said")

    assert odd.code is not None


def test_in_a_drain_answers_go_on_and_then_the_browsers_are_let_go(
    stage: Stage,
) -> None:
    """What is accepted is answered to its end, what comes then is refused."""
    with Line(stage, "ann") as ann:
        ann.say("hello")
        ann.hear("said")
        stage.words(2)
        stage.run(lambda: stage.service.stop("a test"))
        ann.say("too late")
        ann.hear("outcome")
        stage.words(ALL - 3)
        stage.run(lambda: stage.clock.jump(PACE))
        ann.hear("outcome", 2)
        left = ann.socket.recv(100)

    assert ann.of("outcome") == ["ClosedToNewError", "Completed"]
    assert len(ann.of("word")) == ALL
    assert left == b"" or left[0] & 0xF == 8  # it is over, with a word or without
    report = until_ended(stage)
    assert report.outcomes == {"Completed": 2}  # the look of who came is one
    assert report.exit_code == ExitCode.OK


def test_a_reader_who_reads_nothing_holds_up_neither_others_nor_the_end() -> None:
    """Its connection is cut off by the kernel, three seconds after it was full."""
    with play() as stage:
        stuck = Line(stage, "ann")
        stuck.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with Line(stage, "ann") as ann:
            for number in range(3000):
                ann.say("x" * 3900)
                if number % 100 == 99:
                    ann.hear("said", number + 1)
            ann.hear("said", 3000)
        stage.run(lambda: stage.service.stop_now("a test"))
        report = until_ended(stage)
        stuck.socket.close()

    assert report.adds_up
    # those that waited; and what was being answered, if its end was too late for the
    # store: it is interrupted then
    assert report.kept in {10, 11}


def test_a_page_that_was_killed_is_served_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its supervisor, at the same port; the sessions have not noticed."""
    monkeypatch.setattr(chat_page, "PORT", address(stage)[1])
    with Line(stage, "ann") as ann:
        ann.say("hello")
        ann.hear("said")
        stage.words(100)
        ann.hear("outcome")
        trio.from_thread.run(kill_page, stage, trio_token=stage.token)
        assert ann.socket.recv(100) == b""
    with Line(stage, "ann") as again:
        again.say("hello again")
        again.hear("said")
        stage.words(5)
        again.hear("word", ALL + 5)  # the session has kept its room

    assert again.of("word")[-2:] == ["number ", "2 "]


async def kill_page(stage: Stage) -> None:
    """Kill the page's actor."""
    assert stage.service.tree is not None
    page = await find_child(stage.service.tree, "page")
    page.kill()
    await trio.testing.wait_all_tasks_blocked()


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree cannot be started, and the error says why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(chat_page, "PORT", taken.getsockname()[1])
        monkeypatch.setattr(chat_page, "STORE", MemoryStore)
        with pytest.raises(ChildStartError) as caught:
            trio.run(serve, chat_page.Tree)

    assert isinstance(caught.value.__cause__, OSError)
    assert "in use" in str(caught.value.__cause__)


def test_it_runs_as_a_service_and_stops_in_order(tmp_path: Path) -> None:
    """`actors run examples.chat_page:Tree`, SIGTERM, exit status 0."""
    command = "-m supervision.cli run examples.chat_page:Tree --log-format json"
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *command.split(), "--socket", "none"],
        cwd=ROOT,
        env={**os.environ, "CHAT_PORT": "0", "CHAT_STORE": str(tmp_path / "chat.db")},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            where = re.compile(r"http://([\d.]+):(\d+)")
            found = next(filter(None, map(where.search, process.stderr)))
            with closing(http.client.HTTPConnection(found[1], int(found[2]))) as asked:
                asked.request("GET", "/")
                status = asked.getresponse().status
            process.send_signal(signal.SIGTERM)
            log = process.stderr.read()
            code = process.wait(LIMIT)
        finally:
            process.kill()

    assert (status, code) == (200, ExitCode.OK), log


def until_ended(stage: Stage) -> ServiceReport:
    """The final report of a service that is being stopped."""
    stage.player.join(LIMIT)
    assert stage.service.report is not None
    return stage.service.report
