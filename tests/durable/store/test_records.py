"""What each record means: the same in every store."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.durable import PostgresStore, StoreInUseError
from supervision.durable._words.looks import (
    Find,
    Found,
    Keys,
    Waiting,
)
from supervision.durable._words.opened import Engine
from supervision.durable._words.records import (
    DONE,
    Accepted,
    Begin,
    Bind,
    Bring,
    Brought,
    Completion,
    Done,
    Ended,
    Forget,
    Forgotten,
    Overtaken,
    Prune,
    Pruned,
    Quarantine,
    Record,
    Refused,
    Repeated,
    SessionRow,
    Settle,
    State,
)
from tests.durable.store.bench import (
    Bench,
    accept,
    complete,
    kind,
    opened,
    plain,
    row,
    store,
)

__all__ = ["kind", "store"]  # fixtures


async def numbers(bench: Bench, key: str = "a") -> list[int]:
    """List the open prompts of a key, as they are to be taken."""
    return [each.number for each in (await bench.ask(Bring(key), Brought)).rows]


async def session(bench: Bench, key: str = "a") -> SessionRow | None:
    """Give what is kept of a key."""
    return (await bench.ask(Bring(key), Brought)).session


# ------------------------------------------------------------------------- openings


async def test_a_store_is_one_routers(store: Engine) -> None:
    """Until it is closed, or let go of without opening it."""
    claim = store.claim()
    with pytest.raises(StoreInUseError):
        store.claim()
    opening = await claim.open()
    claim.release()
    with pytest.raises(StoreInUseError):
        store.claim()
    await opening.close()
    await opening.close()

    again = store.claim()
    again.release()
    again.release()
    async with opened(store) as bench:
        assert bench.opened.opened > opening.opened


async def test_openings_rise(store: Engine) -> None:
    """By at least one, and the claim knows from where on, if that can be known."""
    seen: list[int] = []
    for _ in range(3):
        claim = store.claim()
        opening = await claim.open()
        if isinstance(store, PostgresStore):  # nobody can know without asking
            assert opening.opened < 2**22 <= claim.number < 2**23
        else:
            assert opening.opened >= claim.number
        seen.append(opening.opened)
        await opening.close()

    assert seen[0] >= 1
    assert seen == sorted(set(seen))


async def test_what_was_written_is_there_after_the_next_opening(store: Engine) -> None:
    """All of it."""
    async with opened(store) as bench:
        await bench.carry(
            accept(1, tenant="ann", job="j", origin=b"o", attempts=3, body=b"\x00\xff"),
            accept(2, steers=9, kind="steer", at=2.5),
            complete(state=State(b"s", 4), token=b"t", bound=True, generation=6),
            Quarantine("a", b"q"),
        )

    async with opened(store) as bench:
        (found,) = await bench.carry(Bring("a"))
        assert plain(found) == plain(
            Brought(
                SessionRow(State(b"s", 4), b"t", 6, b"q", None),
                (
                    row(2, steers=9, kind="steer", at=2.5),
                    row(
                        1,
                        tenant="ann",
                        job="j",
                        origin=b"o",
                        attempts=3,
                        body=b"\x00\xff",
                    ),
                ),
            )
        )


async def test_an_empty_batch_has_no_answers(store: Engine) -> None:
    """And comes back."""
    async with opened(store) as bench:
        assert list(await bench.carry()) == []


# --------------------------------------------------------------------------- accept


async def test_an_accepted_prompt_is_found_and_waits(store: Engine) -> None:
    """Under its address."""
    async with opened(store) as bench:
        answer = await bench.ask(accept(1, name="x", at=3.5), Accepted)

        assert answer.brought is None
        found = await bench.ask(Find("a", "x"), Found)
        assert plain(found) == plain(Found(1, None, None, 3.5))
        assert plain(await bench.ask(Find("a", "y"), Found)) == plain(Found(None))
        assert plain(await bench.ask(Find("b", "x"), Found)) == plain(Found(None))


async def test_a_prompt_that_meets_itself_is_accepted(store: Engine) -> None:
    """Its answer was lost; also when it has ended meanwhile."""
    async with opened(store) as bench:
        await bench.carry(accept(1))
        await bench.ask(accept(1), Accepted)
        await bench.carry(complete(1))
        await bench.ask(accept(1), Accepted)

        assert await numbers(bench) == []


async def test_the_same_id_is_the_same_prompt(store: Engine) -> None:
    """In the same batch, in a later one, and when it has ended; per key."""
    async with opened(store) as bench:
        answers = await bench.carry(
            accept(1, name="x"), accept(2, name="x"), accept(3, "b", "x")
        )
        assert plain(answers) == plain(
            [Accepted(None), Repeated(1, None, None, None), Accepted(None)]
        )
        assert await numbers(bench) == [1]

        await bench.carry(complete(1, turn=5))
        late = await bench.ask(accept(4, name="x"), Repeated)
        assert plain(late) == plain(Repeated(1, b"done", 5, None))
        assert await numbers(bench) == []


async def test_a_number_is_one_prompts(store: Engine) -> None:
    """Another prompt with it is refused: whoever gives numbers has erred."""
    async with opened(store) as bench:
        await bench.carry(accept(1))

        await bench.ask(accept(1, name="other"), Refused)
        await bench.ask(accept(1, "b"), Refused)
        assert plain(await bench.ask(Find("a", "other"), Found)) == plain(Found(None))


async def test_accept_brings_what_is_kept_of_its_key(store: Engine) -> None:
    """Without the prompt itself; a repeated one brings it too."""
    async with opened(store) as bench:
        first = await bench.ask(accept(1, bring=True), Accepted)
        assert plain(first.brought) == plain(Brought(None, ()))

        await bench.carry(accept(2), Bind("a", b"t"))
        third = await bench.ask(accept(3, bring=True), Accepted)
        kept = SessionRow(None, b"t", 1, None, None)
        assert plain(third.brought) == plain(Brought(kept, (row(1), row(2))))

        same = await bench.ask(accept(4, name="id-2", bring=True), Repeated)
        assert same.brought is not None
        assert [each.number for each in same.brought.rows] == [1, 2, 3]


async def test_what_is_brought_has_nothing_of_later_records(store: Engine) -> None:
    """Also the second time, when they are there already: it is for a lost answer."""
    batch = (
        accept(1, bring=True),
        accept(2, bring=True),
        Bring("a"),
        accept(3),
        complete(key="b", sends=(row(4),)),
    )
    async with opened(store) as bench:
        for _ in range(2):
            first, second, third, *_ = await bench.carry(*batch)

            assert isinstance(first, Accepted)
            assert isinstance(second, Accepted)
            assert isinstance(third, Brought)
            assert first.brought is not None
            assert second.brought is not None
            assert [each.number for each in first.brought.rows] == []
            assert [each.number for each in second.brought.rows] == [1]
            assert [each.number for each in third.rows] == [1, 2]


async def test_what_is_brought_is_nobody_elses(store: Engine) -> None:
    """Neither what was handed in nor what is handed out is the store's own."""
    async with opened(store) as bench:
        given = accept(1)
        await bench.carry(given)
        given.row.tried = 5
        brought = await bench.ask(Bring("a"), Brought)
        brought.rows[0].tried = 6

        assert (await bench.ask(Bring("a"), Brought)).rows[0].tried == 0


