"""The pytest plugin: the option `--actors-seed=N`, which `seeds` obeys.

Pytest loads it by the entry point `actors`; `-p no:actors` leaves it out.
"""

from __future__ import annotations

import pytest

from ._seeds import choose_seed

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
