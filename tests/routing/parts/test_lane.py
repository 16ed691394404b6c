"""`Lane`: one key's entry, and the queue of its prompts."""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Batch, PromptKind, Receipt, Withdrawn
from actors.hosting import ASIDE, FOLLOW_UP, PROMPT, WORK
from supervision._routing.parts import lane as lanes
from supervision._routing.parts.lane import Lane, check_key
from tests.routing.parts.making import (
    PROPERTY,
    end,
    fill,
    ids,
    lane,
    receipt,
    take_back,
)

PHASES = {
    "PLACE": lanes.PLACE,
    "STARTING": lanes.STARTING,
    "OPEN": lanes.OPEN,
    "CLOSING": lanes.CLOSING,
    "BACKOFF": lanes.BACKOFF,
    "ASLEEP": lanes.ASLEEP,
    "QUARANTINED": lanes.QUARANTINED,
    "GONE": lanes.GONE,
}


def queued(home: Lane) -> list[int]:
    """The ids of those that wait, in their order."""
    return ids(home.live())


# --------------------------------------------------------------------------- the queue


def test_a_new_entry_has_nothing() -> None:
    """It waits for a place, is not busy, and has no queue of its own yet."""
    home = lane("x")

    assert home.phase == lanes.PLACE
    assert home.queue is None
    assert queued(home) == []
    assert home.take(None) == []
    assert home.empty() == []
    assert (home.tenant, home.asides, home.busy) == (None, 0, False)


def test_prompts_are_taken_one_by_one_in_their_order() -> None:
    """Without a batch policy each turn takes one, the oldest."""
    home = lane()
    fill(home, 1, 2, 3)

    taken = [ids(home.take(None)) for _ in range(4)]

    assert taken == [[1], [2], [3], []]


def test_an_empty_queue_is_given_back() -> None:
    """When the last one has been taken there is no queue, and no room in it."""
    home = lane()
    fill(home, 1)
    home.room = 9

    home.take(None)

    assert home.queue is None
    assert (home.waiting, home.husks, home.room) == (0, 0, 0)


def test_a_queue_that_is_not_empty_keeps_its_room() -> None:
    """As long as one waits, nothing is given back."""
    home = lane()
    fill(home, 1, 2)
    home.room = 9

    home.take(None)

    assert home.room == 9
    assert home.queue is not None


def test_what_is_put_back_goes_before_what_was_sent() -> None:
    """Prompts of a turn that never was come first again, in their order."""
    home = lane()
    fill(home, 3, 4)

    home.push_front([receipt(home, 1), receipt(home, 2)])

    assert queued(home) == [1, 2, 3, 4]
    assert home.waiting == 4


def test_putting_nothing_back_changes_nothing() -> None:
    """No queue is made for none."""
    home = lane()

    home.push_front([])

    assert home.queue is None


def test_what_is_put_back_into_an_empty_lane_waits() -> None:
    """A lane without a queue gets one."""
    home = lane()

    home.push_front([receipt(home, 1)])

    assert queued(home) == [1]


def test_of_those_put_back_the_first_accepted_is_first() -> None:
    """Steering prompts come back before or after those of their turn: by acceptance."""
    home = lane()
    fill(home, 7)
    home.push_front([receipt(home, 5), receipt(home, 6)])

    home.push_front([receipt(home, 2), receipt(home, 9)])

    assert queued(home) == [2, 5, 6, 9, 7]


def test_what_was_sent_later_stays_behind_what_was_put_back() -> None:
    """A prompt put back is older than all that are sent, whatever their ids are."""
    home = lane()
    fill(home, 1, 2)

    home.push_front([receipt(home, 8)])
    fill(home, 9)

    assert queued(home) == [8, 1, 2, 9]


# --------------------------------------------------------------------------- batches

TEN = Batch(prompts=10, weight=10.0)


