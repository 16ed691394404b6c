"""What must be true when all has come to rest: of the store, and of what was told.

Pure.  Each rule has a name, and finds what is wrong by it, in words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import attrs

from .book import Book, Sent
from .rows import PromptRow, Rows

KINDS: Final = {
    "completed": "Completed",
    "steered": "Steered",
    "aborted": "Aborted",
    "timed out": "TimedOut",
    "failed": "Failed",
    "withdrawn": "Withdrawn",
    "rejected": "Rejected",
    "lost": "Lost",
}
"""{kind in the store: name of its class}."""
INTERRUPTED: Final = "TurnInterruptedError"


@attrs.frozen
class Wrong:
    """Something that is not as it must be."""

    rule: str
    words: str


Rule: TypeAlias = Callable[[Book, Rows], Iterable[str]]


def wrongs(book: Book, rows: Rows) -> list[Wrong]:
    """Find all that is wrong, rule by rule."""
    return [
        Wrong(name, words) for name, rule in RULES.items() for words in rule(book, rows)
    ]


def _stored(book: Book, rows: Rows) -> Iterator[str]:
    """What was accepted is stored, under its key."""
    keys = {each.id: each.key for each in rows.prompts}
    for sent in book.sent.values():
        if sent.id not in keys:
            if sent.accepted is not None:
                yield f"{sent.id} of {sent.key} was accepted, and is not stored"
        elif keys[sent.id] != sent.key:
            yield f"{sent.id} of {sent.key} is stored under {keys[sent.id]}"


def _once(book: Book, rows: Rows) -> Iterator[str]:
    """An id is one prompt, and somebody has sent it."""
    times = Counter(each.id for each in rows.prompts)
    for name, count in times.items():
        if count > 1:
            yield f"{name} is stored {count} times"
        if name not in book.sent:
            yield f"{name} is stored, and nobody has sent it"


def _ended(book: Book, rows: Rows) -> Iterator[str]:
    """Every prompt has an outcome."""
    del book
    for each in rows.prompts:
        if each.outcome is None:
            yield f"{each.id} of {each.key} has no outcome (seq {each.seq})"
    for key in rows.held:
        yield f"{key} is held: its state cannot be read"


def _states(book: Book, rows: Rows) -> Iterator[str]:
    """A state is the prompts that have completed, in the order of their turns."""
    del book
    turns: dict[str, dict[int, list[PromptRow]]] = defaultdict(dict)
    for each in rows.prompts:
        if each.turn is not None and each.outcome in ("completed", "steered"):
            turns[each.key].setdefault(each.turn, []).append(each)
    for key in sorted(turns.keys() | rows.states.keys()):
        right: list[str] = []
        for group in sorted(turns[key].values(), key=_when):
            # a turn that has not completed keeps nothing of what has steered it
            if any(each.outcome == "completed" for each in group):
                right += [each.id for each in sorted(group, key=_first)]
        state = rows.states.get(key, ())
        if state != tuple(right):
            yield f"{key}: {_difference(state, right)}"


def _when(group: list[PromptRow]) -> tuple[float, int]:
    return (max(each.ended_at or 0.0 for each in group), group[0].turn or 0)


def _first(row: PromptRow) -> tuple[bool, int]:
    return (row.outcome != "completed", row.seq)


def _difference(state: tuple[str, ...], right: list[str]) -> str:
    """Say where a state differs from what it should be."""
    more = sorted((Counter(state) - Counter(right)).elements())
    less = sorted((Counter(right) - Counter(state)).elements())
    if more or less:
        return f"its state has {more[:5]} too much, and lacks {less[:5]}"
    index = next(n for n, (a, b) in enumerate(zip(state, right, strict=True)) if a != b)
    return (
        f"its state has {state[index : index + 3]} from {index} on, where"
        f" {right[index : index + 3]} have ended"
    )


def _order(book: Book, rows: Rows) -> Iterator[str]:
    """What was accepted before another was sent is before it, unless one steers."""
    for key, state in sorted(rows.states.items()):
        latest: Sent | None = None  # of those so far: the one that was sent last
        for name in state:
            sent = book.sent.get(name)
            if sent is None or sent.steers or sent.sent_by is not None:
                continue
            if (
                latest is not None
                and sent.accepted is not None
                and sent.accepted < latest.called
            ):
                yield (
                    f"{key}: {latest.id} is before {name}, which was accepted"
                    f" {latest.called - sent.accepted:.3f} s before that was sent"
                )
            if latest is None or sent.called > latest.called:
                latest = sent


def _attempts(book: Book, rows: Rows) -> Iterator[str]:
    """Nothing is begun more often than it may be, nor given up before."""
    begins = Counter(each.id for each in book.began)
    for each in rows.prompts:
        if begins[each.id] > each.attempts:
            yield f"{each.id} was begun {begins[each.id]} times, of {each.attempts}"
        if each.tried > each.attempts:
            yield f"{each.id} has {each.tried} tries in the store, of {each.attempts}"
        if begins[each.id] > each.tried:
            yield f"{each.id} was begun {begins[each.id]} times, of {each.tried} marks"
        if each.outcome == "completed" and not begins[each.id]:
            yield f"{each.id} was completed by nobody"
        if each.error == INTERRUPTED and each.tried < each.attempts:
            yield f"{each.id} was given up after {each.tried} of {each.attempts}"
        sent = book.sent.get(each.id)
        if sent is not None and sent.attempts != each.attempts:
            yield f"{each.id} may be tried {each.attempts} times, not {sent.attempts}"


def _unasked(book: Book, rows: Rows) -> Iterator[str]:
    """No outcome is another one than somebody, or something, has brought about."""
    for each in rows.prompts:
        sent = book.sent.get(each.id)
        if each.outcome in (None, "completed") or sent is None:
            continue
        if each.outcome == "steered":
            right = sent.steers
        elif each.outcome == "withdrawn":
            # a node that ends cancels those who wait there for it to be stored: they
            # take it back, also from whoever has sent it again elsewhere; and what was
            # to steer a turn goes with it when that is cancelled
            right = sent.calls > 1 or (sent.steers and each.key in book.cancelled)
        elif each.outcome == "aborted":
            right = each.key in book.cancelled
        elif each.outcome == "failed":
            right = (sent.fails and each.error == "ValueError") or (
                book.interrupted and each.error == INTERRUPTED
            )
        else:
            right = False
        if not right:
            error = f" ({each.error})" if each.error else ""
            yield f"{each.id} of {each.key} is {each.outcome}{error}, for no reason"


def _told(book: Book, rows: Rows) -> Iterator[str]:
    """What was told is what is stored."""
    stored = {each.id: each for each in rows.prompts}
    for sent in book.sent.values():
        row = stored.get(sent.id)
        for told in sent.told:
            has = (
                (KINDS.get(row.outcome, row.outcome), row.turn)
                if row is not None and row.outcome is not None
                else None
            )
            if has is None:
                yield f"{sent.id} was told {told.kind}, and the store has nothing"
            elif (told.kind, told.turn) != has:
                yield (
                    f"{sent.id} was told {told.kind} of turn {told.turn} by"
                    f" {told.node}, and {has[0]} of turn {has[1]} is stored"
                )
        if sent.accepted is not None and not sent.told:
            yield f"{sent.id} of {sent.key} was accepted, and nobody was told more"


def _sends(book: Book, rows: Rows) -> Iterator[str]:
    """What a turn sends is there if it has completed, and only then."""
    outcomes = {each.id: each.outcome for each in rows.prompts}
    for sent in book.sent.values():
        if sent.sent_by is None:
            continue
        completed = outcomes.get(sent.sent_by) == "completed"
        steered = outcomes.get(sent.sent_by) == "steered"
        if completed and sent.id not in outcomes:
            yield f"{sent.id} is not there, and {sent.sent_by} has completed"
        if sent.id in outcomes and (steered or not completed):
            yield f"{sent.id} is there, and {sent.sent_by} has not completed"


def _answers(book: Book, rows: Rows) -> Iterator[str]:
    """An answer is read whole, and is of one try."""
    outcomes = {each.id: each.outcome for each in rows.prompts}
    for sent in book.sent.values():
        if sent.read is None:
            continue
        attempt = sent.read[0].split()[0] if sent.read else "1"
        right = [f"{attempt} {number}" for number in range(sent.chunks)]
        whole = outcomes.get(sent.id) == "completed"
        if sent.read != right[: len(sent.read)] or (
            whole and len(sent.read) < len(right)
        ):
            yield f"of the answer to {sent.id} was read {sent.read}"


def _moved(book: Book, rows: Rows) -> Iterator[str]:
    """No partition changes hands because the server is away."""
    del rows
    yield from book.moved


def _left(book: Book, rows: Rows) -> Iterator[str]:
    """Nothing is left behind on nodes that live, and none has died by itself."""
    del rows
    yield from book.left
    yield from book.died


RULES: Final[Mapping[str, Rule]] = {
    "accepted and not stored": _stored,
    "stored twice, or sent by nobody": _once,
    "without an outcome": _ended,
    "a state that is not its completed prompts": _states,
    "out of order": _order,
    "begun too often, or given up too early": _attempts,
    "an outcome for no reason": _unasked,
    "told, and not stored": _told,
    "sent by a turn that has not completed": _sends,
    "an answer that is not whole": _answers,
    "changed hands while the server was away": _moved,
    "left behind": _left,
}
"""{name: rule}."""
