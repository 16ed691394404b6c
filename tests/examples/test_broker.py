"""The example of a broker in front of agents comes to its end, and says what it did."""

from __future__ import annotations

import subprocess
import sys
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


def test_the_broker_is_short() -> None:
    """Under 150 lines, the demonstration included."""
    text = (EXAMPLES / "broker.py").read_text(encoding="utf-8")

    assert len(text.splitlines()) < 150
