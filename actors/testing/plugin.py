"""The pytest plugin: the option `--actors-seed=N`, and an end of what stands still.

- `--actors-seed=N` is obeyed by `seeds`.
- A Trio test of pytest-trio under a `MockClock` (`autojump_clock`) at which everything
  waits for ever fails, with the tree of who waits in what: `StandstillError`.

Pytest loads it by the entry point `actors`; `-p no:actors` leaves it out.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from ._seeds import choose_seed
from ._standstill import watched

_BEFORE = pytest.StashKey[int | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option."""
    parser.getgroup("actors").addoption(
        "--actors-seed",
        type=int,
        default=None,
        metavar="N",
        help="run tests marked with @actors.testing.seeds with seed N only",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Hand the option on."""
    config.stash[_BEFORE] = choose_seed(config.getoption("--actors-seed"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Put things back, for a pytest that runs inside a test of another."""
    choose_seed(config.stash[_BEFORE])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Guard a test of pytest-trio, which wraps what it finds after us."""
    if not (isinstance(item, pytest.Function) and item.get_closest_marker("trio")):
        return (yield)
    # with Hypothesis the test is a layer deeper; Any: it makes attributes at run time
    holder: Any = getattr(item.obj, "hypothesis", None)
    name = "obj" if holder is None else "inner_test"
    holder = item if holder is None else holder
    test = getattr(holder, name)
    if inspect.iscoroutinefunction(test):
        setattr(holder, name, _guarded(test))
    try:
        return (yield)
    finally:
        setattr(holder, name, test)


def _guarded(test: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[None]]:
    """Give the same test, with an end if it stands still."""

    @functools.wraps(test)
    async def guarded(**kwargs: Any) -> None:
        await watched(functools.partial(test, **kwargs))

    return guarded
