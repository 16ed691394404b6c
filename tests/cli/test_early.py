"""A signal that comes while `actors run` imports the module of the tree."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from supervision.cli._commands.early import heard_early
from supervision.service import ExitCode

AT_ONCE = "import os, signal\nos.kill(os.getpid(), signal.{name})\n"
SWALLOWED = """import os, signal
try:
    os.kill(os.getpid(), signal.{name})
    raise AssertionError
except BaseException:
    pass
"""
TWICE = SWALLOWED + AT_ONCE
TREE = """
from actors import Actor

class Tree(Actor[str]):
    def receive(self, message): ...
"""
RUN = "import sys; from supervision.cli import main; sys.exit(main())"


def run(text: str, folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Have a process run a tree whose module does this first."""
    (folder / "early.py").write_text(text.format(name=name) + TREE)
    options = ("early:Tree", "--socket", "none", "--log-format", "plain")
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", RUN, "run", *options],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.parametrize("text", [AT_ONCE, SWALLOWED])
def test_a_signal_during_the_import_ends_in_order(
    text: str, name: str, tmp_path: Path
) -> None:
    """With a line in the log, also if the module lets nothing out."""
    done = run(text, tmp_path, name)

    (line,) = done.stderr.splitlines()
    assert f"WARNING supervision.cli: {name}: stopped before there was a tree" in line
    assert done.returncode == ExitCode.OK


def test_a_second_one_ends_the_process_there(tmp_path: Path) -> None:
    """Whatever the module does with the first."""
    done = run(TWICE, tmp_path, "SIGTERM")

    assert done.returncode == 128 + signal.SIGTERM


def test_what_the_module_sets_is_its_own() -> None:
    """A handler that is set during the import is not undone."""
    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with heard_early() as heard:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert heard.number is None
    finally:
        signal.signal(signal.SIGHUP, before)
