"""A stream that holds up nobody who writes, whatever becomes of what it writes to.

Real pipes and a real thread; nothing here waits for a time.
"""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import attrs
import pytest

from supervision.service._process import outlet as room
from supervision.service._process.outlet import ROOM, Outlet

LINE = "x" * 99 + "\n"


@attrs.define
class Pipe:
    """A pipe with a stream at one end."""

    reader: int
    stream: TextIO

    def read(self, until: str) -> str:
        """Read until this has come."""
        found = b""
        while until.encode() not in found:
            piece = os.read(self.reader, 1 << 20)
            assert piece, f"{until!r} never came"
            found += piece
        return found.decode()

    def close_reader(self) -> None:
        """Nobody will read it any more."""
        if self.reader >= 0:
            os.close(self.reader)
            self.reader = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """One, and nothing is left of it."""
    reader, writer = os.pipe()
    stream = open(writer, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - closed below
    found = Pipe(reader, stream)
    yield found
    found.close_reader()
    if not stream.closed:
        stream.close()


def test_what_is_written_comes_in_order(pipe: Pipe) -> None:
    """Behind what was in Python's buffer already."""
    pipe.stream.write("before\n")
    outlet = Outlet(pipe.stream)
    for number in range(3):
        assert outlet.write(f"{number}é\n") == 3

    assert outlet.drain()
    assert pipe.read("2é") == "before\n0é\n1é\n2é\n"
    assert (outlet.dropped, outlet.encoding, outlet.isatty()) == (0, "utf-8", False)
    assert outlet.fileno() == pipe.stream.fileno()
    outlet.flush()
    outlet.close()
    outlet.close()


def test_who_writes_does_not_wait_for_who_reads(pipe: Pipe) -> None:
    """What does not fit is counted, and told when there is room again."""
    outlet = Outlet(pipe.stream, lambda number: f"{number} are missing\n")
    written = in_a_row = 0
    while in_a_row < 10:  # the thread may bring some out meanwhile
        before = outlet.dropped
        outlet.write(LINE)
        written += 1
        in_a_row = in_a_row + 1 if outlet.dropped > before else 0

    text = pipe.read("are missing\n")
    assert written * (len(LINE) + 100) > ROOM
    assert text.count(LINE) <= written
    outlet.write("well\n")
    text += pipe.read("well\n")
    told = [int(each) for each in re.findall(r"(\d+) are missing", text)]
    assert sum(told) == outlet.dropped >= 10
    outlet.close()


def test_a_reader_that_is_gone_is_no_error(pipe: Pipe) -> None:
    """What it does not get is counted."""
    pipe.close_reader()
    outlet = Outlet(pipe.stream)
    outlet.write(LINE)
    outlet.write(LINE)

    assert outlet.drain()
    assert outlet.dropped == 2


def test_a_stream_that_was_closed_gets_nothing(pipe: Pipe, tmp_path: Path) -> None:
    """Its number may be another file's by now, where no log belongs."""
    outlet = Outlet(pipe.stream)
    number = pipe.stream.fileno()
    with (tmp_path / "other").open("wb") as other:
        pipe.stream.close()
        os.dup2(other.fileno(), number)
        try:
            outlet.write(LINE)
            assert outlet.drain()
        finally:
            os.close(number)

    assert outlet.dropped == 1
    assert (tmp_path / "other").read_bytes() == b""
    assert not outlet.isatty()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux")  # noqa: PTH110
def test_a_full_disk_is_no_error() -> None:
    """Nothing stays in Python's buffer, which would spoil the exit status."""
    with open("/dev/full", "w", encoding="utf-8") as stream:  # noqa: PTH123
        outlet = Outlet(stream)
        outlet.write(LINE)

        assert outlet.drain()
        assert outlet.dropped == 1


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: Pipe) -> None:
    """Somebody who has the same terminal may have made it so; in its thread only."""
    os.set_blocking(pipe.stream.fileno(), False)
    outlet = Outlet(pipe.stream)
    text = "y" * (1 << 20) + "\nend\n"
    outlet.write(text)

    assert pipe.read("\nend\n") == text
    assert outlet.dropped == 0
    outlet.close()


def test_the_end_waits_only_so_long_and_once(pipe: Pipe) -> None:
    """Also if nobody reads; what is written later is waited for again."""
    outlet = Outlet(pipe.stream)
    outlet.write("z" * (1 << 20))
    outlet.write("\nend\n")

    assert not outlet.drain(0.0)
    outlet.close()  # does not wait: nobody has read meanwhile
    assert pipe.read("\nend\n").endswith("end\n")
    outlet.write("later\n")
    assert outlet.drain()
    assert pipe.read("later\n") == "later\n"
    outlet.close()


def test_a_stream_without_a_descriptor_is_written_to_at_once() -> None:
    """In memory, as in tests; what it raises goes no further."""
    memory = io.StringIO()
    outlet = Outlet(memory)
    outlet.write(LINE)
    assert memory.getvalue() == LINE
    memory.close()
    outlet.write(LINE)

    assert outlet.dropped == 1
    assert outlet.drain()
    with pytest.raises(OSError, match="no file descriptor"):
        outlet.fileno()


def test_without_a_thread_everything_is_dropped(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter ends, or there are too many."""

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    outlet = Outlet(pipe.stream)
    outlet.write(LINE)

    assert outlet.dropped == 1
    assert outlet.drain()


def test_its_thread_does_not_outlive_what_is_written(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left over when nobody writes; who writes again has one again."""
    monkeypatch.setattr(room, "IDLE", 0.001)
    outlet = Outlet(pipe.stream)
    for line in ("first\n", "second\n"):
        outlet.write(line)
        thread = outlet._thread
        if thread is not None:  # it may be quick
            thread.join(100)
            assert not thread.is_alive()
        assert outlet._thread is None

    assert pipe.read("second\n") == "first\nsecond\n"
    assert outlet.drain()
    outlet.close()


def test_a_forked_process_has_one_of_its_own(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its threads are gone, and what waited is the parent's."""
    monkeypatch.setattr(room, "IDLE", 1000.0)
    outlet = Outlet(pipe.stream)
    outlet.write("first\n")
    outlet.drain()
    parents, queue = outlet._thread, outlet._queue
    assert parents is not None
    room._forked()  # what happens there
    assert outlet._thread is None
    outlet.write("second\n")
    outlet.drain()

    assert pipe.read("second\n") == "first\nsecond\n"
    outlet.close()
    queue.put(None)  # the parent's, which has never gone
    parents.join(100)
    assert not parents.is_alive()


def test_the_missing_are_told_in_words_by_default(pipe: Pipe) -> None:
    """Without records."""
    outlet = Outlet(pipe.stream)
    outlet.dropped = 2
    outlet.write(LINE)

    text = "2 records of the log could not be written\n"
    assert pipe.read(text) == LINE + text
    outlet.close()
