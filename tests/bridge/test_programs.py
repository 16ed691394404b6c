"""What a program sees: Ctrl-C, a host that dies, a block that is never left."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

PATIENCE = 100  # seconds until a program is taken for one that hangs
TREE = """
import asyncio, signal, sys, threading
import trio
from actors import Session, Turn
from supervision import ChildSpec, Router, Settings, Supervisor
from supervision.bridge import open_blocking_tree, open_tree

class Chat(Session[str, str]):
    async def take_turn(self, turn: Turn[str, str]) -> None:
        try:
            await turn.emit("begun")
            print("begun", flush=True)
            await trio.sleep_forever()
        finally:
            print("tidied", flush=True)

class Tree(Supervisor):
    children = (ChildSpec(Router, Chat, id="router"),)
"""
IN_ASYNCIO = """
async def main():
    async with open_tree(Tree) as tree:
        router = await tree.router(Chat, "router")
        async with router.open_turn("ann", "hello") as answer:
            async for word in answer:
                pass

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", threading.active_count())
"""
IN_A_THREAD = """
try:
    with open_blocking_tree(Tree) as tree:
        with tree.router(Chat, "router").open_turn("ann", "hello") as answer:
            for word in answer:
                pass
except KeyboardInterrupt:
    print("interrupted", threading.active_count())
"""
IN_A_WAIT = """
try:
    with open_blocking_tree(Tree) as tree:
        tree.router(Chat, "router").send("ann", "hello").outcome()
except KeyboardInterrupt:
    print("interrupted", threading.active_count())
"""
IN_A_DRAIN = """
try:
    with open_blocking_tree(Tree, settings=Settings(budget=1000)) as tree:
        tree.router(Chat, "router").send("ann", "hello")
except KeyboardInterrupt:
    print("interrupted", threading.active_count())
"""
NEVER_LEFT = """
async def main():
    tree = await open_tree(Tree).__aenter__()
    router = await tree.router(Chat, "router")
    async with router.open_turn("ann", "hello") as answer:
        await anext(answer)
        loop.stop()
        await asyncio.Event().wait()

import logging
logging.basicConfig()
loop = asyncio.new_event_loop()
task = loop.create_task(main())
loop.run_forever()
task._log_destroy_pending = False
loop.close()
print("the host ends", flush=True)
"""


def start(body: str) -> subprocess.Popen[str]:
    """Start a program that has a process group of its own."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", "-c", textwrap.dedent(TREE + body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "body",
    [IN_ASYNCIO, IN_A_THREAD, IN_A_WAIT, IN_A_DRAIN],
    ids=["asyncio", "thread", "wait", "drain"],
)
def test_ctrl_c_stops_the_tree_in_order(body: str) -> None:
    """The turn is aborted and has cleaned up when the host goes on."""
    program = start(body)
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "begun\n"
        program.send_signal(signal.SIGINT)
        output, errors = program.communicate(timeout=PATIENCE)
    finally:
        program.kill()
        program.communicate()

    assert output == "tidied\ninterrupted 1\n", errors
    assert errors == "" or body is IN_A_DRAIN
    assert program.returncode == 0


def test_a_block_that_is_never_left_is_stopped_at_the_exit() -> None:
    """A host that dies with its loop: the tree is stopped, and the process ends."""
    program = start(NEVER_LEFT)
    try:
        output, errors = program.communicate(timeout=PATIENCE)
    finally:
        program.kill()
        program.communicate()

    assert output == "begun\nthe host ends\ntidied\n", errors
    assert "was never left" in errors
    assert program.returncode == 0
