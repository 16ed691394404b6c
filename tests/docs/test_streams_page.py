"""`docs/streams.md` is true: its table of statuses is that of `http_error`.

So is the table of events of `docs/reference/answers-over-http.md`.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import actors
from supervision import durable, http
from supervision.http import http_error

from .pages import ROOT

TEXT = (ROOT / "docs" / "streams.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d{3})[^|]*\| ([^|]+) \|$", TEXT, re.MULTILINE)
STATUSES = {
    name: int(status)
    for status, names in ROWS
    for name in re.findall(r"`(\w+Error)`", names)
}

WITH_RETRY = {
    name
    for row in TEXT.splitlines()
    if "with `Retry-After` |" in row
    for name in re.findall(r"`(\w+Error)`", row)
}


def test_every_refusal_is_listed() -> None:
    """All that `send` can raise."""
    refusals = {
        name
        for name, kind in vars(actors).items()
        if isinstance(kind, type) and issubclass(kind, actors.RefusedError)
    }

    assert sorted(refusals - STATUSES.keys()) == []


@pytest.mark.parametrize("name", STATUSES)
def test_an_error_has_the_status_of_the_table(name: str) -> None:
    """And a `Retry-After` where the table says so."""
    kind: Any = getattr(actors if hasattr(actors, name) else durable, name)
    silent: Any = type(name, (kind,), {"__str__": object.__repr__})

    answer = http_error(silent.__new__(silent))

    assert answer.status_code == STATUSES[name]
    assert ("retry-after" in (answer.headers or {})) == (name in WITH_RETRY)


def test_every_event_is_in_the_table_and_handled_by_the_guides_page() -> None:
    """A reader that does not know one shows what does not count."""
    sent = set(re.findall(r'_event\("(\w+)"', inspect.getsource(http))) | {"end"}
    table = ROOT / "docs" / "reference" / "answers-over-http.md"
    guide = ROOT / "docs" / "how-to" / "server-sent-events.md"

    listed = re.findall(
        r"^\| `(\w+)`[^|]*\| `\{", table.read_text("utf-8"), re.MULTILINE
    )
    handled = re.findall(r'^  on\("(\w+)"', guide.read_text("utf-8"), re.MULTILINE)

    assert set(listed) == sent
    assert set(handled) == sent
