"""`IdleList`: the idle ones in their order, with no search for any of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision._routing.parts.idle import IdleList
from supervision._routing.parts.lane import Lane
from tests.routing.parts.making import PROPERTY, lane


def keys(idle: IdleList) -> str:
    """The keys from the oldest on, and a look at the way back."""
    forward: list[str] = []
    each = idle.oldest
    while each is not None:
        forward.append(each.key)
        each = each.younger
    backward: list[str] = []
    each = idle.youngest
    while each is not None:
        backward.append(each.key)
        each = each.older
    assert backward == forward[::-1]
    assert len(idle) == len(forward)
    return "".join(forward)


def filled(names: str) -> tuple[IdleList, dict[str, Lane]]:
    """One that became idle at 0, one at 1, and so on."""
    idle = IdleList()
    lanes = {key: lane(key) for key in names}
    for now, each in enumerate(lanes.values()):
        idle.add(each, float(now))
    return idle, lanes


def test_an_empty_list_has_nobody() -> None:
    """Nobody is due, and nobody ever will be."""
    idle = IdleList()

    assert len(idle) == 0
    assert idle.due(1e9, 0.0) is None
    assert idle.next_due(1.0) == math.inf
    assert lane() not in idle


@pytest.mark.parametrize(
    ("gone", "left"), [("a", "bcd"), ("b", "acd"), ("d", "abc"), ("ad", "bc")]
)
def test_one_may_leave_from_anywhere(gone: str, left: str) -> None:
    """The others stay in their order; it is not in the list any more."""
    idle, lanes = filled("abcd")

    for key in gone:
        assert idle.remove(lanes[key])
        assert lanes[key] not in idle
        assert not idle.remove(lanes[key])

    assert keys(idle) == left
    assert all(lanes[key] in idle for key in left)


def test_the_only_one_may_leave() -> None:
    """Then nobody is the oldest, and nobody the youngest."""
    idle, lanes = filled("a")

    assert idle.remove(lanes["a"])

    assert (idle.oldest, idle.youngest, len(idle)) == (None, None, 0)


def test_one_that_comes_again_is_the_youngest() -> None:
    """Its time counts from then on."""
    idle, lanes = filled("abc")
    idle.remove(lanes["a"])

    idle.add(lanes["a"], 9.0)

    assert keys(idle) == "bca"
    assert lanes["a"].since == 9.0


def test_the_oldest_is_due_after_so_long() -> None:
    """At the instant itself, and not before; only the oldest is looked at."""
    idle, lanes = filled("ab")

    assert idle.next_due(10.0) == 10.0
    assert idle.due(9.999, 10.0) is None
    assert idle.due(10.0, 10.0) is lanes["a"]
    assert idle.due(99.0, 10.0) is lanes["a"]

    idle.remove(lanes["a"])
    assert idle.next_due(10.0) == 11.0
    assert idle.next_due(math.inf) == math.inf
    assert idle.due(1e9, math.inf) is None


def test_a_tenants_oldest_is_found_among_its_own() -> None:
    """In the order of all; one whose tenant was not known then is not among them."""
    idle = IdleList()
    lanes = {key: lane(key) for key in "abcd"}
    for key in "acd":
        lanes[key].need_extra().tenant = "me" if key != "c" else "you"
    for now, each in enumerate(lanes.values()):
        idle.add(each, float(now))
    lanes["b"].need_extra().tenant = "me"

    assert idle.oldest_of("me") is lanes["a"]
    assert (idle.count_of("me"), idle.count_of("you"), idle.count_of("he")) == (2, 1, 0)
    assert idle.remove(lanes["b"])
    assert idle.remove(lanes["a"])
    assert idle.oldest_of("me") is lanes["d"]
    assert idle.remove(lanes["d"])
    assert idle.remove(lanes["c"])

    assert (idle.oldest_of("me"), idle.oldest_of("you"), idle.oldest) == (None,) * 3
    assert idle._own == {}


def test_one_whose_tenant_became_known_while_it_rested_may_leave() -> None:
    """It stands in no line of his."""
    idle, lanes = filled("a")
    lanes["a"].need_extra().tenant = "me"

    assert idle.oldest_of("me") is None
    assert idle.remove(lanes["a"])
    assert len(idle) == 0


@PROPERTY
@given(st.lists(st.sampled_from("abcdef"), max_size=40), st.floats(0.1, 100.0))
def test_who_is_due_is_due_when_it_was_said(names: list[str], after: float) -> None:
    """The order is that of the latest coming; the oldest is due when it was said."""
    idle = IdleList()
    lanes = {key: lane(key) for key in "abcdef"}
    model: list[str] = []
    for number, key in enumerate(names):
        now = number * 0.7
        if key in model:
            model.remove(key)
            assert idle.remove(lanes[key])
        else:
            model.append(key)
            idle.add(lanes[key], now)
        assert keys(idle) == "".join(model)
        for each in "abcdef":
            assert (lanes[each] in idle) == (each in model)
        due = idle.next_due(after)
        assert (due == math.inf) == (not model)
        if model:
            assert idle.due(due, after) is lanes[model[0]]
            assert idle.due(math.nextafter(due, 0.0), after) is None