@pytest.mark.parametrize(
    "wrong",
    [
        accept(2, body=b"x" * 101),
        accept(2, "\ud800"),
        accept(2, name="\udfff"),
        accept(2, tenant="\ud800"),
        accept(2, job="\ud800"),
        complete(1, state=State(b"x" * 201, 1)),
        complete(1, ended=(Ended(1, b"x" * 201, 7),)),
        complete(1, sends=(row(2), row(3, body=b"x" * 101))),
        complete(1, key="\ud800"),
        Settle("a", Ended(1, b"x" * 201, None)),
        Forget("a", b"x" * 201, 1),
        Forget("\ud800", b"w", 1),
        Bring("\ud800"),
        Bind("\ud800", b"t"),
        Quarantine("\ud800", b"q"),
        Find("a", "\ud800"),
        Waiting("\ud800", 1),
    ],
)
async def test_a_record_is_refused_alone(store: Engine, wrong: Record) -> None:
    """The rest of the batch is carried out, and nothing of that record."""
    async with opened(store) as bench:
        answers = await bench.carry(accept(1), wrong, accept(9, "c"))

        assert isinstance(answers[1], Refused), answers[1]
        assert answers[1].why
        assert plain(answers[::2]) == plain([Accepted(None), Accepted(None)])
        assert await numbers(bench) == [1]
        assert await numbers(bench, "c") == [9]
        assert await session(bench) is None


