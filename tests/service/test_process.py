"""A service as a real process: signals, exit codes, the service manager, kill -9.

Nothing here sleeps.  The service manager of these tests hears when the service is ready
and when it drains; what holds up a turn is a pipe that the test has in its hand.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import attrs
import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and Unix sockets")

APP = """
    import os
    import trio
    from actors import Actor, Session
    from supervision import (
        ChildSpec, Limits, Restart, RestartLimit, Router, Supervisor, find_child,
        router_ref,
    )

    GATE = int(os.environ["GATE"])  # what is behind it waits until the test closes it

    OPEN = trio.Event()

    class Chat(Session[str, str]):
        async def take_turn(self, turn):
            await OPEN.wait()

    class Load(Actor[int]):
        def __init__(self, owner):
            self.owner = owner

        async def started(self):
            router = router_ref(await find_child(self.owner, "chat"), Chat)
            for number in range(200):
                router.send(f"user-{number % 20}", "hello")
            self.start_soon(self.watch_gate)

        async def watch_gate(self):
            await trio.lowlevel.wait_readable(GATE)
            OPEN.set()

        def receive(self, message):
            pass

    class Loaded(Supervisor):
        def declare(self):
            return [
                ChildSpec(Router, Chat, (), Limits(sessions=20, turns=5), id="chat"),
                ChildSpec(Load, self.ref, id="load"),
            ]

    class Faulty(Actor[int]):
        async def started(self):
            self.after(0, 1)

        def receive(self, message):
            raise ValueError("the purse is empty")

    class Crashing(Supervisor):
        limit = RestartLimit(1, within=5.0)
        children = (ChildSpec(Faulty, id="faulty"),)

    class Done(Actor[int]):
        def started(self):
            self.finish()

        def receive(self, message):
            pass

    class Late(Actor[int]):
        grace = 60.0

        def receive(self, message):
            pass

        async def stopped(self, exit):
            await trio.sleep_forever()

    class Slow(Actor[int]):
        grace = 3600.0

        async def started(self):
            os.write(1, b"starting\\n")
            await trio.sleep_forever()

        def receive(self, message):
            pass

    class Starting(Supervisor):
        children = (ChildSpec(Slow, id="slow"),)

    class Stuck(Actor[int]):
        def receive(self, message):
            pass

        def stopped(self, exit):
            os.write(1, b"stuck\\n")
            while True:
                os.read(GATE, 1)
"""


def app_in(folder: Path) -> None:
    """Write the trees of these tests."""
    lines = [line.removeprefix("    ") for line in APP.splitlines()]
    (folder / "app.py").write_text("\n".join(lines), encoding="utf-8")


@attrs.define
class Running:
    """A service in a process of its own, and the manager that hears of it."""

    folder: Path
    process: subprocess.Popen[str]
    manager: socket.socket
    gate: int

    @classmethod
    def start(
        cls,
        folder: Path,
        tree: str,
        *options: str,
        prefix: tuple[str, ...] = (),
        **more: str,
    ) -> Self:
        """Run `actors run app:TREE`."""
        app_in(folder)
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.settimeout(0.5)  # between two looks whether it lives still
        address = folder / f"notify-{len(list(folder.iterdir()))}"
        manager.bind(str(address))
        behind, gate = os.pipe()
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [
                    *prefix,
                    *(sys.executable, "-m", "supervision.cli", "run", f"app:{tree}"),
                    *("--report", str(folder / "report.json")),
                    *("--log-format", "plain", "--socket", "none"),
                    *options,  # the last one of a kind counts
                ],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ
                | {"NOTIFY_SOCKET": str(address), "GATE": str(behind)}
                | more,
                pass_fds=[behind],
            )
        finally:
            os.close(behind)
        return cls(folder, process, manager, gate)

    def hear(self, news: str) -> list[str]:
        """Wait until the manager hears this, and give all that came before it."""
        found: list[str] = []
        for _ in range(200):
            try:
                while not found or found[-1] != news:
                    found.append(self.manager.recv(4096).decode())
            except TimeoutError:
                if self.process.poll() is not None:
                    break
            else:
                return found[:-1]
        self.process.kill()
        msg = f"{news} never came, only {found}: {self.ends()}"
        raise AssertionError(msg)

    def open_gate(self) -> None:
        """Let everybody through who waits."""
        if self.gate >= 0:
            os.close(self.gate)
            self.gate = -1

    def ends(self) -> tuple[int, str]:
        """Wait for its end: the exit status, and what it wrote to standard error."""
        _, written = self.process.communicate(timeout=100)
        return self.process.returncode, written

    @property
    def report(self) -> dict[str, Any]:
        """Its final report."""
        found: dict[str, Any] = json.loads(
            (self.folder / "report.json").read_text(encoding="utf-8")
        )
        return found

    def clean_up(self) -> None:
        """Leave nothing behind, however the test has ended."""
        self.open_gate()
        self.manager.close()
        self.process.kill()
        self.process.communicate()


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`Running.start` in a folder of its own; what it starts is gone afterwards."""
    found: list[Running] = []

    def begin(tree: str, *options: str, **more: Any) -> Running:
        found.append(Running.start(tmp_path, tree, *options, **more))
        return found[-1]

    yield begin
    for each in found:
        each.clean_up()


