"""The three questions, put to one runtime in this process."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from importlib import import_module, metadata
from typing import Any

import attrs
import trio

from benchmarks.run import resident_bytes

from .model import Model
from .runtimes import ON_TRIO, RUNTIMES, Runtime

AT_ONCE = 5
TURNS = 600
IDLE = 2_000
FEW = 20
"""Turns of which the median is taken, at the beginning and at the end."""

SECONDS = 0.2
"""How long an answer takes while five are asked for."""


@attrs.frozen
class Answers:
    """What one runtime came to."""

    name: str
    """The distribution."""
    version: str
    at_once: int
    """Turns of one conversation that ran at once, when five prompts came."""
    remembered: int
    """Prompts of the five that the conversation remembers."""
    shown: int
    """Messages that the model was shown for the prompt it got last; 9 are whole."""
    first: float
    """Seconds of processor time of a turn at the beginning; a median."""
    last: float
    """The same of the turns up to the 600th."""
    idle: float
    """Bytes of a conversation that has had one turn."""


def play(module: str) -> Answers:
    """Ask one of `RUNTIMES`.  Raises ImportError: it is not installed."""
    runtime = import_module(f"benchmarks.apart.runtimes.{module}")
    name = RUNTIMES[module]
    on_trio = module in ON_TRIO
    sleep = trio.sleep if on_trio else asyncio.sleep

    async def asked() -> tuple[float, tuple[int, int, int], tuple[float, float]]:
        model = Model(sleep)
        async with runtime.open_runtime(model) as each:
            idle = await _idle(each)
        async with runtime.open_runtime(model) as each:
            times = await _turns(each)
        model = Model(sleep, SECONDS)
        async with runtime.open_runtime(model) as each:
            at_once = await _at_once(each, model, _on_trio if on_trio else _on_asyncio)
        return idle, at_once, times

    idle, at_once, times = trio.run(asked) if on_trio else asyncio.run(asked())
    return Answers(name, metadata.version(name), *at_once, *times, idle)


async def _idle(runtime: Runtime) -> float:
    for number in range(100):  # it is warm
        await runtime.say(f"first {number}", "hello")
    before = resident_bytes()
    for number in range(IDLE):
        await runtime.say(f"{number}", "hello")
    return (resident_bytes() - before) / IDLE


async def _turns(runtime: Runtime) -> tuple[float, float]:
    for number in range(FEW):  # it is warm
        await runtime.say("other", f"m{number}")
    times = list[float]()
    for number in range(TURNS):
        began = time.process_time()
        await runtime.say("long", f"m{number}")
        times.append(time.process_time() - began)
    return statistics.median(times[:FEW]), statistics.median(times[-FEW:])


async def _at_once(
    runtime: Runtime, model: Model, together: Callable[..., Awaitable[None]]
) -> tuple[int, int, int]:
    prompts = [f"m{number}" for number in range(AT_ONCE)]
    await together(runtime.say, prompts)
    said = await runtime.remembered("ann")
    most, shown = model.most, model.shown[AT_ONCE - 1]
    return most, sum(each in said for each in prompts), shown


async def _on_trio(say: Callable[[str, str], Awaitable[Any]], texts: list[str]) -> None:
    async with trio.open_nursery() as nursery:
        for text in texts:
            nursery.start_soon(say, "ann", text)


async def _on_asyncio(say: Callable[[str, str], Any], texts: list[str]) -> None:
    await say("bob", "hello")  # it is warm; ann is new
    async with asyncio.TaskGroup() as group:
        for text in texts:
            group.create_task(say("ann", text))