@pytest.mark.parametrize(
    ("batch", "weights", "turns"),
    [
        (Batch(prompts=2), [1, 1, 1], [2, 1]),
        (Batch(prompts=1), [1, 1], [1, 1]),
        (TEN, [4, 6, 1], [2, 1]),  # just as heavy as it may be
        (TEN, [4, 6.5], [1, 1]),
        (TEN, [11, 1, 1], [1, 2]),  # too heavy: it goes alone
        (TEN, [1, 11, 1], [1, 1, 1]),
        (TEN, [10, 0.0], [2]),
        (TEN, [1] * 12, [10, 2]),
    ],
)
def test_a_turn_takes_what_fits(
    batch: Batch, weights: list[float], turns: list[int]
) -> None:
    """The first, and then as many as number and weight allow, in their order."""
    home = lane()
    for number, weight in enumerate(weights):
        home.push(receipt(home, number, weight=weight))

    taken = [home.take(batch) for _ in turns]

    assert [len(each) for each in taken] == turns
    assert [r.id for each in taken for r in each] == list(range(len(weights)))
    assert home.take(batch) == []


@pytest.mark.parametrize("kind", [FOLLOW_UP, WORK, ASIDE, PromptKind.STEER])
def test_only_ordinary_prompts_share_a_turn(kind: PromptKind) -> None:
    """What was not sent plainly goes alone, and ends the batch before it."""
    home = lane()
    for number in (1, 2):
        home.push(receipt(home, number))
    home.push(receipt(home, 3, kind=kind))
    for number in (4, 5):
        home.push(receipt(home, number))

    assert [ids(home.take(TEN)) for _ in range(3)] == [[1, 2], [3], [4, 5]]


def test_an_answer_that_is_read_is_shared_with_nobody() -> None:
    """A prompt with a reader has a turn of its own."""
    home = lane()
    home.push(receipt(home, 1, stream=object()))
    home.push(receipt(home, 2))
    home.push(receipt(home, 3, stream=object()))

    assert [ids(home.take(TEN)) for _ in range(3)] == [[1], [2], [3]]


def test_the_weight_of_one_that_goes_alone_counts_for_nobody() -> None:
    """What goes alone is not weighed."""
    home = lane()
    home.push(receipt(home, 1, kind=FOLLOW_UP, weight=99.0))
    home.push(receipt(home, 2, weight=10.0))

    assert [ids(home.take(TEN)) for _ in range(2)] == [[1], [2]]


# ----------------------------------------------------------------------------- husks


def test_husks_are_passed_over() -> None:
    """A prompt that has its outcome is in no turn, wherever it stood."""
    home = lane()
    first, _, third, _ = fill(home, 1, 2, 3, 4)
    take_back(home, first)
    take_back(home, third)

    assert queued(home) == [2, 4]
    assert (home.waiting, home.husks) == (2, 2)
    assert ids(home.take(TEN)) == [2, 4]
    assert (home.waiting, home.husks, home.queue) == (0, 0, None)


def test_the_last_one_taken_back_empties_the_queue() -> None:
    """Nothing is kept for husks alone."""
    home = lane()
    only = fill(home, 1)[0]
    home.room = 5

    take_back(home, only)

    assert (home.queue, home.waiting, home.husks, home.room) == (None, 0, 0, 0)


def test_husks_are_swept_out_when_they_are_the_larger_part() -> None:
    """However many are taken back, the queue is not much longer than what waits."""
    home = lane()
    receipts = fill(home, *range(40))
    for each in receipts[5:22]:
        take_back(home, each)
    assert len(home.queue or ()) == 40  # 17 husks, 23 that wait

    for each in receipts[22:25]:
        take_back(home, each)
    assert (home.husks, home.waiting) == (20, 20)

    take_back(home, receipts[25])
    assert (home.husks, home.waiting) == (0, 19)
    assert len(home.queue or ()) == 19
    assert queued(home) == [*range(5), *range(26, 40)]


