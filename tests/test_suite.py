"""What the suite promises of itself."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.run import Run
from supervision.service import Settings, configure_logging
from tests.extras import NO_ACP

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


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_test_that_sets_up_the_log_leaves_it_as_it_was(turn: str) -> None:
    """Run twice: the second finds nothing of the first."""
    root = logging.getLogger()
    before = list(root.handlers)
    found = root.level

    configure_logging(Settings(log_level="CRITICAL"))

    (ours,) = set(root.handlers) - set(before)
    assert not [each for each in before if type(each) is type(ours)], turn
    assert found != root.level == logging.CRITICAL


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_test_that_measures_leaves_the_collector_as_it_was(turn: str) -> None:
    """Run twice: the second finds nothing of the first."""
    assert gc.get_freeze_count() == 0, turn

    with Run(1).timed():
        assert gc.get_freeze_count() > 0


def test_the_suite_does_without_the_extra_acp() -> None:
    """Not every Python can have it: what needs it says so, all else is collected."""
    tests = Path(__file__).parent
    chosen = ["acp/test_turns.py", "test_errors_whole.py", "test_suite.py"]
    program = f"""
import sys
sys.modules["acp"] = None  # as if it were not there
import pytest
options = ["--collect-only", "-qq", "-rs", "-p", "no:cacheprovider"]
sys.exit(pytest.main([*options, *{[str(tests / each) for each in chosen]}]))
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        capture_output=True,
        check=False,
        cwd=tests.parent,
        text=True,
        timeout=PATIENCE,
    )

    assert done.returncode == 0, done.stdout
    assert NO_ACP in done.stdout
