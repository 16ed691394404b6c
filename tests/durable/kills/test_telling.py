"""Real processes, killed while answers are read, sends are under way, reminders due."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import attrs

from actors import Completed, Failed, Outcome
from supervision.durable import TurnInterruptedError
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values

from .telling import WORDS, Teller

ROOT = Path(__file__).parents[3]
KILLS = 6
SENDERS = 10


@attrs.define(eq=False)
class Answer:
    """What has been read of an answer, over all processes."""

    key: str
    chunks: list[tuple[int, str]] = attrs.Factory(list[tuple[int, str]])
    """(number, text) of those that count."""
    seen: set[int] = attrs.Factory(set[int])
    """All numbers, of every try."""
    end: str = ""

    def hear(self, verb: str, words: list[str]) -> str | None:
        """Take a line in; what is wrong with it."""
        if verb == "end":
            self.end = words[0]
        elif verb == "again":
            self.chunks.clear()
        else:
            number, text = int(words[0]), words[1]
            before = self.chunks[-1] if self.chunks else None
            attempt, each = text.split("/")
            last = before[1].split("/") if before is not None else [attempt, "0"]
            self.chunks.append((number, text))
            if (
                number in self.seen
                or attempt != last[0]
                or int(each) != 1 + int(last[1])
            ):
                return f"{text} with number {number} behind {before}"
            if before is not None and number != before[0] + 1:
                return f"number {number} behind {before[0]}"
            self.seen.add(number)
        return None


@attrs.define(eq=False)
class Heard:
    """What all processes have said."""

    answers: dict[str, Answer] = attrs.Factory(dict[str, Answer])
    begun: Counter[str] = attrs.Factory(Counter[str])
    wrong: list[str] = attrs.Factory(list[str])
    lines: int = 0

    def hear(self, line: str) -> None:
        """Take a line in; the last one of a process may be cut off."""
        verb, _, rest = line.partition(" ")
        if not line.endswith("\n"):
            return
        self.lines += 1
        if verb == "begun":
            self.begun[rest.strip()] += 1
            return
        name, *words = rest.split()
        if verb == "accepted":
            self.answers[name] = Answer(words[0])
            return
        wrong = self.answers[name].hear(verb, words)
        if wrong is not None:
            self.wrong.append(f"{name}: {wrong}")

    def open(self) -> dict[str, Answer]:
        """Those that are not read to their end."""
        return {name: each for name, each in self.answers.items() if not each.end}


def live(path: Path, heard: Heard, name: str, lines: int | None) -> None:
    """Have a process live for so many lines, then kill it.

    None: it only goes on, until nothing is open and all is read.
    """
    places = path.with_suffix(".json")
    at = {
        name: (each.key, each.chunks[-1][0] if each.chunks else 0)
        for name, each in heard.open().items()
    }
    places.write_text(json.dumps(at), encoding="utf-8")
    senders = SENDERS if lines is not None else 0
    command = [sys.executable, "-m", "tests.durable.kills.telling"]
    until = heard.lines + lines if lines is not None else None
    over = threading.Event()
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, str(path), name, str(senders), str(places)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def watch() -> None:
            while heard.open() or left(path):
                if over.wait(0.05):
                    return
            process.kill()

        watcher = threading.Thread(target=watch)
        if lines is None:
            watcher.start()
        assert process.stdout is not None
        for line in process.stdout:
            heard.hear(line)
            if heard.lines == until:
                process.kill()  # what is in the pipe was said before
        over.set()
        if lines is None:
            watcher.join()


def left(path: Path) -> int:
    """How many prompts have no outcome, and how many reminders there are."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        query = (
            "select (select count(*) from prompts where outcome is null)"
            " + (select count(*) from reminders)"
        )
        (found,) = connection.execute(query).fetchone()
    connection.close()
    return int(found)


def test_readers_sends_and_reminders_outlive_kills(tmp_path: Path) -> None:
    """No gap, no mixture; one outcome for each; each send and reminder once."""
    path = tmp_path / "chat.db"
    dice = random.Random(2)  # noqa: S311 - where to kill
    heard = Heard()
    for number in range(KILLS):
        live(path, heard, f"r{number}", dice.randrange(200, 2500))
    live(path, heard, "last", None)

    codec = Values(Teller)
    with sqlite3.connect(path) as connection:
        (whole,) = connection.execute("pragma integrity_check").fetchone()
        rows = connection.execute(
            "select id, attempts, outcome from prompts"
        ).fetchall()
        states = connection.execute("select state from sessions").fetchall()
    connection.close()
    assert whole == "ok"
    assert heard.wrong == []

    outcomes: dict[str, Outcome] = {}
    for id_, attempts, ended in rows:
        name = f"due {id_.split(':')[1]}" if id_.startswith("~remind:") else id_
        outcome = codec.decode(ended, Where.OUTCOME)
        assert name not in outcomes  # also of what was sent, and of reminders
        assert heard.begun[name] <= attempts
        assert isinstance(outcome, Completed | Failed)
        if isinstance(outcome, Failed):
            assert isinstance(outcome.error, TurnInterruptedError)
        outcomes[name] = outcome
    assert heard.answers.keys() <= outcomes.keys()
    assert len(heard.answers) > 50

    tales = [name for name in outcomes if not name.startswith(("sent ", "due "))]
    followed = {f"{verb} {name}" for name in tales for verb in ("sent", "due")}
    assert outcomes.keys() <= {*tales, *followed}
    kept = Counter(
        each for (body,) in states for each in codec.decode(body, Where.STATE)
    )
    done = {name for name, each in outcomes.items() if isinstance(each, Completed)}
    assert kept == Counter(done)
    for name in tales:
        for verb in ("sent", "due"):  # these may have been interrupted themselves
            assert (f"{verb} {name}" in outcomes) == (name in done)
    for name, answer in heard.answers.items():
        assert answer.end == type(outcomes[name]).__name__
        if name in done:
            assert len(answer.chunks) == WORDS