async def test_text_may_be_any_text(store: Engine) -> None:
    """With quotes, signs from beyond, and zeros, where a store takes them."""
    keys = ["", "'\"", "日本", "\U0001f600", "\\", "@", "\u2028"]
    if not isinstance(store, PostgresStore):
        keys += ["a\x00b", "a\x00c"]
    async with opened(store) as bench:
        for number, key in enumerate(keys):
            await bench.carry(accept(number, key, key))
            assert await numbers(bench, key) == [number]
            assert (await bench.ask(Find(key, key), Found)).number == number


# ------------------------------------------------------------------- begin, complete


async def test_open_prompts_are_in_the_order_in_which_they_are_taken(
    store: Engine,
) -> None:
    """Those that were begun, those that were to steer, the others; each by number."""
    async with opened(store) as bench:
        await bench.carry(
            *(accept(each, steers=3 if each in {4, 7} else None) for each in range(9)),
            Begin((6, 2), (1, 2), 40, 1),
        )

        brought = await bench.ask(Bring("a"), Brought)
        assert [each.number for each in brought.rows] == [2, 6, 4, 7, 0, 1, 3, 5, 8]
        assert [(each.tried, each.begun) for each in brought.rows[:3]] == [
            (2, 1),
            (1, 1),
            (0, None),
        ]


async def test_a_mark_says_what_it_says(store: Engine) -> None:
    """However often it is made; not on a prompt that has ended, or is unknown."""
    async with opened(store) as bench:
        await bench.carry(accept(1), accept(2), complete(2))
        mark = Begin((1, 2, 3), (2, 2, 2), 40, 5)
        answers = await bench.carry(mark, mark)

        assert [*answers] == [DONE, DONE]
        (first,) = (await bench.ask(Bring("a"), Brought)).rows
        assert (first.tried, first.begun) == (2, 5)


async def test_all_that_a_turn_leaves_is_there_at_once(store: Engine) -> None:
    """Outcomes, marks taken back, state, token, generation, what it has sent."""
    async with opened(store) as bench:
        await bench.carry(
            *(accept(each, tenant="ann") for each in (1, 2, 3)),
            Begin((1, 2, 3), (1, 1, 1), 7, 1),
        )
        done = await bench.ask(
            complete(
                1,
                2,
                again=((3, 0),),
                token=b"t",
                bound=True,
                generation=4,
                sends=(row(10, "b", "x"), row(11, "b", "x"), row(12, "a", "id-3")),
            ),
            Completion,
        )

        assert done.known == (11, 12)
        brought = await bench.ask(Bring("a"), Brought)
        assert plain(brought) == plain(
            Brought(
                SessionRow(State(b"state", 1), b"t", 4, None, "ann"),
                (row(3, tenant="ann", begun=0),),
            )
        )
        assert await numbers(bench, "b") == [10]
        for each in (1, 2):
            found = await bench.ask(Find("a", f"id-{each}"), Found)
            assert plain(found) == plain(
                Found(each, b"done", 7, float(each), 50.0, tried=1)
            )