def test_few_husks_are_left_where_they_are() -> None:
    """Sixteen husks are few."""
    home = lane()
    receipts = fill(home, *range(17))
    for each in receipts[:16]:
        take_back(home, each)

    assert (home.husks, home.waiting) == (16, 1)
    assert len(home.queue or ()) == 17


def test_emptying_takes_those_that_wait() -> None:
    """Husks are not among them; nothing is left, and no count."""
    home = lane()
    receipts = fill(home, 1, 2, 3)
    take_back(home, receipts[1])

    assert ids(home.empty()) == [1, 3]
    assert (home.queue, home.waiting, home.husks) == (None, 0, 0)


def test_emptying_takes_the_side_questions_that_wait_too() -> None:
    """They come after the others; those that have an outcome are not among them."""
    home = lane()
    fill(home, 1)
    asides = [receipt(home, number, kind=ASIDE) for number in (2, 3)]
    end(asides[0])
    home.need_extra().aside_queue = deque(asides)

    assert ids(home.empty()) == [1, 3]
    assert home.asides == 0
    assert home.empty() == []


@PROPERTY
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.integers(1, 6)),
            st.tuples(st.just("front"), st.integers(1, 3)),
            st.tuples(st.just("back"), st.integers(0, 30)),
            st.tuples(st.just("take"), st.integers(0, 3)),
            st.tuples(st.just("empty"), st.just(0)),
        ),
        max_size=40,
    )
)
def test_the_queue_is_a_list_without_husks(acts: list[tuple[str, int]]) -> None:
    """Whatever is pushed, put back, taken back and taken: it is as a plain list."""
    home = lane()
    model: list[tuple[Receipt[Any], float, bool]] = []  # (receipt, weight, put back)
    number = 0
    for act, much in acts:
        match act:
            case "push":
                number += 1
                each = receipt(home, number, weight=float(much))
                home.push(each)
                model.append((each, float(much), False))
            case "front":
                back = [receipt(home, number + n, weight=1.0) for n in range(much)]
                number += much
                home.push_front(back)
                front = [each for each in model if each[2]]
                front += [(each, 1.0, True) for each in back]
                front.sort(key=lambda each: each[0].id)
                model = front + [each for each in model if not each[2]]
            case "back" if model:
                given_ = model.pop(much % len(model))[0]
                take_back(home, given_)
            case "take":
                batch = Batch(prompts=much, weight=8.0) if much else None
                wanted = _fitting(model, much, 8.0)
                assert home.coming(batch) == [each[0] for each in wanted]
                assert home.take(batch) == [each[0] for each in wanted]
                model = model[len(wanted) :]
            case "empty":
                assert home.empty() == [each[0] for each in model]
                model = []
            case _:
                pass
        assert list(home.live()) == [each[0] for each in model]
        assert home.waiting == len(model)
        assert (home.queue is None) == (not model)
        assert len(home.queue or ()) == home.waiting + home.husks
        assert home.husks <= max(16, home.waiting)
        assert home.busy == bool(model)


def _fitting(
    model: list[tuple[Receipt[Any], float, bool]], prompts: int, weight: float
) -> list[tuple[Receipt[Any], float, bool]]:
    fitting: list[tuple[Receipt[Any], float, bool]] = []
    for each in model:
        heavy = sum(one[1] for one in fitting) + each[1]
        if fitting and heavy > weight:
            break
        fitting.append(each)
        if len(fitting) >= (prompts or 1):
            break
    return fitting


# -------------------------------------------------------------------------- the entry


