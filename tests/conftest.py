"""The options of the tests in `storm`; pytest reads options from here only."""

from __future__ import annotations

import pytest


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
