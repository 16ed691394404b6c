"""What holds for every test, and the options of the tests in `storm`.

Signals mean what they mean in a shell of one's own, and the log is set up by nobody.
Pytest reads options from here only.
"""

from __future__ import annotations

import gc
import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from tests.extras import HAS_ACP, NO_ACP, needs_acp

# the same examples each time: a test that fails fails for everybody
settings.register_profile("house", derandomize=True, deadline=None)
settings.load_profile("house")


class _Missing(pytest.Module):
    """A test file that cannot be imported here."""

    def collect(self) -> NoReturn:
        """Say why."""
        pytest.skip(NO_ACP, allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Skip what needs an extra that cannot be had."""
    if HAS_ACP or not needs_acp(module_path):
        return None
    make: Any = _Missing  # Any: pytest does not say what it takes
    missing: _Missing = make.from_parent(parent, path=module_path)
    return missing


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


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[logging.Logger]:
    """The root logger, put back as it was afterwards.

    A test that runs a service in this process would otherwise have all the tests after
    it write their log, and pytest keep every record of it.
    """
    found = logging.getLogger()
    handlers, level = list(found.handlers), found.level
    yield found
    if (found.handlers, found.level) != (handlers, level):
        logging.captureWarnings(capture=False)
        for each in set(found.handlers) - set(handlers):
            each.close()
        found.handlers[:] = handlers
        found.setLevel(level)


@pytest.fixture(autouse=True)
def garbage_collector() -> None:
    """The collector, looking at all objects, also after a test that has measured.

    What measures has it leave out what is there, for the rest of the process: nothing
    from before would ever be collected, and `gc.get_referrers` would not find it.
    Hypothesis asks that when a process first uses it, and warns.
    """
    gc.unfreeze()
