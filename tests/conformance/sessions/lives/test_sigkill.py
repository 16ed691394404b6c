"""What sessions have bound survives a process that is killed: scenario S92.

It is a real process, on the real clock; the tests wait for what it writes and for its
end, never for a time.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import trio

from actors import (
    Completed,
    Session,
    Turn,
    open_system,
)
from supervision import FileTokens, start_router

ROOT = Path(__file__).resolve().parents[4]
BOUND = 100.0
"""Seconds after which a test of real processes fails; nothing waits for it."""

KEEPERS = """
import sys
import trio
from actors import Session, open_system
from supervision import FileTokens, Limits, start_router

class Keeper(Session):
    async def take_turn(self, turn):
        self.bind({"agent": turn.key})
        if turn.prompt == "stay":
            print(turn.key, flush=True)
            await trio.sleep_forever()

    async def suspend(self):
        self.bind({"agent": self.key, "suspended": True})

async def main():
    async with open_system() as system:
        limits = Limits(sessions=3)
        tokens = FileTokens(sys.argv[1])
        router = start_router(system, Keeper, limits=limits, tokens=tokens)
        for key in ("a", "b"):
            await router.send(key, "go").outcome()
        for key in ("c", "d", "e"):
            router.send(key, "stay")
        await trio.sleep_forever()

trio.run(main)
"""
"""Has three sessions that are busy, and two that had to make room for them."""

MAPPINGS = {
    "a": {"agent": "a", "suspended": True},
    "b": {"agent": "b", "suspended": True},
    "c": {"agent": "c"},
    "d": {"agent": "d"},
    "e": {"agent": "e"},
}


class Teller(Session[str, str]):
    """Tells what an earlier session of its key has bound."""

    async def take_turn(self, turn: Turn[str, str]) -> object:
        del turn
        return self.token


async def ask_all(path: Path) -> dict[str, object]:
    """What new sessions of all keys find bound."""
    told: dict[str, object] = {}
    async with open_system() as system:
        router = start_router(system, Teller, tokens=FileTokens(path))
        for key in MAPPINGS:
            outcome = await router.send(key, "what").outcome()
            assert isinstance(outcome, Completed)
            told[key] = outcome.result
    return told


async def kill_when_all_are_bound(path: Path) -> None:
    """Run `KEEPERS` until its three busy sessions have bound; then SIGKILL."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", KEEPERS, str(path)], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    written = b""
    try:
        while written.count(b"\n") < 3:
            chunk = await process.stdout.receive_some()
            assert chunk, "the program has ended"
            written += chunk
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
    assert sorted(written.decode().split()) == ["c", "d", "e"]
    assert process.returncode == -signal.SIGKILL


async def test_s92_what_sessions_have_bound_survives_sigkill(tmp_path: Path) -> None:
    """All five: those of the busy sessions, and those of the suspended ones."""
    path = tmp_path / "tokens"

    with trio.fail_after(BOUND):
        await kill_when_all_are_bound(path)

    assert FileTokens(path).load() == MAPPINGS
    assert await ask_all(path) == MAPPINGS


def names_in(folder: Path) -> list[str]:
    """What is there: no half-written copy stays."""
    return [each.name for each in folder.iterdir()]


async def test_s92_a_line_that_was_being_written_costs_no_other_mapping(
    tmp_path: Path,
) -> None:
    """Half a line at the end is the one thing that is lost; loading loses nothing."""
    path = tmp_path / "tokens"
    with trio.fail_after(BOUND):
        await kill_when_all_are_bound(path)
    whole = path.read_bytes()

    for cut in (1, len(whole.splitlines(keepends=True)[-1]) - 1):
        path.write_bytes(whole + whole.splitlines(keepends=True)[-1][:cut])
        for _ in range(3):  # each load may compact the file
            assert FileTokens(path).load() == MAPPINGS
        assert await ask_all(path) == MAPPINGS

    names = sorted(await trio.to_thread.run_sync(names_in, tmp_path))
    assert names == ["tokens", "tokens.lock"]
