"""`docs/streams.md` is true: its table of statuses is that of `http_error`.

So is the table of events of `docs/reference/answers-over-http.md`.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import actors
import supervision
from supervision import RouterRef, durable, http
from supervision.http import http_error

from .pages import ROOT

TEXT = (ROOT / "docs" / "streams.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d{3})[^|]*\| ([^|]+) \|$", TEXT, re.MULTILINE)
STATUSES = {
    name: int(status)
    for status, names in ROWS
    for name in re.findall(r"`(\w+Error)`", names)
}

PUBLIC: dict[str, Any] = {
    name: kind
    for package in (actors, supervision, durable)
    for name, kind in vars(package).items()
    if isinstance(kind, type) and issubclass(kind, Exception)
}

# what `http_error` does not take, by who gets it
OTHERS = """
actors: ActorCrashedError ActorError ActorStoppedError DeadlockError DuplicateNameError
    MailboxFullError MessageDroppedError NoPlaceError NoReplyError StashFullError
    WrongThreadError
turns, and their outcomes: BudgetExceededError ChildSlotTimeoutError
    DepthExceededError NotAliveError OutcomeForgottenError SessionCrashedError
    SessionStartError StateTooLargeError StepLimitError StoredError ToolSkippedError
    TurnInterruptedError TurnNotCompletedError TurnOverError
trees: ChildAlreadyPresentError ChildAlreadyStartedError ChildNotRunningError
    ChildRestartingError ChildRunningError ChildStartError ChildStateError
    CombinationError DuplicateChildError LimitWarning MaxChildrenError
    RestartLimitError SpecError SupervisionError UnknownChildError UnsupportedError
who runs the service: CodecError NoStoreError SessionHeldError StoreDamagedError
    StoreError StoreInUseError StoreTooNewError TokensFileError TokensHeldError
"""

WITH_RETRY = {
    name
    for row in TEXT.splitlines()
    if "with `Retry-After` |" in row
    for name in re.findall(r"`(\w+Error)`", row)
}


def test_every_public_error_has_a_status_or_is_not_a_clients_to_know() -> None:
    """A refusal has one in any case."""
    others = set(re.findall(r"\w+(?:Error|Warning)", OTHERS))
    told = {name for name, kind in PUBLIC.items() if http._status_of(blank(kind))}

    assert sorted(PUBLIC.keys() - told) == sorted(others)
    assert {"RefusedError", *STATUSES} <= told
    unlisted = {"ElsewhereError", "StoreBusyError"}  # "any other RefusedError"
    assert told - STATUSES.keys() == unlisted


def test_what_a_verb_with_a_prompt_raises_has_a_status() -> None:
    """By the words of its docstring."""
    verbs = "send send_wait accept steer follow_up ask_aside open_turn reopen_turn"
    said = " ".join(str(getattr(RouterRef, verb).__doc__) for verb in verbs.split())
    ours = set(re.findall(r"[A-Z]\w+Error", said)) - {"TypeError", "ValueError"}

    silent = {name for name in ours if not http._status_of(blank(PUBLIC[name]))}

    assert silent == {"NoStoreError", "StoreError"}


def blank(kind: Any) -> Any:
    """One of these that has nothing to say."""
    silent: Any = type(kind.__name__, (kind,), {"__str__": object.__repr__})
    return silent.__new__(silent)


@pytest.mark.parametrize("name", STATUSES)
def test_an_error_has_the_status_of_the_table(name: str) -> None:
    """And a `Retry-After` where the table says so."""
    answer = http_error(blank(PUBLIC[name]))

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
