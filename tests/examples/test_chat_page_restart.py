"""The chat page after `kill -9`: the conversation is there, and nothing is said twice.

On a store that outlives the service, with a clock that stands still; the last test
kills a process of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from examples.chat_page_picture import LIMIT, Stage, play
from supervision.durable import MemoryStore
from tests.examples.chat_line import Line

ROOT = Path(__file__).resolve().parents[2]
MANY = 100  # words: more than any answer has


def die(stage: Stage, store: MemoryStore) -> None:
    """Let the service die as by `kill -9`: nothing more is stored, and nothing told."""

    def both() -> None:
        store.kill()
        stage.service.stop_now("a test")

    stage.run(both)
    stage.player.join(LIMIT)


def test_a_conversation_is_there_after_a_kill() -> None:
    """Whoever comes back sees what was said and answered, and it goes on."""
    store = MemoryStore()
    with play(store=store) as stage:
        with Line(stage, "ann") as ann:
            ann.say("hello", "1")
            ann.hear("said")
            stage.words(MANY)
            ann.hear("outcome")
        die(stage, store)
    with play(store=store) as stage, Line(stage, "ann") as again:
        again.hear("outcome")
        before = again.events[:]
        again.say("hello again", "2")
        again.hear("said", 2)
        stage.words(5)
        again.hear("word", len(ann.of("word")) + 5)

    assert [each["prompt"] for each in before] == ["1"] * len(before)
    for kind in ("said", "word", "outcome"):
        assert [each[kind] for each in before if kind in each] == ann.of(kind)
    assert again.of("word")[-2:] == ["number ", "2 "]


def test_a_prompt_that_is_sent_again_after_a_kill_has_one_outcome() -> None:
    """One that was answered, one that was interrupted, one that nobody had heard."""
    store = MemoryStore()
    with play(store=store) as stage:
        with Line(stage, "ann") as ann:
            ann.say("hello", "1")
            ann.hear("said")
            stage.words(MANY)
            ann.hear("outcome")
            ann.say("and now", "2")
            ann.hear("said", 2)
            stage.words(3)
            ann.hear("word", len(ann.of("word")) + 3)
        die(stage, store)
    with play(store=store) as stage, Line(stage, "ann") as again:
        for text, name in (("hello", "1"), ("and now", "2"), ("new", "3")):
            again.say(text, name)
        again.hear("said", 3)
        stage.words(MANY)
        again.hear("outcome", 3)

    outcomes = {
        each["prompt"]: each["outcome"] for each in again.events if "outcome" in each
    }
    assert outcomes == {"1": "Completed", "2": "Failed", "3": "Completed"}
    assert again.of("said") == ["hello", "and now", "new"]
    assert any("TurnInterruptedError" in each for each in again.of("why"))
    kept = {each.id for each in store.prompts()}
    assert kept == {"1", "2", "3"}


@contextmanager
def served(store: Path) -> Generator[tuple[subprocess.Popen[str], Any]]:
    """Run the service; the process, and where it is."""
    command = "-m supervision.cli run examples.chat_page:Tree --socket none"
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *command.split(), "--log-format", "json"],
        cwd=ROOT,
        env={**os.environ, "CHAT_PORT": "0", "CHAT_STORE": str(store)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            where = re.compile(r"http://[\d.]+:\d+")
            found = next(filter(None, map(where.search, process.stderr)))
            address: Any = Where(found[0])
            yield process, address
        finally:
            process.kill()


class Where:
    """Where a page is: all that a `Line` asks of a stage."""

    def __init__(self, url: str) -> None:
        self.url = url


def test_a_process_that_was_killed_says_what_it_has_interrupted(tmp_path: Path) -> None:
    """The next one does: with `kill -9`, a file and real time."""
    with served(tmp_path / "chat.db") as (process, where), Line(where, "ann") as ann:
        ann.say("hello", "1")
        ann.hear("word")
        process.kill()
        process.wait(LIMIT)
    with served(tmp_path / "chat.db") as (_, where), Line(where, "ann") as again:
        again.say("hello", "1")
        again.hear("outcome")

    assert again.of("said") == ["hello"]
    assert again.of("word") == []
    assert again.of("outcome") == ["Failed"]
    assert "TurnInterruptedError" in again.of("why")[0]
