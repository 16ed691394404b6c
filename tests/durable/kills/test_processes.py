"""Real processes, really killed: nothing that was accepted is lost."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

from actors import Completed, Failed
from supervision.durable import SqliteStore, TurnInterruptedError
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values

from .program import Chat

ROOT = Path(__file__).parents[3]
KILLS = 12
SENDERS = 64


def run(path: Path, name: str, senders: int, lines: int | None) -> list[list[str]]:
    """Have a process live for so many lines, then kill it; what it has said.

    None: until no prompt is open.
    """
    command = [sys.executable, "-m", "tests.durable.kills.program"]
    said: list[list[str]] = []
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, str(path), name, str(senders)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        if lines is None:
            while open_prompts(path):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
                assert process.returncode is None
            process.kill()
        for line in process.stdout:
            said.append(line.split())
            if lines is not None and len(said) == lines:
                process.kill()  # what is in the pipe was said before
    # the last line may be cut off
    return [each for each in said if len(each) > 1 and each[1].count("-") == 2]


def open_prompts(path: Path) -> int:
    """How many prompts have no outcome.

    Asked in this process, not in that of the router: two libraries of SQLite on one
    file in one process undo each other's locks.
    """
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        query = "select count(*) from prompts where outcome is null"
        (found,) = connection.execute(query).fetchone()
    connection.close()
    return int(found)


def test_d01_twelve_kills_under_load_lose_nothing(tmp_path: Path) -> None:
    """Each prompt whose `accept` has returned has one outcome, as it was told."""
    path = tmp_path / "chat.db"
    dice = random.Random(1)  # noqa: S311 - where to kill
    said: list[list[str]] = []
    for number in range(KILLS):
        said += run(path, f"r{number}", SENDERS, dice.randrange(1, 1500))
    said += run(path, "last", 0, None)

    codec = Values(Chat, types=SqliteStore(path).encoding.types)
    accepted = {each[1] for each in said if each[0] == "accepted"}
    begun = Counter(each[1] for each in said if each[0] == "begun")
    with sqlite3.connect(path) as connection:
        (whole,) = connection.execute("pragma integrity_check").fetchone()
        rows = connection.execute(
            "select key, id, attempts, outcome, turn from prompts order by turn"
        ).fetchall()
        states = connection.execute("select key, state from sessions").fetchall()
    connection.close()
    assert whole == "ok"
    outcomes = {row[1]: codec.decode(row[3], Where.OUTCOME) for row in rows}
    assert len(outcomes) == len(rows)
    assert accepted <= outcomes.keys()
    for each in said:
        if each[0] == "told":
            assert type(outcomes[each[1]]).__name__ == each[2]
    assert len(accepted) > 100

    completed: dict[str, list[str]] = {}
    for key, name, attempts, _, _ in rows:
        outcome = outcomes[name]
        assert begun[name] <= attempts
        if isinstance(outcome, Completed):
            completed.setdefault(key, []).append(name)
        else:
            assert isinstance(outcome, Failed)
            assert isinstance(outcome.error, TurnInterruptedError)
            assert outcome.attempts == attempts
    held = {key: list(codec.decode(body, Where.STATE)) for key, body in states if body}
    assert held == completed
