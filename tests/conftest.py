"""What holds for every test, and the options of the tests in `storm`.

Signals mean what they mean in a shell of one's own.  Pytest reads options from here
only.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# the same examples each time: a test that fails fails for everybody
settings.register_profile("house", derandomize=True, deadline=None)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare them."""
    group = parser.getgroup("storm")
    for name, default, words in (
        ("--storm-seeds", 200, "play N storms (default 200)"),
        ("--storm-first", 0, "begin with seed N (default 0)"),
    ):
        group.addoption(name, type=int, default=default, metavar="N", help=words)
    group.addoption(
        "--storm-known", action="store_true", help="faults that are known count too"
    )


def _shrug(*_: object) -> None:
    """Hear a signal and do nothing."""


@pytest.fixture(scope="session", autouse=True)
def ordinary_signals() -> Iterator[None]:
    """Take back what whoever started us has had ignored, as `nohup` and `&` do.

    What is ignored stays so in all the processes that tests start: a Ctrl-C would
    never arrive there, nor here, and whoever waits for what it does would wait for
    ever.  A signal that has a handler, however, is as new in a new process.  SIGHUP
    and SIGTERM, were they ignored, are heard and go unheeded in this one.
    """
    changed: list[signal.Signals] = []
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is signal.SIG_IGN:
            ctrl_c = each is signal.SIGINT
            signal.signal(each, signal.default_int_handler if ctrl_c else _shrug)
            changed.append(each)
    yield
    for each in changed:
        signal.signal(each, signal.SIG_IGN)