async def test_a_turn_that_is_completed_twice_is_complete(store: Engine) -> None:
    """Its answer was lost: the same answer, and nothing else."""
    async with opened(store) as bench:
        await bench.carry(accept(1), accept(5, "b", "x"))
        turn = complete(1, sends=(row(6, "b", "y"), row(7, "b", "x")))
        first = await bench.carry(turn)
        before = await bench.carry(Bring("a"), Bring("b"))
        second = await bench.carry(turn)

        assert plain(first) == plain(second) == plain([Completion((7,))])
        assert plain(await bench.carry(Bring("a"), Bring("b"))) == plain(before)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"state": None}, False),
        ({"state": None, "token": None, "bound": True}, False),
        ({"state": None, "token": b"t"}, False),
        ({"state": None, "token": b"t", "bound": True}, True),
        ({"state": State(b"", 1)}, True),
    ],
)
async def test_a_key_has_a_row_if_there_is_something_to_keep(
    store: Engine, *, changes: dict[str, Any], kept: bool
) -> None:
    """A token without `bound` is nothing."""
    async with opened(store) as bench:
        await bench.carry(accept(1), complete(1, **changes))

        assert (await session(bench) is not None) == kept


async def test_what_a_turn_does_not_change_stays(store: Engine) -> None:
    """State without a new one, token without `bound`; the generation is the latest."""
    async with opened(store) as bench:
        await bench.carry(complete(state=State(b"s", 3), token=b"t", bound=True))
        await bench.carry(Quarantine("a", b"q"))
        await bench.carry(complete(state=None, token=b"other", generation=2))
        assert await session(bench) == SessionRow(State(b"s", 3), b"t", 2, b"q", None)

        await bench.carry(complete(state=None, token=None, bound=True, generation=3))
        assert await session(bench) == SessionRow(State(b"s", 3), None, 3, b"q", None)


async def test_two_turns_of_a_key_in_a_batch_are_in_order(store: Engine) -> None:
    """The later one's state is the state, and a row may be the earlier one's."""
    async with opened(store) as bench:
        await bench.carry(accept(1), accept(2), accept(3))
        await bench.carry(
            complete(1, state=State(b"one", 1), generation=1),
            complete(2, state=State(b"two", 2), generation=2),
            complete(3, state=None, generation=3),
        )

        assert await session(bench) == SessionRow(State(b"two", 2), None, 3, None, None)


async def test_what_a_turn_sends_may_be_ended_in_the_same_batch(store: Engine) -> None:
    """As if each record had come alone; also by the first prompt of a turn."""
    async with opened(store) as bench:
        await bench.carry(accept(1, "a"), accept(2, "b"))
        answers = await bench.carry(
            complete(1, key="a", sends=(row(3, "b"), row(4, "c"))),
            complete(3, key="b"),
            complete(4, key="c"),
        )
        assert [type(each) for each in answers] == [Completion] * 3
        assert await numbers(bench, "b") == [2]
        assert await numbers(bench, "c") == []


async def test_an_outcome_is_the_first_one(store: Engine) -> None:
    """Whatever comes later, in the same batch too."""
    async with opened(store) as bench:
        await bench.carry(accept(1), accept(2))
        answers = await bench.carry(
            Settle("a", Ended(1, b"first", None), 60.0),
            Settle("a", Ended(1, b"second", 3), 61.0),
            complete(2, 1),
            Settle("a", Ended(2, b"late", None)),
            Settle("a", Ended(99, b"unknown", None)),
        )

        assert all(isinstance(each, Done | Completion) for each in answers)
        found = await bench.ask(Find("a", "id-1"), Found)
        assert plain(found) == plain(Found(1, b"first", None, 1.0, 60.0))
        found = await bench.ask(Find("a", "id-2"), Found)
        assert plain(found) == plain(Found(2, b"done", 7, 2.0, 50.0))