def test_a_sigterm_under_load_gives_every_prompt_its_outcome(start: Start) -> None:
    """200 prompts for 20 sessions with 5 slots; all are answered in the drain."""
    service = start("Loaded")
    service.hear("READY=1")

    service.process.send_signal(signal.SIGTERM)
    service.hear("STOPPING=1")
    service.open_gate()
    code, written = service.ends()

    report = service.report
    assert code == report["exit_code"] == 0
    assert report["why"] == "SIGTERM"
    assert report["accepted"] == report["outcomes"]["Completed"] == 200
    assert report["in_drain"] == {"Completed": 200}
    assert report["adds_up"]
    assert report["in_time"]
    assert "draining: 5 turns run, 195 prompts wait; " in written
    assert "200 accepted = 200 outcomes" in written


def test_what_is_not_done_in_time_is_cut_off_by_name(start: Start) -> None:
    """Nobody opens the gate: five turns are aborted, the rest is lost, in time."""
    service = start("Loaded", "--budget", "1", "--log-format", "json")
    service.hear("READY=1")

    service.process.send_signal(signal.SIGINT)
    code, written = service.ends()

    report = service.report
    assert code == 0, written
    assert report["why"] == "SIGINT"
    assert report["outcomes"] == {"Lost": 195, "Aborted": 5}
    assert (report["aborted"], report["lost_total"]) == (5, 195)
    assert len(report["lost"]) == 100
    assert report["adds_up"]
    assert report["in_time"]
    records = [json.loads(line) for line in written.splitlines()]
    assert [each["report"] for each in records if "report" in each] == [report]


def test_a_second_signal_ends_it_now(start: Start) -> None:
    """The budget is not waited for, and the sums are right all the same."""
    service = start("Loaded", "--budget", "3600")
    service.hear("READY=1")

    service.process.send_signal(signal.SIGTERM)
    service.hear("STOPPING=1")
    service.process.send_signal(signal.SIGTERM)
    code, written = service.ends()

    assert code == 128 + signal.SIGTERM
    assert service.report["adds_up"]
    assert sum(service.report["outcomes"].values()) == 200
    assert "Traceback" not in written


def test_a_hangup_is_heard_once_however_often_it_comes(start: Start) -> None:
    """A closed terminal sends it twice; a manager, right behind its SIGTERM."""
    service = start("Loaded")
    service.hear("READY=1")

    service.process.send_signal(signal.SIGHUP)
    service.hear("STOPPING=1")
    service.process.send_signal(signal.SIGHUP)
    service.process.send_signal(signal.SIGHUP)
    service.open_gate()
    code, written = service.ends()

    assert code == service.report["exit_code"] == 0, written
    assert service.report["why"] == "SIGHUP"
    assert service.report["in_drain"] == {"Completed": 200}


def test_a_hangup_that_is_ignored_stays_so(start: Start) -> None:
    """That is what `nohup` is for; another signal ends it as ever."""
    service = start("Loaded", prefix=("sh", "-c", 'trap "" HUP; exec "$@"', "sh"))
    service.hear("READY=1")

    service.process.send_signal(signal.SIGHUP)
    service.process.send_signal(signal.SIGTERM)
    service.hear("STOPPING=1")
    service.open_gate()
    code, written = service.ends()

    assert code == 0, written
    assert service.report["why"] == "SIGTERM"


