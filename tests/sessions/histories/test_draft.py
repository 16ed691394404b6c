"""What a turn has appended is a draft: pure, and held to a plain list."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from actors._sessions.histories.draft import Draft
from actors._sessions.histories.log import MemoryLog

# Any in this file: entries are anything


def seen(log: MemoryLog, draft: Draft) -> list[Any]:
    """What a turn with this draft sees, entry by entry."""
    found: list[Any] = []
    for number in range(draft.first, draft.end):
        begin, stop = draft.in_log(number, number + 1)
        in_log = stop > begin
        found.append(entries_of(log)[number - log.first] if in_log else None)
        if not in_log:
            found[-1] = draft.row(number)
    return found


def entries_of(log: MemoryLog) -> list[Any]:
    """What is kept."""
    return list(log._entries)


def filled(*entries: str) -> MemoryLog:
    """Make a log of these."""
    log = MemoryLog()
    draft = Draft(0, 0)
    for each in entries:
        draft.append(each)
    change = draft.change()
    if change is not None:
        log.commit(change)
    return log


def test_a_draft_that_nothing_was_done_to_changes_nothing() -> None:
    """Nor one that was put back."""
    draft = Draft(3, 7)
    assert draft.change() is None
    draft.append("x")
    draft.replace(2, ("s",))
    draft.put_back()

    assert draft.change() is None
    assert (draft.first, draft.end) == (3, 7)


def test_what_is_appended_has_the_next_numbers() -> None:
    """And nothing that was there is named."""
    draft = Draft(3, 7)
    draft.append("x")
    draft.append("y")
    change = draft.change()

    assert change is not None
    assert (change.first, change.end, change.replaced) == (3, 9, False)
    assert change.rows == ((7, "x"), (8, "y"))


@pytest.mark.parametrize(
    ("count", "entries", "first", "rows"),
    [
        (1, (), 4, ((7, "x"), (8, "y"))),
        (3, ("s",), 5, ((5, "s"), (7, "x"), (8, "y"))),
        (4, ("s", "t"), 5, ((5, "s"), (6, "t"), (7, "x"), (8, "y"))),
        (5, ("s",), 7, ((7, "s"), (8, "y"))),
        (6, ("s", "t"), 7, ((7, "s"), (8, "t"))),
        (6, (), 9, ()),
    ],
)
def test_what_is_replaced_leaves_the_others_their_numbers(
    count: int, entries: tuple[str, ...], first: int, rows: tuple[Any, ...]
) -> None:
    """Of four entries that are kept, 3 to 6, and two that are new."""
    draft = Draft(3, 7)
    draft.append("x")
    draft.append("y")
    draft.replace(count, entries)
    change = draft.change()

    assert change is not None
    assert (change.first, change.end, change.replaced) == (first, 9, True)
    assert change.rows == rows


def test_it_goes_back_to_what_it_was_when_it_was_kept() -> None:
    """What came later is as if it had never been."""
    log = filled("a", "b", "c")
    draft = Draft(log.first, log.end)
    draft.append("x")
    draft.replace(2, ("ab",))
    draft.keep()
    draft.append("y")
    draft.replace(3, ("all",))
    assert seen(log, draft) == ["all", "y"]

    draft.put_back()

    assert seen(log, draft) == ["ab", "c", "x"]
    draft.append("z")
    assert seen(log, draft) == ["ab", "c", "x", "z"]


def test_whatever_is_not_an_append_is_counted() -> None:
    """Up, each time: who walks through it sees that it is not what it was."""
    draft = Draft(0, 3)
    counts: list[int] = []
    for act in ("append", "replace", "keep", "put back", "replace", "put back"):
        match act:
            case "append":
                draft.append("x")
            case "replace":
                draft.replace(2, ("ab",))
            case "keep":
                draft.keep()
            case _:
                draft.put_back()
        counts.append(draft.changes)

    assert counts == [0, 1, 1, 2, 3, 4]


def test_a_log_in_memory_is_read_from_what_it_has() -> None:
    """Also after its first entries have gone: what is there, and its numbers."""
    log = filled("a", "b", "c", "d")
    draft = Draft(log.first, log.end)
    draft.replace(3, ("abc",))
    change = draft.change()
    assert change is not None
    log.commit(change)

    async def read(first: int, end: int) -> Any:
        return await log.read(first, end)

    assert (log.first, log.end, log.changes) == (2, 4, 1)
    assert trio.run(read, 0, 4) == ((2, "abc"), (3, "d"))
    assert trio.run(read, 3, 9) == ((3, "d"),)


STEPS = st.lists(
    st.one_of(
        st.just(("append",)),
        st.tuples(st.just("replace"), st.integers(1, 6), st.integers(0, 6)),
        st.just(("keep",)),
        st.just(("put back",)),
        st.just(("undo",)),
        st.just(("commit",)),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_it_is_what_a_list_would_be(steps: list[tuple[Any, ...]]) -> None:
    """And what it leaves can be written by numbers alone, twice too."""
    log, rows = MemoryLog(), dict[int, Any]()
    draft, model = Draft(0, 0), list[Any]()
    kept, began = list[Any](), list[Any]()
    for made, (verb, *args) in enumerate(steps):
        match verb:
            case "append":
                draft.append(made)
                model.append(made)
            case "replace":
                count = min(args[0], len(model))
                new = tuple((made, each) for each in range(min(args[1], count)))
                draft.replace(count, new)
                model[:count] = new
            case "keep":
                draft.keep()
                kept = list(model)
            case "put back":
                draft.put_back()
                model = list(kept)
            case "undo":
                draft.undo()
                model, kept = list(began), list(began)
            case _:
                change = draft.change()
                if change is not None:
                    log.commit(change)
                    for _ in range(2):
                        gone = [each for each in rows if each < change.first]
                        for each in gone if change.replaced else ():
                            del rows[each]
                        rows.update(change.rows)
                draft = Draft(log.first, log.end)
                kept, began = list(model), list(model)
                assert entries_of(log) == model
                assert sorted(rows) == [*range(log.first, log.end)]
                assert [rows[each] for each in sorted(rows)] == model
        assert seen(log, draft) == model
        assert draft.end - draft.first == len(model)
