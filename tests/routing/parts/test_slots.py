"""`Slots`: never above the limits, first come first served among those allowed."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from supervision._routing.parts.slots import Slots
from tests.routing.parts.making import MACHINE


def test_slots_are_granted_while_there_are_some() -> None:
    """So many claims get one at once; the next waits for a release."""
    slots: Slots[str] = Slots(2, None)

    assert [slots.claim(who, None) for who in "abc"] == [True, True, False]
    assert (slots.running, slots.waiting) == (2, 1)
    assert list(slots.release(None)) == ["c"]
    assert (slots.running, slots.waiting) == (2, 0)
    assert list(slots.release(None)) == []
    assert slots.running == 1


def test_each_release_grants_exactly_one() -> None:
    """The one that has waited longest."""
    slots: Slots[str] = Slots(1, None)
    for who in "abcd":
        slots.claim(who, None)

    assert [list(slots.release(None)) for _ in range(4)] == [["b"], ["c"], ["d"], []]


def test_one_that_waits_no_more_is_passed_over() -> None:
    """It has waited, once; then there is nothing to withdraw."""
    slots: Slots[str] = Slots(1, None)
    for who in "abc":
        slots.claim(who, None)

    assert slots.withdraw("b")
    assert not slots.withdraw("b")
    assert not slots.withdraw("a")  # it has a slot
    assert list(slots.release(None)) == ["c"]


def test_one_that_claims_again_stands_at_the_end() -> None:
    """Its old place in line is worth nothing."""
    slots: Slots[str] = Slots(1, None)
    for who in "abc":
        slots.claim(who, None)

    slots.withdraw("b")
    slots.claim("b", None)

    assert [list(slots.release(None)) for _ in range(3)] == [["c"], ["b"], []]


def test_a_tenant_has_so_many_and_no_more() -> None:
    """Who is over its tenant's cap steps aside for others, though a slot is free."""
    slots: Slots[str] = Slots(3, 1)

    assert slots.claim("a1", "a")
    assert not slots.claim("a2", "a")
    assert slots.claim("b1", "b")
    assert slots.claim("c", None)
    assert slots.running == 3


def test_a_tenant_is_full_when_its_own_hold_it_up() -> None:
    """Not for want of slots; a claim without a tenant is held up by nobody's."""
    slots: Slots[str] = Slots(2, 1)
    slots.claim("a1", "a")
    slots.claim("x", None)
    slots.claim("a2", "a")
    slots.claim("b1", "b")

    assert [slots.is_full(each) for each in ("a", "b", None)] == [True, False, False]
    slots.configure(2, None)
    assert not slots.is_full("a")


def test_one_that_stepped_aside_is_recalled_by_its_own_number() -> None:
    """When its tenant has a slot less it is before those that came later."""
    slots: Slots[str] = Slots(2, 1)
    slots.claim("a1", "a")
    slots.claim("b1", "b")
    for who, tenant in (("a2", "a"), ("x", None), ("a3", "a")):
        assert not slots.claim(who, tenant)

    assert list(slots.release("b")) == ["x"]  # a2 was first, but may not
    assert list(slots.release("a")) == ["a2"]
    assert list(slots.release(None)) == []  # a3 waits for a2
    assert slots.running == 1
    assert list(slots.release("a")) == ["a3"]


def test_a_tenant_leaves_nothing_behind() -> None:
    """When all of its claims are in line again, or have their slots."""
    slots: Slots[str] = Slots(2, 1)
    slots.claim("a1", "a")
    slots.claim("a2", "a")

    assert list(slots.release("a")) == ["a2"]
    assert list(slots.release("a")) == []

    assert (slots._aside, slots._tenants) == ({}, {})


def test_a_claim_without_a_tenant_has_no_cap() -> None:
    """However many there are."""
    slots: Slots[int] = Slots(9, 1)
    assert all(slots.claim(who, None) for who in range(9))


def test_one_that_stepped_aside_may_be_withdrawn() -> None:
    """The recall passes over it and finds the next of its tenant."""
    slots: Slots[str] = Slots(2, 1)
    slots.claim("a1", "a")
    for who in ("a2", "a3"):
        assert not slots.claim(who, "a")

    assert slots.withdraw("a2")

    assert list(slots.release("a")) == ["a3"]
    assert list(slots.release("a")) == []


