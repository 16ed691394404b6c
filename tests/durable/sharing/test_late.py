"""What comes too late, and what finds no room: the same in every store."""

from __future__ import annotations

from supervision.durable._words.histories import HistoryRow
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.opened import Engine
from supervision.durable._words.records import (
    Accept,
    Accepted,
    Bring,
    Brought,
    Completion,
    Ended,
    Overtaken,
    Refused,
    Repeated,
    Settle,
    State,
    changed,
)
from supervision.durable._words.reminders import Due, DuePage, ReminderRow
from tests.durable.store.bench import (
    accept,
    complete,
    kind,
    opened,
    plain,
    row,
    store,
)

__all__ = ["kind", "store"]  # fixtures


async def test_a_turn_that_was_overtaken_leaves_nothing(store: Engine) -> None:
    """Its prompt has an outcome of another turn, or of none: nothing of it is kept.

    The same one that comes again, as its answer was lost, is complete.
    """
    async with opened(store) as bench:
        sent = (row(9, "b", "sent"),)
        first = complete(1, 2, turn=7)
        late = changed(
            complete(1, 3, turn=8),
            state=State(b"late", 1),
            again=((4, 5),),
            token=b"late",
            bound=True,
            sends=sent,
            entries=(HistoryRow(0, b"late", 1),),
            reminders=(ReminderRow("a", "late", 1.0, None, b"late"),),
        )
        withdrawn = Settle("a", Ended(5, b"withdrawn", None))
        await bench.carry(*(accept(each) for each in range(1, 6)), first, withdrawn)
        others = complete(5, key="c", turn=9), complete(key="d", turn=10)
        answers = await bench.carry(late, *others, first)

        kinds = [type(each) for each in answers]
        assert kinds == [Overtaken, Overtaken, Completion, Completion]
        brought = await bench.ask(Bring("a"), Brought)
        assert [(each.number, each.tried) for each in brought.rows] == [(3, 0), (4, 0)]
        assert brought.session is not None
        assert brought.session.state == State(b"state", 1)
        assert (brought.session.token, brought.session.entries) == (None, (0, 0))
        assert (await bench.ask(Find("b", "sent"), Found)).number is None
        assert (await bench.ask(Due(9.0, 9), DuePage)).reminders == ()
        assert (await bench.ask(Bring("c"), Brought)).session is None
        assert (await bench.ask(Bring("d"), Brought)).session is not None
        assert (await bench.ask(Find("a", "id-1"), Found)).turn == 7


async def test_a_key_has_as_many_prompts_as_it_may_have(store: Engine) -> None:
    """One more is refused; one that is known is not, and takes no room."""
    async with opened(store) as bench:

        def limited(number: int, name: str | None = None) -> Accept:
            return changed(accept(number, name=name), capacity=2)

        batch = limited(1), limited(2), limited(3), limited(4, "id-1"), limited(1)
        answers = await bench.carry(*batch)
        kinds = [type(each) for each in answers]
        assert kinds == [Accepted, Accepted, Refused, Repeated, Accepted]
        assert plain(answers[2]) == plain(
            Refused("its key has as many prompts as it may have", full=True)
        )
        other = changed(accept(5, "b"), capacity=2)
        first, second = await bench.carry(complete(1), other)
        assert isinstance(first, Completion)
        assert isinstance(second, Accepted)
        (third,) = await bench.carry(limited(3))
        assert isinstance(third, Accepted)
