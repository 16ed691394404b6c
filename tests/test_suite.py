"""What the suite promises of itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PATIENCE = 100  # seconds until a process is taken for one that hangs
HEARD = """
import signal
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    print(signal.getsignal(each) is not signal.SIG_IGN)
"""


def test_the_processes_of_tests_hear_signals() -> None:
    """Whatever the suite was started with."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", HEARD],
        capture_output=True,
        check=True,
        text=True,
        timeout=PATIENCE,
    )

    assert done.stdout.split() == ["True"] * 3


def test_the_suite_may_be_started_with_signals_ignored() -> None:
    """As `nohup pytest &` in a script does it: Ctrl-C still comes, here and below."""
    tests = Path(__file__).parent
    chosen = [
        f"{tests / 'test_suite.py'}::test_the_processes_of_tests_hear_signals",
        f"{tests / 'sessions' / 'test_chunks.py'}::test_ctrl_c_loses_no_chunk",
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]

    done = subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", "trap '' INT TERM HUP; exec \"$@\"", "sh", *command],
        capture_output=True,
        check=False,
        cwd=tests.parent,
        text=True,
        timeout=PATIENCE,
    )

    assert done.returncode == 0, done.stdout