def test_new_limits_are_for_those_that_wait() -> None:
    """Whoever may have a slot under them has one at once, in order."""
    slots: Slots[str] = Slots(1, 1)
    slots.claim("a1", "a")
    for who, tenant in (("a2", "a"), ("b1", "b"), ("a3", "a")):
        slots.claim(who, tenant)

    assert slots.configure(2, 1) == ["b1"]
    assert slots.configure(3, 2) == ["a2"]
    assert slots.configure(9, None) == ["a3"]
    assert slots.waiting == 0


def test_lower_limits_take_no_slot_away() -> None:
    """Those that run go on; nobody gets one until there are fewer."""
    slots: Slots[str] = Slots(3, None)
    for who in "abcd":
        slots.claim(who, None)

    assert slots.configure(1, None) == []
    assert slots.running == 3
    assert [list(slots.release(None)) for _ in range(3)] == [[], [], ["d"]]


def test_many_that_wait_no_more_are_forgotten() -> None:
    """The line is not much longer than the number of those that wait."""
    slots: Slots[int] = Slots(1, None)
    slots.claim(-1, None)
    for who in range(1000):
        slots.claim(who, None)
        if who % 100:
            slots.withdraw(who)
        assert len(slots._line) <= 2 * slots.waiting + 65

    granted = [next(iter(slots.release(None)), None) for _ in range(11)]

    assert granted == [*range(0, 1000, 100), None]


def test_those_that_are_left_keep_their_order_when_others_are_forgotten() -> None:
    """Also where many were back in line before those that had come after them."""
    slots: Slots[int] = Slots(2, 1)
    slots.claim(-1, "a")
    for who in range(60):
        slots.claim(who, "a")  # they step aside
    slots.claim(-2, None)
    for who in range(60, 120):
        slots.claim(who, None)
    slots.configure(2, None)
    left = range(0, 120, 7)
    for who in set(range(120)).difference(left):
        slots.withdraw(who)
    assert len(slots._line) < 120

    assert [who for _ in left for who in slots.release(None)] == [*left]


OWNERS = (None, "a", "b")


class SlotsMachine(RuleBasedStateMachine):
    """Against a model: a list of those who wait, and those who have one."""

    def __init__(self) -> None:
        super().__init__()
        self.serial = 0
        self.line: list[tuple[int, str | None]] = []
        self.having: list[tuple[int, str | None]] = []
        self.slots: Slots[int] = Slots(1, None)

    @initialize(
        limit=st.integers(1, 4), per_tenant=st.one_of(st.none(), st.integers(1, 3))
    )
    def open(self, limit: int, per_tenant: int | None) -> None:
        """Begin with these limits."""
        self.slots = Slots(limit, per_tenant)

    def may(self, tenant: str | None) -> bool:
        """Whether the model would let this tenant have one more."""
        cap = self.slots.per_tenant
        has = Counter(each for _, each in self.having)[tenant]
        return len(self.having) < self.slots.limit and (
            tenant is None or cap is None or has < cap
        )

    def next(self) -> list[int]:
        """Who is to have a slot now, by the model."""
        granted: list[int] = []
        for each in tuple(self.line):
            if self.may(each[1]):
                self.line.remove(each)
                self.having.append(each)
                granted.append(each[0])
        return granted

    @rule(tenant=st.sampled_from(OWNERS))
    def claim(self, tenant: str | None) -> None:
        """Somebody comes."""
        self.serial += 1
        self.line.append((self.serial, tenant))
        at_once = self.next() == [self.serial]
        assert self.slots.claim(self.serial, tenant) == at_once

    @precondition(lambda self: self.having)
    @rule(number=st.integers(0, 9))
    def release(self, number: int) -> None:
        """Somebody gives one back."""
        _, tenant = self.having.pop(number % len(self.having))
        assert list(self.slots.release(tenant)) == self.next()

    @precondition(lambda self: self.line)
    @rule(number=st.integers(0, 9))
    def withdraw(self, number: int) -> None:
        """Somebody waits no more."""
        who, _ = self.line.pop(number % len(self.line))
        assert self.slots.withdraw(who)
        assert not self.slots.withdraw(who)

    @rule(limit=st.integers(1, 4), cap=st.one_of(st.none(), st.integers(1, 3)))
    def configure(self, limit: int, cap: int | None) -> None:
        """Other limits."""
        granted = self.slots.configure(limit, cap)
        assert granted == self.next()

    @invariant()
    def adds_up(self) -> None:
        """The counts are those of the model, and nobody waits who may have one."""
        assert self.slots.running == len(self.having)
        assert self.slots.waiting == len(self.line)
        assert not any(self.may(tenant) for _, tenant in self.line)


TestSlots = SlotsMachine.TestCase
TestSlots.settings = MACHINE