async def test_the_id_of_what_was_taken_back_is_free(store: Engine) -> None:
    """In the same batch too; the id of what a turn has ended is not."""
    async with opened(store) as bench:
        await bench.carry(accept(1), accept(2))
        await bench.carry(complete(2))
        answers = await bench.carry(
            Settle("a", Ended(1, b"back", None), 60.0, unsent=True),
            Settle("a", Ended(2, b"late", None), 60.0, unsent=True),
            Settle("a", Ended(1, b"back", None), 60.0, unsent=True),
            accept(3, name="id-1"),
            accept(4, name="id-2"),
        )

        assert plain(answers[3]) == plain(Accepted(None))
        assert isinstance(answers[4], Repeated)
        assert await numbers(bench) == [3]
        found = await bench.ask(Find("a", "id-1"), Found)
        assert plain(found) == plain(Found(3, None, None, 3.0, None))
        found = await bench.ask(Find("a", "~1"), Found)
        assert plain(found) == plain(Found(1, b"back", None, 1.0, 60.0))


# ------------------------------------------------------------ bind, quarantine, forget


async def test_a_token_is_kept_and_forgotten(store: Engine) -> None:
    """Forgetting none makes no row."""
    async with opened(store) as bench:
        await bench.carry(Bind("a", None))
        assert await session(bench) is None
        await bench.carry(Bind("a", b"one"), Bind("a", b"two"))
        assert await session(bench) == SessionRow(None, b"two", 1, None, None)
        await bench.carry(Bind("a", None))
        assert await session(bench) == SessionRow(None, None, 1, None, None)


async def test_a_quarantine_is_kept_and_pardoned(store: Engine) -> None:
    """It leaves all else as it was."""
    async with opened(store) as bench:
        await bench.carry(Quarantine("a", None))
        assert await session(bench) is None
        await bench.carry(complete(), Quarantine("a", b"q"))
        assert await session(bench) == SessionRow(
            State(b"state", 1), None, 1, b"q", None
        )
        await bench.carry(Quarantine("a", None))
        assert await session(bench) == SessionRow(
            State(b"state", 1), None, 1, None, None
        )


async def test_a_key_is_forgotten_with_those_that_wait(store: Engine) -> None:
    """Not those that have a mark of this opening, and not those that are named."""
    async with opened(store) as bench:
        await bench.carry(
            *(accept(each) for each in range(1, 6)),
            accept(6, "b"),
            Begin((1,), (1,), 40, 3),
            Begin((2,), (1,), 41, 2),
            complete(5, token=b"t", bound=True),
            Quarantine("a", b"q"),
        )
        answer = await bench.ask(Forget("a", b"w", 3, (4,), 70.0), Forgotten)

        assert plain(answer) == plain(Forgotten(known=True, withdrawn=(2, 3)))
        assert await session(bench) is None
        assert await numbers(bench) == [1, 4]
        assert await numbers(bench, "b") == [6]
        found = await bench.ask(Find("a", "id-2"), Found)
        assert plain(found) == plain(Found(2, b"w", None, 2.0, 70.0, tried=1))


async def test_of_two_at_one_time_each_tells_its_own(store: Engine) -> None:
    """Though the outcome is the same; and both tell the same when they come again."""
    async with opened(store) as bench:
        await bench.carry(accept(1), Bind("a", b"t"))
        batch = (
            Forget("a", b"w", 1, at=70.0, mark=1),
            accept(2),
            accept(3),
            Forget("a", b"w", 1, at=70.0, mark=2),
            Forget("a", b"w", 1, at=70.0, mark=3),
        )
        for _ in range(2):
            answers = await bench.carry(*batch)
            forgotten = [plain(each) for each in answers if isinstance(each, Forgotten)]
            assert forgotten == [
                plain(Forgotten(known=True, withdrawn=(1,))),
                plain(Forgotten(known=True, withdrawn=(2, 3))),
                plain(Forgotten(known=False, withdrawn=())),
            ]


