"""`Notifier`: what the service manager hears, and that it never matters."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from supervision.service._process.notify import Notifier


class Manager:
    """The other end, as systemd has it."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(0)
        self.socket.bind(address)

    def heard(self) -> list[str]:
        """All news so far."""
        found: list[str] = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Where the manager is."""
    return str(tmp_path / "notify")


@pytest.fixture
def manager(address: str) -> Iterator[Manager]:
    """One that listens there."""
    found = Manager(address)
    yield found
    found.socket.close()


def test_all_news_arrive(manager: Manager, address: str) -> None:
    """Each as one datagram, in the words of sd_notify."""
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address})

    notifier.extend(0.25)
    notifier.ready()
    notifier.status("3 turns run\nREADY=1")
    notifier.stopping()

    assert notifier.active
    assert manager.heard() == [
        "EXTEND_TIMEOUT_USEC=250000",
        "READY=1",
        "STATUS=3 turns run\\nREADY=1",
        "STOPPING=1",
    ]


def test_the_abstract_namespace_is_reached() -> None:
    """`@name`, as systemd gives it to a service in a container."""
    name = f"trio-actors-{os.getpid()}"
    manager = Manager(f"\0{name}")

    Notifier.from_environment({"NOTIFY_SOCKET": f"@{name}"}).ready()

    assert manager.heard() == ["READY=1"]
    manager.socket.close()


async def test_without_a_manager_nothing_is_done() -> None:
    """And the watchdog's task is over at once."""
    notifier = Notifier.from_environment({"WATCHDOG_USEC": "1000"})

    notifier.ready()
    notifier.status("x")
    await notifier.watchdog()

    assert not notifier.active


def test_the_variables_are_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a process that the service starts cannot speak for it."""
    names = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    for name, value in zip(names, ("/x", "2000000", str(os.getpid())), strict=True):
        monkeypatch.setenv(name, value)

    notifier = Notifier.from_environment()

    assert (notifier.address, notifier.watchdog_seconds) == ("/x", 2.0)
    assert not [name for name in names if name in os.environ]


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    """A shell around the service has inherited it."""
    found = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}

    notifier = Notifier.from_environment(found)

    assert (notifier.address, notifier.watchdog_seconds) == ("/x", None)


async def test_the_watchdog_hears_twice_in_each_interval(
    manager: Manager, address: str, autojump_clock: trio.testing.MockClock
) -> None:
    """At 0, 2 and 4 seconds of its 4."""
    del autojump_clock
    notifier = Notifier(address, watchdog_seconds=4.0)

    with trio.move_on_after(5):
        await notifier.watchdog()

    assert manager.heard() == ["WATCHDOG=1"] * 3


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NOTIFY_SOCKET", "relative", "neither an absolute path nor @name"),
        ("NOTIFY_SOCKET", "vsock:2:1234", "neither an absolute path nor @name"),
        ("NOTIFY_SOCKET", "@", "neither an absolute path nor @name"),
        ("WATCHDOG_USEC", "soon", "no number of microseconds"),
        ("WATCHDOG_USEC", "-1", "no number of microseconds"),
        ("WATCHDOG_USEC", "0", "no number of microseconds"),
        ("WATCHDOG_USEC", "²", "no number of microseconds"),
        ("WATCHDOG_USEC", "9" * 5000, "no number of microseconds"),
    ],
)
def test_a_value_that_cannot_be_right_counts_as_missing(
    name: str, value: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named in the log."""
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": "/x", name: value})

    (record,) = caplog.records
    assert said in record.getMessage()
    assert notifier.watchdog_seconds is None
    assert notifier.active == (name == "WATCHDOG_USEC")


def test_empty_variables_are_as_none() -> None:
    """As systemd unsets them."""
    assert not Notifier.from_environment({"NOTIFY_SOCKET": ""}).active


@pytest.mark.parametrize("at", ["nobody", "too long", "\ud800", "a file"])
def test_a_manager_that_does_not_hear_is_named_once(
    at: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The service goes on, and its log is not flooded."""
    path = tmp_path / ("x" * 200 if at == "too long" else at)
    if at == "a file":
        path.write_text("")
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": str(path)})

    notifier.ready()
    notifier.status("x")

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "the service manager does not hear on /" in record.getMessage()


def test_a_manager_that_is_behind_holds_nobody_up(
    manager: Manager, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What does not fit into its socket is not sent."""
    notifier = Notifier(address)

    for _ in range(5000):
        notifier.status("x" * 400)

    assert len(caplog.records) == 1
    heard = manager.heard()
    assert 0 < len(heard) < 5000
    notifier.ready()
    assert manager.heard() == ["READY=1"]


def test_a_status_is_short(manager: Manager, address: str) -> None:
    """It is one line for a person; half a character is no reason to fail."""
    Notifier(address).status("é\ud800" * 1000)

    (news,) = manager.heard()
    assert len(news) < 4000
    assert news.startswith("STATUS=é\\ud800é")
