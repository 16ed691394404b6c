"""A process keeps the promise of its budget, also with code that does not end.

Real processes: what is tested is how they leave.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
import trio
from actors import Actor, Session
from supervision import ChildSpec, Router, Settings, Supervisor, find_child, router_ref
from supervision.service import run, running

# who is deaf lets Trio run, only late if the machine is busy
running.OVERDUE, running.HANGING = 0.1, 0.3 if sys.argv[1] == "Blocking" else 60

class Deaf(Actor[str]):
    def started(self):
        self.ref.tell_nowait("work")

    async def receive(self, message):
        with trio.CancelScope(shield=True):
            print("works", flush=True)
            await trio.sleep(60)

class Blocking(Deaf):
    async def receive(self, message):
        print("works", flush=True)
        time.sleep(60)

class Chat(Session[str, str]):
    async def take_turn(self, turn):
        with trio.CancelScope(shield=True):
            print("works", flush=True)
            await trio.sleep(60)

class Door(Actor[str]):
    def __init__(self, tree):
        self.tree = tree

    async def started(self):
        router = router_ref(await find_child(self.tree, "router"), Chat)
        router.send("ann", "one")
        router.send("ann", "two")

    def receive(self, message):
        pass

class Turns(Supervisor):
    def declare(self):
        return [Router.spec(Chat), ChildSpec(Door, self.ref, id="door")]

sys.exit(run(globals()[sys.argv[1]], settings=Settings(budget=0.2)))
"""


@pytest.mark.parametrize("kind", ["Deaf", "Turns", "Blocking"])
def test_the_process_leaves_when_the_budget_is_over(kind: str) -> None:
    """With a word in the log, and with the report if Trio still runs."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "works\n"
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=100)
        finally:
            process.kill()

    records = [json.loads(line) for line in log.splitlines()]
    words = "does not return" if kind == "Blocking" else "cannot be cancelled"
    assert process.returncode == 4
    assert any(words in record["message"] for record in records)
    reports = [record["report"] for record in records if "report" in record]
    if kind == "Blocking":
        assert reports == []
        return
    (report,) = reports
    assert (report["exit_code"], report["why"]) == (4, "SIGTERM")
    deaf = {"Deaf": "/Deaf", "Turns": "/Turns/router/ann/turn-1"}[kind]
    assert [late["path"] for late in report["late"]] == [deaf]
    assert report["adds_up"]
    if kind == "Turns":
        assert report["outcomes"] == {"Aborted": 1, "Lost": 1}