async def test_forgetting_tells_the_same_when_its_answer_was_lost(
    store: Engine,
) -> None:
    """And leaves alone what the same batch accepts behind it."""
    async with opened(store) as bench:
        await bench.carry(accept(1), accept(2))
        batch = (Forget("a", b"w", 1, at=70.0), accept(3))
        for _ in range(2):
            answer, _ = await bench.carry(*batch)
            assert plain(answer) == plain(Forgotten(known=True, withdrawn=(1, 2)))

        assert await numbers(bench) == [3]


@pytest.mark.parametrize("known", [True, False])
async def test_there_may_be_nothing_to_forget(store: Engine, *, known: bool) -> None:
    """Or only a token."""
    async with opened(store) as bench:
        await bench.carry(Bind("a", b"t" if known else None))

        answer = await bench.ask(Forget("a", b"w", 1), Forgotten)
        assert plain(answer) == plain(Forgotten(known, ()))


# --------------------------------------------------------------- waiting, find, prune


async def test_keys_that_wait_come_in_pages(store: Engine) -> None:
    """In the order of keys; those without an open prompt are not among them."""
    keys = ["", "B", "a", "a\x01", "aa", "b", "z", "é", "日", "\U0001f600"]
    async with opened(store) as bench:
        for number, key in enumerate(reversed(keys)):
            await bench.carry(accept(2 * number, key), accept(2 * number + 1, key))
        await bench.carry(accept(50, "c"), complete(50, key="c"), Bind("d", b"t"))

        seen: list[str] = []
        while page := (
            await bench.ask(Waiting(seen[-1] if seen else "", 4), Keys)
        ).keys:
            assert len(page) <= 4
            seen += page
        assert seen == sorted(keys)[1:]  # "" begins: nobody is behind it but the rest


async def test_d65_what_ended_long_ago_is_pruned_some_at_a_time(store: Engine) -> None:
    """The oldest first; what is open stays, however old, and so does what is kept."""
    async with opened(store) as bench:
        await bench.carry(*(accept(each, at=0.0) for each in range(1, 8)))
        for each, at in ((1, 30.0), (2, 10.0), (3, 20.0), (4, 40.0), (5, 20.0)):
            await bench.carry(complete(each, at=at))

        assert (await bench.ask(Prune(40.0, 3), Pruned)).number == 3
        left = [(await bench.ask(Find("a", f"id-{n}"), Found)).number for n in range(8)]
        assert left == [None, 1, None, None, 4, None, 6, 7]
        assert (await bench.ask(Prune(40.0, 3), Pruned)).number == 1
        assert (await bench.ask(Prune(40.0, 3), Pruned)).number == 0
        assert await numbers(bench) == [6, 7]
        assert await session(bench) is not None

        # what is not kept any more is not known any more
        await bench.ask(accept(9, name="id-2"), Accepted)


async def test_of_many_at_once_each_gets_its_own_answer(store: Engine) -> None:
    """As many as no statement takes; some are there, some have an outcome already."""
    numbers = range(1, 72)
    async with opened(store) as bench:
        await bench.carry(accept(3, "3"), accept(50, "50", "taken"))
        await bench.carry(complete(3, key="3", turn=9, state=None))
        answers = await bench.carry(
            *(accept(each, f"{each}") for each in numbers if each != 50),
            accept(72, "50", "taken"),
        )
        met = [each for each in answers if isinstance(each, Repeated)]
        assert [each.number for each in met] == [50]
        assert len(answers) == 71

        told = await bench.carry(
            *(complete(each, key=f"{each}", state=None) for each in numbers)
        )
        assert [isinstance(each, Overtaken) for each in told] == [
            each == 3 for each in numbers
        ]
        for each in numbers:
            found = await bench.ask(Find(f"{each}", "", each), Found)
            assert (found.number, found.turn) == (each, 9 if each == 3 else 7)
