"""The example of a broker in front of agents comes to its end, and says what it did."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BOUND = 100.0
"""Seconds after which the test fails; nothing waits for it."""


def test_the_broker_demonstrates_what_it_is_for(tmp_path: Path) -> None:
    """Streams, a death, a hang, idleness, a resumption, a drain; nothing is left."""
    program = [sys.executable, "-W", "error", str(EXAMPLES / "broker.py")]
    ended = subprocess.run(  # noqa: S603
        program,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    log = ended.stdout
    assert "alice: 'good morning' -> ['good ', 'morning '] Completed" in log
    assert "carol: the agent gets SIGKILL -> Failed" in log
    assert "carol: the agent gets SIGSTOP -> TimedOut" in log
    assert "alice: its agent was ended: idle for too long" in log
    assert "alice: 'good evening' -> ['good ', 'evening '] Completed" in log
    assert "the history is lost" not in log
    assert "{'Completed': 6, 'Failed': 1, 'TimedOut': 1}" in log
    assert "no process is left of 6" in log


AGENT = """
import sys
sys.path.insert(0, sys.argv[1])
import echo_agent
respond = echo_agent.respond
def noted(method, params):
    with open(sys.argv[2], "a") as file:
        print(method, params.get("sessionId"), file=file)
    return respond(method, params)
echo_agent.respond = noted
echo_agent.main()
"""


def run_until_killed(folder: Path) -> list[str]:
    """Run the broker with an agent that notes its calls; kill it after two answers."""
    agent = [sys.executable, "-c", AGENT, str(EXAMPLES), str(folder / "calls")]
    answers: list[str] = []
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-u", str(EXAMPLES / "broker.py"), "--", *agent],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as broker:
        assert broker.stdout is not None
        for line in broker.stdout:
            if "->" in line:
                answers.append(line.rstrip())
            if len(answers) == 2:
                broker.kill()  # before the demonstration stops an agent
    return answers[:2]


def calls_of(folder: Path) -> set[tuple[str, str]]:
    """What agents were asked of conversations, and forget it."""
    calls = folder / "calls"
    lines = calls.read_text(encoding="utf-8").splitlines()
    found = {(line.split()[0], line.split()[1]) for line in lines}
    calls.unlink()
    return {each for each in found if each[0].startswith("session/")}


def test_a_broker_that_was_killed_goes_on_with_its_conversations(
    tmp_path: Path,
) -> None:
    """Its agents are told to resume, and a message with an id is answered once."""
    first = run_until_killed(tmp_path)
    before = calls_of(tmp_path)
    second = run_until_killed(tmp_path)
    after = calls_of(tmp_path)

    assert "alice: 'good morning' -> ['good ', 'morning '] Completed" in first
    assert "alice: 'good morning' -> ['good ', 'morning '] Completed" in second
    assert "bob: 'hello hello' -> ['hello ', 'hello '] Completed" in second
    asked = {session for call, session in before if call == "session/prompt"}
    assert len(asked) == 2
    assert {session for call, session in after if call == "session/resume"} == asked
    again = {session for call, session in after if call == "session/prompt"}
    assert len(again) == 1  # bob's: nobody had to ask alice's
    assert again < asked


def test_started_again_when_answers_are_not_kept_any_more_it_says_so(
    tmp_path: Path,
) -> None:
    """They are for an hour, and the id of a message for a week."""
    run_until_killed(tmp_path)
    with closing(sqlite3.connect(tmp_path / "broker.db")) as store:
        store.execute("delete from chunks")
        store.execute("update prompts set stream = 0 where stream > 0")
        store.commit()
    second = run_until_killed(tmp_path)

    assert "alice: 'good morning' -> [] Completed" in second
    assert "bob: 'hello hello' -> ['hello ', 'hello '] Completed" in second


def test_the_broker_is_short() -> None:
    """Under 150 lines, the demonstration included."""
    text = (EXAMPLES / "broker.py").read_text(encoding="utf-8")

    assert len(text.splitlines()) < 150
