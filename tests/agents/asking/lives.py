"""How an agent begins and ends: each probe has processes of its own."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from supervision.acp import AgentProcess
from tests.agents.model.tools import as_json

from .subject import PATIENCE, Subject, hello, shown
from .wire import AgentGoneError, Json, NoAnswerError, Wire, open_wire

GOING = 30.0
"""Seconds for an agent to go when it is told to: more than any that goes has needed,
also on a machine that is busy, so that a row is of the agent."""
LEAVING = 10.0
"""Seconds for its other processes to go when it has gone."""

Probe = Callable[[Subject], Awaitable[Json]]


async def version_two(subject: Subject) -> Json:
    """What it answers a client that wants version 2 of the protocol."""
    settings = subject.place.settings(subject.recipe, subject.model.url)
    async with open_wire(settings) as wire:
        answer = await wire.call("initialize", hello(2), settings.start_within)
        result = as_json(answer.get("result"))
        return {"protocol": result.get("protocolVersion", shown(answer))}


async def end_of_input(subject: Subject) -> Json:
    """Whether it goes when nothing more can come: idle, and in the middle of a turn."""

    async def close(wire: Wire) -> None:
        await wire.process.close_stdin()

    return {
        "idle": await told_to_go(subject, close),
        "busy": await told_to_go(subject, close, busy=True),
    }


async def terminated(subject: Subject) -> Json:
    """Whether it goes when its first process gets SIGTERM."""

    async def term(wire: Wire) -> None:
        os.kill(wire.process.pid, signal.SIGTERM)
        await trio.lowlevel.checkpoint()

    return {
        "idle": await told_to_go(subject, term),
        "busy": await told_to_go(subject, term, busy=True),
    }


async def told_to_go(
    subject: Subject, tell: Callable[[Wire], Awaitable[None]], *, busy: bool = False
) -> str:
    """Tell it to go, and say whether it does, and who is left behind."""
    async with subject.run() as wire:
        session = await subject.session(wire)
        if busy:
            await subject.begin(wire, session)
        before = family(wire.process.pid)
        await tell(wire)
        with trio.move_on_after(GOING):
            await first_ends(wire.process)
            left = await left_behind(before)
            how = f"exit {wire.process.code}"
            return f"{how}, {left} left behind" if left else how
        return "stays"


async def first_ends(process: AgentProcess) -> None:
    """Wait for the process that was started; `process.wait()` is for its heirs too."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(process.wait)
        while process.code is None:  # noqa: ASYNC110 - there is no event for it
            await trio.sleep(0.05)
        nursery.cancel_scope.cancel()


async def left_behind(family: list[int]) -> int:
    """Count those that do not go."""
    with trio.move_on_after(LEAVING):
        while any(map(alive, family)):  # noqa: ASYNC110 - not our children: no event
            await trio.sleep(0.1)
    return sum(map(alive, family))


def alive(pid: int) -> bool:
    """Whether a process lives; one that nobody has reaped does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def family(leader: int) -> list[int]:
    """List the live processes of a session, without the one that leads it."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and int(entry.name) != leader:
                text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                state, _, _, session = text.rpartition(")")[2].split()[:4]
                if int(session) == leader and state not in "ZX":
                    found.append(int(entry.name))
    return found


async def killed(subject: Subject) -> Json:
    """What it still knows after kill -9: what it offers, and what is really there."""
    async with subject.run() as wire:
        session = await subject.session(wire)
        await subject.ask(wire, session, "[[say quince]]")
        await subject.ask(wire, session, "[[say medlar]]")
        os.killpg(wire.process.pid, signal.SIGKILL)
        await wire.process.wait()
    can = as_json(subject.hello.get("agentCapabilities"))
    offered = [
        verb
        for verb, there in (
            ("load", can.get("loadSession")),
            ("resume", "resume" in as_json(can.get("sessionCapabilities"))),
        )
        if there
    ]
    return {"offered": offered} | {
        verb: await brought_back(subject, session, verb) for verb in ("load", "resume")
    }


async def brought_back(subject: Subject, session: str, verb: str) -> Json:
    """Load or resume a session in a new process: what is repeated, what is known."""
    async with subject.run() as wire:
        told = wire.fresh()
        params = {"sessionId": session, **subject.where()}
        try:
            answer = await wire.call(f"session/{verb}", params, PATIENCE)
        except (NoAnswerError, AgentGoneError) as error:
            return {"answer": type(error).__name__}
        if "error" in answer:
            return {"answer": shown(answer)}
        before = _fruits(told.text())
        await subject.settle()
        late = _fruits(told.text()) - before
        wire.fresh()
        first = len(subject.model.requests)
        reason = await subject.ask(wire, session, "[[recall]]")
        told_to = [
            each.told
            for each in subject.model.requests[first:]
            if each.verb == "recall"
        ]
        return {
            "answer": "ok",
            "replayed": before,
            "replayed late": late,
            "reason": reason,
            "model was told": max(told_to, key=len) if told_to else [],
        }


def _fruits(text: str) -> int:
    return sum(word in text for word in ("quince", "medlar"))


LIVES: dict[str, Probe] = {
    "version 2": version_two,
    "end of input": end_of_input,
    "terminated": terminated,
    "killed": killed,
}
"""In the order in which they are made."""
