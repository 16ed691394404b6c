"""A disk that is full, and has space again: a real one, of 2 MiB."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.durable.store.disk import PATIENCE

MOUNT = "mount -t tmpfs -o size=2m none {0} && exec {1} -m tests.durable.files.full {0}"


def alone(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command where it may mount what nobody else sees."""
    return subprocess.run(  # noqa: S603 - our own program
        ["unshare", "-Urm", "sh", "-c", command],  # noqa: S607 - the system's
        capture_output=True,
        cwd=Path(__file__).parents[3],
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_d59_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """`StoreDown` names it, nothing is told meanwhile, `StoreUp` when there is space.

    Nothing is run twice, and all is there after a restart.
    """
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    tried = alone(f"mount -t tmpfs -o size=1m none {tmp_path}")
    if tried.returncode:
        pytest.skip(f"namespaces are not allowed here: {tried.stderr.strip()}")

    done = alone(MOUNT.format(tmp_path, sys.executable))

    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
