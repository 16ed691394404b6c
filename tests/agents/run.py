"""One agent through all probes, and the facts as one value."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import cast

import attrs
import trio

from supervision.acp import AgentStartError

from .asking.hosted import hosted
from .asking.lives import LIVES
from .asking.subject import RefusedError, Subject
from .asking.talks import TALKS
from .asking.wire import AgentGoneError, Json, NoAnswerError, Wire
from .model.server import open_model
from .recipe import Place, Recipe

BOUND = 400.0
"""Seconds for one probe."""
PROBES = (*TALKS, *LIVES, "hosted")
"""All there are, in the order in which they are made."""
FAULTS = (
    AgentStartError,
    RefusedError,
    AgentGoneError,
    NoAnswerError,
    trio.TooSlowError,
    trio.BrokenResourceError,
)


class Running:
    """Probes that are being made, and what they have found so far."""

    def __init__(self, subject: Subject, requests: str | None) -> None:
        self.subject = subject
        self.facts: Json = {}
        self._requests = requests

    async def one(self, name: str, probe: Awaitable[Json]) -> None:
        """Make one probe; that it fails is a fact."""
        _say(f"{self.subject.recipe.name}: {name} ...")
        model = self.subject.model
        model.requests.clear()
        self.facts[name] = {"error": f"not within {BOUND:g} s"}
        with trio.move_on_after(BOUND):
            try:
                self.facts[name] = await probe
            except* FAULTS as group:
                self.facts[name] = {"error": _first(group)}
        if self._requests:
            _keep(self._requests, name, [attrs.asdict(r) for r in model.requests])

    async def talk(self, names: Sequence[str]) -> None:
        """Make the probes that share a process; a new one when that has gone."""
        left = list(names)
        while left:
            _say(f"{self.subject.recipe.name}: started")
            try:
                async with self.subject.run() as wire:
                    await self._talks(wire, left)
            except* FAULTS as group:
                last = self.subject.last_words()
                self.facts["start"] = {"error": _first(group), "stderr": last}
                left.clear()

    async def _talks(self, wire: Wire, left: list[str]) -> None:
        while left and not wire.gone.is_set():
            name = left.pop(0)
            await self.one(name, TALKS[name](self.subject, wire))
            self.facts["noise"] = [*self.facts.get("noise", []), *wire.told.noise]
            if "error" in self.facts[name]:
                self.facts[name]["stderr"] = wire.process.stderr[-300:]
                if name == "opened":
                    left.clear()
                return
            if name == "said" and not self.speaks():
                left.clear()

    def speaks(self) -> bool:
        """Whether it has opened a session, and said what our model says."""
        said = self.facts.get("said", {"text": "alpha"})
        wrong = "error" in self.facts.get("opened", {}) or "start" in self.facts
        return not wrong and "alpha" in said.get("text", "")


async def run(
    recipe: Recipe,
    place: Place,
    probes: Sequence[str],
    requests: str | None = None,
    *,
    settling: float = 1.0,
) -> Json:
    """Run an agent through probes; what they found, by their names.

    Args:
        recipe: how it is had and started.
        place: where it is installed.
        probes: some of `PROBES`.
        requests: a file for what the model was asked.
        settling: seconds after an answer in which late words are listened to.
    """
    async with open_model() as model:
        shutil.rmtree(place.home, ignore_errors=True)
        shutil.rmtree(place.project, ignore_errors=True)
        place.lay_out(recipe, model.url)
        subject = Subject(recipe, place, model, settling=settling)
        running = Running(subject, requests)
        await running.talk([name for name in probes if name in TALKS])
        for name in probes if running.speaks() else ():
            if name in LIVES:
                await running.one(name, LIVES[name](subject))
        if "hosted" in probes and running.speaks():
            await running.one("hosted", hosted(subject))
        facts = {
            "name": recipe.name,
            "packages": recipe.packages,
            "command": list(recipe.command),
            "dialect": recipe.dialect,
            "version": await _version(subject),
            "machine": f"{platform.system()} {platform.machine()}",
            "started": subject.started,
            "initialize": subject.hello,
            "facts": running.facts,
        }
        return _plain(facts, place, model.url)


async def _version(subject: Subject) -> Json:
    """What the agent itself says its version is, and how it says so."""
    found: Json = {"agentInfo": subject.hello.get("agentInfo") or {}}
    recipe, place = subject.recipe, subject.place
    if recipe.version:
        environment = place.environment(recipe, subject.model.url)
        with trio.move_on_after(90):
            done = await trio.run_process(
                [place.filled(word, subject.model.url) for word in recipe.version],
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                env={**os.environ, **environment},
                cwd=place.project,
            )
            words = (done.stdout + done.stderr).decode(errors="replace").strip()
            number = re.search(r"\d+\.\d+[.\w+-]*", words)
            found["printed"] = number[0].rstrip(".") if number else words[:80]
    return found


def _first(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return f"{type(error).__name__} {error}".strip()


def _plain(facts: Json, place: Place, url: str) -> Json:
    """Take out what is of this run alone: folders and ports."""
    text = json.dumps(facts)
    host = url.removeprefix("http://")
    given = ((str(place.root), "$folder"), (url, "$url"), (host, "$host"))
    for part, word in given:
        text = text.replace(part, word)
    found: Json = json.loads(text)
    return found


def _keep(path: str, probe: str, requests: list[Json]) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        for each in requests:
            print(json.dumps({"probe": probe, **each}), file=file)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201
