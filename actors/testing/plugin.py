"""The pytest plugin: the option `--actors-seed=N`, and two ways in which tests fail.

- `--actors-seed=N` is obeyed by `seeds`.
- A Trio test of pytest-trio that is cancelled from outside of itself fails.  So it is
  when it cancels pytest-trio's fixture `nursery`, inside of which it runs: pytest-trio
  lets it pass, although what comes after was never reached.  Open a nursery of your
  own, and cancel that one.
- A Trio test under a `MockClock` (`autojump_clock`) at which everything waits for ever
  fails, with the tree of who waits in what: `StandstillError`.  So does one that goes
  on for a minute while the clock does not move: `LivelockError`.

Pytest loads it by the entry point `actors`; `-p no:actors` leaves it out.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import attrs
import pytest
import trio

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
    guard = _Guard(item.name)
    if inspect.iscoroutinefunction(test):
        setattr(holder, name, guard.around(test))
    try:
        result = yield
    finally:
        setattr(holder, name, test)
    guard.check()
    return result


@attrs.define
class _Guard:
    """Knows whether a test has been cancelled by somebody else."""

    name: str
    cut: bool = False

    def around(
        self, test: Callable[..., Awaitable[object]]
    ) -> Callable[..., Awaitable[None]]:
        """Give the same test, with an eye on its end."""

        @functools.wraps(test)
        async def guarded(**kwargs: Any) -> None:
            try:
                await watched(functools.partial(test, **kwargs))
            except BaseException as error:
                self.cut = self.cut or _is_cancelled(error)
                raise

        return guarded

    def check(self) -> None:
        """Fail a test that would have passed."""
        if self.cut:
            pytest.fail(
                f"{self.name} was cancelled from outside, so that what comes after was "
                "not reached.  If it cancels pytest-trio's fixture `nursery`: it runs "
                "inside of that; open a nursery of its own.",
                pytrace=False,
            )


def _is_cancelled(error: BaseException) -> bool:
    """Tell whether an error is a cancellation and nothing else."""
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    if inner:
        return all(_is_cancelled(each) for each in inner)
    return isinstance(error, trio.Cancelled)
