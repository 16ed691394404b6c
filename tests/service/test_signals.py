"""What signals mean: first, second, and a hangup, which is neither second nor third."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from supervision.service import ExitCode
from supervision.service._process.signals import hold_signals, watch_signals

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGHUP"), reason="there are no hangups"
)


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Whatever a test does to hangups is undone."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def _unheard(number: int, _: object) -> None:
    pytest.fail(f"signal {number} came to whoever was before")


async def _heard(*sent: signal.Signals, last: bool = False) -> list[str]:
    """What comes of these signals."""
    found: list[str] = []
    with watch_signals(
        lambda number: found.append(f"first {number.name}"),
        lambda number: found.append(f"second {number.name}"),
        lambda: found.append("at once"),
        last=last,
    ):
        for each in sent:
            signal.raise_signal(each)
        await trio.testing.wait_all_tasks_blocked()
    return found


async def test_a_hangup_may_be_the_first_signal() -> None:
    """However often it comes, it is one."""
    hangup = signal.SIGHUP
    signal.signal(hangup, _unheard)

    assert await _heard(hangup, hangup, hangup) == ["at once", "first SIGHUP"]
    assert signal.getsignal(hangup) is _unheard


async def test_a_hangup_is_never_the_second_signal() -> None:
    """Nor the third, which would end the process."""
    signal.signal(signal.SIGHUP, _unheard)
    found = await _heard(
        signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGHUP, signal.SIGHUP
    )

    assert found == ["at once", "first SIGTERM", "second SIGINT"]


async def test_a_hangup_that_is_ignored_stays_so() -> None:
    """As under `nohup`."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    assert await _heard(signal.SIGHUP) == []
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("came", [True, False])
async def test_after_the_last_block_it_does_not_come_again(*, came: bool) -> None:
    """A process that has ended its work is not ended by the second hangup."""
    signal.signal(signal.SIGHUP, _unheard)

    await _heard(*([signal.SIGHUP] if came else []), last=True)

    left = signal.getsignal(signal.SIGHUP)
    assert left is (signal.SIG_IGN if came else _unheard)


async def test_what_comes_before_anyone_hears_is_kept() -> None:
    """Until `watch_signals` hears it: the first one is the first one there too."""
    with hold_signals():
        signal.raise_signal(signal.SIGTERM)
        found = await _heard(signal.SIGINT)

    assert found == ["at once", "first SIGTERM", "second SIGINT"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_what_nobody_hears_comes_in_the_end(name: str) -> None:
    """To whom it would have come; a block that has nothing puts all back."""
    number = signal.Signals[name]
    came: list[int] = []
    before = signal.signal(number, lambda each, _: came.append(each))
    try:
        with hold_signals():
            signal.raise_signal(number)
            assert came == []
        assert came == [number]
        with hold_signals():
            pass
        assert came == [number]
    finally:
        signal.signal(number, before)


def test_in_another_thread_nothing_is_held() -> None:
    """There nothing is heard of signals."""
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def hold() -> None:
        with hold_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_second_signal_ends_a_process_that_is_not_there_yet() -> None:
    """A hangup is none."""
    text = (
        "import signal\n"
        "from supervision.service._process.signals import hold_signals\n"
        "with hold_signals():\n"
        "    for name in ('SIGTERM', 'SIGHUP', 'SIGINT'):\n"
        "        print(name, flush=True)\n"
        "        signal.raise_signal(signal.Signals[name])\n"
        "    print('never')\n"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", text],
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )

    assert done.stdout.split() == ["SIGTERM", "SIGHUP", "SIGINT"]
    assert done.returncode == 128 + signal.SIGINT


def test_a_signal_at_the_first_step_of_run_is_an_ordered_stop(tmp_path: Path) -> None:
    """As soon as there is a tree it is drained: nobody is killed by the default."""
    (tmp_path / "slow.py").write_text(
        "import os, signal, sys\n"
        "from actors import Actor\n"
        "from supervision import run\n"
        "from supervision.service import running\n"
        "class Tree(Actor[str]):\n"
        "    def receive(self, message): ...\n"
        "right = running.configure_logging\n"
        "def configure(settings):\n"
        "    right(settings)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "running.configure_logging = configure\n"
        "sys.exit(run(Tree))\n"
    )
    done = subprocess.run(
        [sys.executable, "slow.py"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )

    assert done.returncode == ExitCode.OK, done.stderr
    assert "SIGTERM" in done.stderr
