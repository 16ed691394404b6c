"""What a prompt does about what was there before it: the whole choice, as tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from actors import (
    Batch,
    PromptKind,
    PromptPolicy,
    QueueFullError,
    SessionBusyError,
    WhileBusy,
)
from actors.hosting import ASIDE, FOLLOW_UP, PROMPT, WORK, More
from supervision._routing.parts import lane as lanes
from supervision._routing.parts.admission import Admission, Entrance, Offer
from supervision._routing.parts.busy import giving_way, is_busy, shares, wish_of
from supervision._routing.parts.lane import Lane
from tests.routing.parts.making import ids, lane, receipt

THREE = Batch(prompts=3, weight=10.0)
READER = object()


def more(
    kind: PromptKind = PROMPT, *, stream: object = None, weight: float = 1.0
) -> More:
    """What comes with a prompt."""
    made = More()
    made.kind = kind
    made.stream = stream
    made.weight = weight
    return made


def home_with(*waiting: str, turn: bool = False) -> Lane:
    """An open entry: what waits in it, each "" or some of "next reader heavy own"."""
    home = lane()
    home.phase = lanes.OPEN
    for number, words in enumerate(waiting, 1):
        each = receipt(
            home,
            number,
            weight=8.0 if "heavy" in words else None,
            kind=FOLLOW_UP if "own" in words else PROMPT,
            stream=READER if "reader" in words else None,
        )
        each.need_more().preempts = "next" in words
        home.push(each)
    if turn:
        home.turn = SimpleNamespace(id=7, receipts=(receipt(home, 100),), verdict=None)
    return home


@pytest.mark.parametrize("policy", WhileBusy)
@pytest.mark.parametrize("busy", [None, *WhileBusy])
def test_a_prompt_says_what_it_wants_or_its_session_does(
    policy: WhileBusy, busy: WhileBusy | None
) -> None:
    """What is sent in other ways than `send` says so by that."""
    prompts = PromptPolicy(busy=policy)

    assert wish_of(more(), busy, prompts) is (busy or policy)
    for kind in (FOLLOW_UP, ASIDE, WORK):
        assert wish_of(more(kind), busy, prompts) is WhileBusy.QUEUE


ROWS: list[tuple[tuple[str, ...], bool, Batch | None, More, bool, bool, list[int]]] = [
    # what waits, a turn, batch, the prompt: it shares, it is busy, who gives way
    ((), False, None, more(), False, False, []),
    ((), True, None, more(), False, True, []),
    (("", ""), True, None, more(), False, True, []),
    (("next", ""), True, None, more(), False, True, [1]),
    (("", "next", "next"), True, None, more(), False, True, [2, 3]),
    # it has no turn yet: what it would begin with
    (("", ""), False, None, more(), False, True, [1]),
    (("", "next"), False, None, more(), False, True, [1, 2]),
    (("own", ""), False, None, more(), False, True, [1]),
    # several in one turn
    ((), False, THREE, more(), True, False, []),
    ((), True, THREE, more(), True, True, []),
    (("", "next"), True, THREE, more(), True, True, []),
    (("", ""), False, THREE, more(), True, False, []),
    (("", "", ""), False, THREE, more(), True, True, []),
    (("", "next", "", ""), True, THREE, more(), True, True, []),
    (("heavy",), False, THREE, more(weight=2.0), True, False, []),
    (("heavy",), False, THREE, more(weight=2.5), True, True, []),
    (("", "own"), False, THREE, more(), False, True, [1]),
    (("reader",), False, THREE, more(), False, True, [1]),
    (("", ""), False, THREE, more(stream=READER), False, True, [1, 2]),
    (("next",), True, THREE, more(stream=READER), False, True, [1]),
    (("next", "own"), True, THREE, more(), False, True, [1]),
    ((), False, THREE, more(stream=READER), False, False, []),
    ((), False, THREE, more(FOLLOW_UP), False, False, []),
]


@pytest.mark.parametrize(
    ("waiting", "turn", "batch", "prompt", "together", "busy", "out"), ROWS
)
def test_who_is_in_the_way(
    *,
    waiting: tuple[str, ...],
    turn: bool,
    batch: Batch | None,
    prompt: More,
    together: bool,
    busy: bool,
    out: list[int],
) -> None:
    """Row by row: does it share the next turn, would it wait, and who gives way."""
    home = home_with(*waiting, turn=turn)

    assert shares(home, prompt, batch) is together
    assert is_busy(home, prompt, batch) is busy
    assert ids(giving_way(home, prompt, batch)) == out


def judged(home: Lane, busy: WhileBusy | None, policy: PromptPolicy) -> Entrance:
    """Have an ordinary prompt judged."""
    offer = Offer("a", "prompt", more(), busy=busy)
    return Admission().judge(home, offer, policy, ending=False, per_tenant=None)


@pytest.mark.parametrize("by", ["prompt", "policy"])
@pytest.mark.parametrize(
    ("wish", "idle", "running", "queued"),
    [
        (WhileBusy.QUEUE, Entrance.QUEUE, Entrance.QUEUE, Entrance.QUEUE),
        (WhileBusy.NEVER_STEER, Entrance.QUEUE, Entrance.QUEUE, Entrance.QUEUE),
        (WhileBusy.STEER, Entrance.QUEUE, Entrance.STEER, Entrance.QUEUE),
        (WhileBusy.REFUSE, Entrance.QUEUE, None, None),
        (WhileBusy.INTERRUPT, Entrance.FIRST, Entrance.FIRST, Entrance.FIRST),
        (WhileBusy.REPLACE, Entrance.FIRST, Entrance.FIRST, Entrance.FIRST),
    ],
)
def test_where_a_prompt_goes(
    by: str,
    wish: WhileBusy,
    idle: Entrance,
    running: Entrance | None,
    queued: Entrance | None,
) -> None:
    """By what it was sent with, or by its session's policy."""
    policy = PromptPolicy(busy=wish if by == "policy" else WhileBusy.QUEUE)
    busy = wish if by == "prompt" else None
    steerable = home_with(turn=True)
    steerable.turn.interrupted = steerable.turn.extra = None

    for home, way in ((home_with(), idle), (steerable, running)):
        if way is None:
            with pytest.raises(SessionBusyError, match="turn 7 is there") as caught:
                judged(home, busy, policy)
            assert caught.value.turn == 7
        else:
            assert judged(home, busy, policy) is way
    if queued is None:
        with pytest.raises(SessionBusyError, match="prompts wait") as caught:
            judged(home_with(""), busy, policy)
        assert caught.value.turn is None
    else:
        assert judged(home_with(""), busy, policy) is queued


def test_those_that_give_way_take_no_room() -> None:
    """A full queue is not full for one whose predecessor goes; others it keeps out."""
    policy = PromptPolicy(capacity=1, busy=WhileBusy.REPLACE)
    home: Any = home_with("next", turn=True)

    assert judged(home, None, policy) is Entrance.FIRST
    with pytest.raises(QueueFullError):
        judged(home, WhileBusy.QUEUE, policy)
    with pytest.raises(QueueFullError):
        judged(home_with("", turn=True), None, policy)