def test_a_third_signal_ends_a_program_that_is_stuck(start: Start) -> None:
    """It never comes back to the event loop, so nothing else would."""
    service = start("Stuck")
    service.hear("READY=1")

    service.process.send_signal(signal.SIGINT)
    assert service.process.stdout is not None
    assert service.process.stdout.readline() == "stuck\n"
    code = None
    while code is None:
        service.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = service.process.wait(0.05)

    assert code == 128 + signal.SIGINT


def test_the_service_manager_hears_of_each_step(start: Start) -> None:
    """Ready, stopping and how long that may take; the watchdog all the time."""
    service = start("Loaded", WATCHDOG_USEC="100000")

    before = service.hear("READY=1")
    service.hear("WATCHDOG=1")
    service.process.send_signal(signal.SIGTERM)
    service.hear("STOPPING=1")
    service.hear("WATCHDOG=1")
    service.open_gate()
    code, _ = service.ends()

    assert set(before) <= {"WATCHDOG=1", "EXTEND_TIMEOUT_USEC=30000000"}
    assert "EXTEND_TIMEOUT_USEC=30000000" in before
    assert code == 0


def test_a_tree_that_crashes_shows_the_users_frames(start: Start) -> None:
    """Once more than its supervisor's limit allows."""
    service = start("Crashing")

    code, written = service.ends()

    _, _, last = written.partition(" CRITICAL ")
    assert code == service.report["exit_code"] == 1
    assert service.report["crash"]["error"].startswith("RestartLimitError: ")
    assert "Traceback" not in last  # each crash has had its own, when it happened
    crashes = written.count("crashed: ValueError: the purse is empty; ")
    assert written.count('raise ValueError("the purse is empty")') == crashes > 0
    assert "supervision/_" not in written
    assert "/actors/_" not in written
    assert "/trio/_core" not in written


def test_a_tree_that_ends_by_itself_ends_the_service_in_order(start: Start) -> None:
    """A job that is done is no fault."""
    service = start("Done")

    code, written = service.ends()

    assert code == 0, written
    assert service.report["why"].startswith("the tree")


def test_a_tree_that_does_not_stop_in_time_is_late(start: Start) -> None:
    """Killed when the budget is over, and named."""
    service = start("Late", "--budget", "0.2")
    service.hear("READY=1")

    service.process.send_signal(signal.SIGTERM)
    code, written = service.ends()

    assert code == service.report["exit_code"] == 4
    assert service.report["late"] == [{"path": "/Late", "phase": "stopped"}]
    assert "/Late (stopped)" in written


def test_a_tree_that_still_starts_is_stopped_at_once(start: Start) -> None:
    """What its `started` waits for is of no use any more: nobody is late."""
    service = start("Starting")
    assert service.process.stdout is not None
    assert service.process.stdout.readline() == "starting\n"

    service.process.send_signal(signal.SIGTERM)
    service.hear("STOPPING=1")
    code, written = service.ends()

    assert code == 0, written
    assert service.report["late"] == []
    assert service.report["in_time"]


def test_after_kill_9_a_restart_works_at_once(start: Start, tmp_path: Path) -> None:
    """The socket that is left is nobody's; while somebody has it, it is refused."""
    pytest.importorskip("starlette", reason="the control socket needs its extra")
    pytest.importorskip("hypercorn", reason="the control socket needs its extra")
    path = str(tmp_path / "control.sock")
    first = start("Late", "--socket", path)
    first.hear("READY=1")

    refused = start("Late", "--socket", path)
    code, written = refused.ends()
    first.process.kill()
    first.process.wait()
    left = Path(path).is_socket()
    second = start("Late", "--socket", path, "--budget", "0.2")
    second.hear("READY=1")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    second.process.send_signal(signal.SIGTERM)
    second.ends()

    assert code == 3
    assert str(first.process.pid) in written
    assert "Traceback" not in written
    assert left
    assert not Path(path).exists()


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ("nosuchmodule:Top", "actors: error: there is no module 'nosuchmodule' in /"),
        ("bad:Top", "actors: error: 'bad' cannot be imported: "),
    ],
)
def test_what_is_no_tree_is_one_line(tree: str, said: str, tmp_path: Path) -> None:
    """And where it is wrong, if it is the user's code; never our frames."""
    app_in(tmp_path)
    (tmp_path / "bad.py").write_text("def f():\n    return 1 +\n", encoding="utf-8")

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "supervision.cli", "run", tree],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env=os.environ | {"ACTORS_RUNTIME_DIR": str(tmp_path)},
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]
    assert "supervision/" not in done.stderr
