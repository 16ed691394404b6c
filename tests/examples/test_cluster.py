"""The example of a cluster is played: it adds up, whatever befalls its nodes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOUND = 300.0
"""Seconds after which the test fails; nothing waits for it."""
LINES = 150


def test_a_cluster_adds_up() -> None:
    """A node dies, one is stopped, the server is restarted, one is added, drained."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    server = pytest.importorskip("examples.cluster.server")
    if server.binaries() is None:
        pytest.skip("no PostgreSQL server is installed")

    done = subprocess.run(
        [sys.executable, "-m", "examples.cluster", "--turns", "400"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "it adds up"
    assert "accepted   400 prompts" in done.stdout
    assert "told       400 outcomes" in done.stdout
    assert "node b is killed" in done.stdout
    assert "partitions that changed hands: 0" in done.stdout
    assert "node a has ended, with status 0" in done.stdout


def test_it_is_as_short_as_the_others() -> None:
    """Each file under 150 lines; both checkers find nothing."""
    files = sorted((ROOT / "examples" / "cluster").glob("*.py"))

    for path in files:
        assert len(path.read_text(encoding="utf-8").splitlines()) < LINES, path
    assert len(files) == 8
