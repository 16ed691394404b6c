"""`process_shape`: what the process takes of the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from supervision._view import process
from supervision._view.process import process_shape

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it all")


@linux
def test_open_files_are_counted() -> None:
    """Each that is opened is one more, and the count itself leaves none."""
    before = process_shape()["files"]
    assert before is not None

    with Path("/dev/null").open() as _, Path("/dev/null").open() as _:
        during = process_shape()["files"]

    assert during == before + 2
    assert process_shape()["files"] == before


@linux
def test_an_old_kernel_counts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no number for it, but a list."""
    before = process_shape()["files"]

    class Old(type(Path())):  # type: ignore[misc]
        """A folder without a size."""

        def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
            del follow_symlinks
            return Path("/dev/null").stat()

    monkeypatch.setattr(process, "_DESCRIPTORS", Old("/proc/self/fd"))

    assert process_shape()["files"] == before


@linux
def test_memory_in_use_is_told_in_bytes() -> None:
    """What is taken shows, what is given back too."""
    before = process_shape()["rss"]
    assert before is not None

    taken = bytearray(b"x") * 50_000_000
    during = process_shape()["rss"]

    assert during is not None
    assert 40_000_000 < during - before < 80_000_000
    del taken


def test_cpu_seconds_rise_with_work() -> None:
    """Of all threads, in user mode and in the kernel."""
    before = process_shape()["cpu"]

    sum(range(1_000_000))

    assert process_shape()["cpu"] > before


def test_what_the_platform_does_not_tell_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No /proc, or one that says something else."""
    monkeypatch.setattr(process, "_STATM", tmp_path / "statm")
    monkeypatch.setattr(process, "_DESCRIPTORS", tmp_path / "fd")
    without = process_shape()
    (tmp_path / "statm").write_text("rubbish")
    rubbish = process_shape()

    assert (without["rss"], without["files"], rubbish["rss"]) == (None, None, None)