@pytest.mark.parametrize(
    "reason", ["turn", "waiting", "asides", "criticals", "parked", "aside_queue"]
)
def test_an_entry_is_busy_for_each_reason(reason: str) -> None:
    """A turn, a prompt, a side question or one that waits, a child, a sender."""
    home = lane()
    home.need_extra()
    assert not home.busy

    match reason:
        case "turn":
            home.turn = object()
        case "waiting":
            fill(home, 1)
        case "asides":
            home.need_extra().asides = {1: object()}
        case "criticals":
            home.need_extra().criticals = 1
        case "parked":
            home.need_extra().parked = deque([object()])
        case _:
            home.need_extra().aside_queue = deque([receipt(home, 1, kind=ASIDE)])

    assert home.busy is True


def test_what_was_there_makes_no_entry_busy() -> None:
    """Empty lines and finished side questions are nothing to do."""
    home = lane()
    extra = home.need_extra()
    extra.asides, extra.parked, extra.aside_queue = {}, deque(), deque()

    assert not home.busy


@pytest.mark.parametrize("phase", PHASES)
def test_only_open_and_sleeping_entries_may_rest(phase: str) -> None:
    """An entry may be idle where it has a session, or needs none."""
    home = lane()
    home.phase = PHASES[phase]

    assert home.may_rest == (phase in {"OPEN", "ASLEEP"})


def test_side_questions_are_counted_together() -> None:
    """Those that are being answered, and those that wait for the session."""
    home = lane()
    extra = home.need_extra()
    extra.asides = {1: object(), 2: object()}
    extra.aside_queue = deque([receipt(home, 3, kind=ASIDE)])

    assert home.asides == 3


def test_what_few_need_is_made_once() -> None:
    """The memory of messages and that of crashes are made when first needed."""
    home = lane()
    assert home.extra is None

    assert home.need_known() is home.need_known()
    assert home.need_crashes() is home.need_crashes()
    assert home.need_extra() is home.extra


def test_a_tenant_is_known_by_the_entry() -> None:
    """It has none at first."""
    home = lane()
    home.need_extra()
    assert home.tenant is None

    home.need_extra().tenant = "me"

    assert home.tenant == "me"


@pytest.mark.parametrize("answer", [True, False])
def test_taking_back_is_the_houses_decision(*, answer: bool) -> None:
    """The entry asks its house, and says what that said."""
    asked: list[object] = []

    class House:
        """Says what it is told to."""

        def withdraw(self, *args: object) -> bool:
            """Write down who asks."""
            asked.append(args)
            return answer

    home = Lane("a", House(), 0.0)
    given_, outcome = receipt(home, 1), Withdrawn("why")

    assert home.withdraw(given_, outcome) is answer
    assert asked == [(home, given_, outcome)]


@pytest.mark.parametrize("key", [None, 1, b"a", ("a",)])
def test_a_key_is_a_str(key: object) -> None:
    """Anything else is a wrong type."""
    with pytest.raises(TypeError, match="must be a str"):
        check_key(key)


def test_a_key_is_not_empty() -> None:
    """The empty str is a wrong value; any other will do."""
    with pytest.raises(ValueError, match="must not be empty"):
        check_key("")
    check_key(" ")


@pytest.mark.parametrize("over", [None, 0, 1])
@pytest.mark.parametrize(
    "batch",
    [None, Batch(prompts=2), Batch(prompts=9, weight=3.0)],
    ids=["one", "two", "as they fit"],
)
def test_what_would_be_taken_is_what_is_taken(
    batch: Batch | None, over: int | None
) -> None:
    """To look at it changes nothing.  One of them may have its outcome already."""
    one = [(1.0, PROMPT), (2.0, PROMPT), (5.0, PROMPT), (0.0, FOLLOW_UP)]
    for waits in itertools.product(one, repeat=3):
        home = lane()
        for number, (weight, kind) in enumerate(waits):
            home.push(receipt(home, number, weight=weight, kind=kind))
        if over is not None:
            take_back(home, (home.queue or deque())[over])
        before = queued(home)

        coming = ids(home.coming(batch))

        assert queued(home) == before
        assert coming == ids(home.take(batch))
        assert coming + queued(home) == before
