"""The parts of a cell, each alone: no system, no task, no clock but a number."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Finished, Mailbox, Overflow
from actors._engine.parts.ages import EXACT, MANY, Ages
from actors._engine.parts.children import link, place, unlink, youngest_first
from actors._engine.parts.entry import Entry
from actors._engine.parts.notices import (
    ChildEnded,
    ChildNews,
    Item,
    Notice,
    drop_notices,
    take_final_news,
)
from actors._engine.parts.overflow import Verdict, verdict
from actors._engine.parts.senders import SWEEP_ABOVE, Sender, Senders
from actors._engine.parts.stash import Stash
from actors._engine.parts.ticks import Tick, Ticks
from actors._engine.parts.watches import Watches
from actors._engine.timers import Timer, Timers
from actors.messages import Ticket


class Someone:
    """Whoever holds tickets, is watched, has children."""

    woken = 0
    youngest: Any = None
    previous: Any = None
    next: Any = None

    def __init__(self, path: str = "/someone") -> None:
        self.path = path

    def ticket_closed(self, ticket: Ticket) -> None:
        """Nothing to forget."""

    def check_thread(self, what: str) -> None:
        """Nobody calls from another thread here."""

    def ticket_late(self) -> None:
        """Nothing to count."""


# ---------------------------------------------------------------------------- overflow


@pytest.mark.parametrize(
    ("overflow", "full"),
    [
        (Overflow.WAIT, "wait"),
        (Overflow.REJECT, "reject"),
        (Overflow.DROP_NEWEST, "drop it"),
        (Overflow.DROP_OLDEST, "drop oldest"),
        (Overflow.KEEP_LATEST, "drop oldest"),
    ],
)
@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4])
def test_what_a_full_mailbox_does(
    overflow: Overflow, full: Verdict, depth: int
) -> None:
    """Below the capacity every message is taken in; from there on it is declared."""
    key = repr if overflow is Overflow.KEEP_LATEST else None
    mailbox = Mailbox(3, overflow=overflow, key=key)

    assert verdict(mailbox, depth) == ("accept" if depth < 3 else full)


# -------------------------------------------------------------------------------- ages


@given(
    st.lists(
        st.tuples(st.floats(0, 0.003), st.integers(0, 3)), min_size=1, max_size=300
    )
)
def test_ages_are_never_less_than_the_truth_and_hardly_more(
    steps: list[tuple[float, int]],
) -> None:
    """Each step a message comes, and some leave, the oldest first."""
    ages = Ages()
    came: deque[float] = deque()
    now = since = 100.0
    taken_in = gone = 0
    for seconds, leaving in steps:
        now += seconds
        if ages.wanted(now):
            ages.mark(taken_in, now)
        came.append(now)
        taken_in += 1
        for _ in range(min(leaving, len(came))):
            came.popleft()
            gone += 1
        since = ages.since(gone, since)
        if came:
            assert came[0] - EXACT - 1e-9 <= since <= came[0] + 1e-9
    assert len(ages) <= taken_in - gone + 1


def test_marks_are_few() -> None:
    """However many messages come within a moment, one mark stands for them."""
    ages = Ages()
    for number in range(1000):
        if ages.wanted(5.0):
            ages.mark(number, 5.0)

    assert len(ages) == 1 < MANY


# ----------------------------------------------------------------------------- senders


class Room:
    """A mailbox as its senders see it."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.accepted: list[Any] = []

    def is_left(self) -> bool:
        return self.left > 0

    def accept(self, sender: Sender) -> None:
        self.left -= 1
        self.accepted.append(sender.message)


@given(st.lists(st.sampled_from(["come", "ask", "leave", "end", "admit"]), max_size=80))
def test_senders_are_let_in_as_they_came(steps: list[str]) -> None:
    """Those who have left, or whose ask has ended, are passed over."""
    senders, room = Senders(), Room(0)
    waiting: list[Sender] = []  # the model: who is to be let in, in order
    came = 0
    for step in steps:
        match step:
            case "come" | "ask":
                came += 1
                ticket = Ticket(Someone()) if step == "ask" else None
                waiting.append(Sender(None, came, ticket, hub=Someone()))
                senders.line_up(waiting[-1])
            case "leave" if waiting:
                senders.leave(waiting[0])
                senders.leave(waiting.pop(0))
            case "end":
                for sender in [each for each in waiting if each.ticket is not None]:
                    assert sender.ticket is not None
                    sender.ticket.abandon()
                    waiting.remove(sender)
                    if sender.message % 2:  # else its task has not run yet
                        senders.leave(sender)
            case "admit":
                room.left = 1
                empty = senders.admit(room.is_left, room.accept)
                expected = [waiting.pop(0).message] if waiting else []
                assert room.accepted == expected
                assert empty == (not waiting)
                assert sum(each.waits for each in senders) == len(waiting)
                room.accepted.clear()
            case _:
                pass


def test_who_has_left_is_swept_out() -> None:
    """The line is never mostly husks."""
    senders = Senders()
    line = [Sender(None, number, hub=Someone()) for number in range(4 * SWEEP_ABOVE)]
    for sender in line:
        senders.line_up(sender)

    for sender in line[:-1]:
        senders.leave(sender)

    assert len(senders) == 1
    assert len(list(senders)) <= SWEEP_ABOVE + 2


def test_all_are_turned_away_once() -> None:
    """Each ask ends with an error of its own; nobody is left."""
    senders = Senders()
    tickets = [Ticket(Someone()) for _ in range(3)]
    for ticket in tickets:
        senders.line_up(Sender(None, "message", ticket, hub=Someone()))
    tick = Sender(None, "tick", hub=Someone())
    senders.line_up(tick)

    senders.turn_away(lambda: ValueError("closed"))
    senders.leave(tick)

    assert len({id(ticket.value) for ticket in tickets}) == 3
    assert len(senders) == 0
    assert senders.admit(lambda: True, lambda _: None)


# ------------------------------------------------------------------------------- stash


def test_a_stash_gives_back_what_it_was_given() -> None:
    """In its order, once."""
    stash = Stash()
    entries = [Entry(number) for number in range(3)]
    for turn, entry in enumerate(entries):
        stash.add(entry, turn)

    assert len(stash) == 3
    assert stash.take() == entries
    assert stash.take() == []


def test_a_stash_knows_the_message_of_this_turn() -> None:
    """By identity, in that turn alone, also if it was taken out again."""
    stash = Stash()
    message, equal = [1], [1]
    assert not stash.holds(message, -1)
    stash.add(Entry(message), 7)
    stash.take()

    assert stash.holds(message, 7)
    assert not stash.holds(message, 8)
    assert not stash.holds(equal, 7)


# -------------------------------------------------------------------------------- lane


def lane_of_all() -> deque[Item]:
    """One of each kind, and two notices."""
    return deque(
        [
            ChildEnded("a", Finished()),
            Notice("b", 1),
            ChildNews("child_started", ("c",), final=False),
            ChildNews("child_stopped", ("d",), final=True),
            Notice("e", 2),
        ]
    )


def test_an_owner_that_ends_hears_what_is_final() -> None:
    """Notices stay for who watches; a child's fate is not asked for any more."""
    lane = lane_of_all()

    news = take_final_news(lane)

    assert [item.args for item in news] == [("d",)]
    assert [type(item) for item in lane] == [Notice, Notice]


def test_a_notice_nobody_wants_is_dropped() -> None:
    """That one, and nothing else."""
    lane = lane_of_all()

    drop_notices(lane, "e")

    assert len(lane) == 4
    assert [item.ref for item in lane if isinstance(item, Notice)] == ["b"]


# ---------------------------------------------------------------------------- children


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["start", "end", "place"]),
            st.integers(0, 99),
            st.integers(0, 99),
        ),
        max_size=60,
    )
)
def test_children_are_a_list(steps: list[tuple[str, int, int]]) -> None:
    """Linked in the order of start, ended anywhere, placed before any other."""
    owner = Someone()
    model: list[Someone] = []  # the oldest first
    for step, one, two in steps:
        if step == "start":
            model.append(Someone())
            link(owner, model[-1])
        elif step == "end" and model:
            unlink(owner, model.pop(one % len(model)))
        elif step == "place" and len(model) > 1:
            child = model.pop(one % len(model))
            younger = model[two % len(model)]
            model.insert(model.index(younger), child)
            place(owner, child, younger)

        assert list(youngest_first(owner)) == model[::-1]
        assert all(younger.previous is older for older, younger in pairwise(model))
        assert all(older.next is younger for older, younger in pairwise(model))
        assert owner.youngest is (model[-1] if model else None)


def test_a_child_may_end_while_its_owner_goes_through_them() -> None:
    """The one in hand; the older ones are still met."""
    owner = Someone()
    for _ in range(3):
        link(owner, Someone())

    met = 0
    for child in youngest_first(owner):
        unlink(owner, child)
        met += 1

    assert met == 3
    assert owner.youngest is None


# ----------------------------------------------------------------------------- watches


def test_a_watch_is_written_down_on_both_sides() -> None:
    """Begun once, ended by either; who is told of the end is told once."""
    mine, theirs = Watches(), Watches()
    me: Any = Someone("/me")
    they: Any = Someone("/they")

    assert mine.watch(they, "over")
    assert not mine.watch(they, "over")
    theirs.add_watcher(me, "over")

    assert mine.watching == (they,)
    assert theirs.take_watchers() == {me: "over"}
    assert theirs.take_watchers() == {}
    assert mine.unwatch(they)
    assert not mine.unwatch(they)
    assert not mine.watching


def test_a_watch_has_one_message() -> None:
    """To watch again with another is an error that names the watched."""
    watches = Watches()
    they: Any = Someone("/they")
    watches.watch(they, "over")

    with pytest.raises(ValueError, match="/they is watched already"):
        watches.watch(they, "done")


def test_a_watcher_that_left_is_not_told() -> None:
    """Also if it never was one."""
    watches = Watches()
    me: Any = Someone("/me")
    watches.drop_watcher(me)
    watches.add_watcher(me, None)
    watches.drop_watcher(me)
    watches.drop_watcher(me)

    assert watches.take_watchers() == {}


# ------------------------------------------------------------------------------- ticks


class FakeWorld:
    """A clock that is moved by hand, and a mailbox that only collects."""

    def __init__(self) -> None:
        self.time = 0.0
        self.queued: list[Tick] = []
        self.timers = Timers(lambda _: None)
        self.set: list[Timer] = []

    def now(self) -> float:
        return self.time

    def at(self, deadline: float, call: Any) -> Timer:
        self.set.append(self.timers.at(deadline, call))
        return self.set[-1]

    def queue(self, tick: Tick) -> None:
        self.queued.append(tick)

    def pass_time(self, seconds: float) -> None:
        """Call what is due, in the order of the deadlines."""
        self.time += seconds
        for timer in sorted(self.set, key=lambda each: each.deadline):
            call = timer.call
            if call is not None and timer.deadline <= self.time:
                timer.call = None
                call()

    def handle(self) -> list[Any]:
        """Take all that is queued; what is void is skipped."""
        handled: list[Any] = []
        for tick in self.queued:
            if not tick.cancelled:
                handled.append(tick.message)
                tick.taken()
        self.queued.clear()
        return handled


def test_a_timer_comes_once_and_is_over() -> None:
    """At its deadline, not before; then it is forgotten."""
    world = FakeWorld()
    ticks = Ticks(world)
    ticks.set(2.0, "once", None, repeat=False)

    world.pass_time(1.9)
    assert world.handle() == []
    world.pass_time(0.2)
    assert world.handle() == ["once"]

    world.pass_time(10)
    assert world.handle() == []
    assert len(ticks) == 0


def test_a_timer_of_no_time_is_queued_at_once() -> None:
    """No deadline is set for it."""
    world = FakeWorld()
    Ticks(world).set(0, "now", None, repeat=False)

    assert world.handle() == ["now"]
    assert not world.set


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ([1.0, 1.0, 1.0], [1, 1, 1]),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1]),
        ([3.5, 0.4, 0.1, 1.0], [1, 0, 1, 1]),  # those missed are skipped, not made up
    ],
)
def test_a_repeated_timer_keeps_its_grid(
    waits: list[float], expected: list[int]
) -> None:
    """One tick per second of the grid at most, delays do not add up."""
    world = FakeWorld()
    Ticks(world).set(1.0, "tick", "key", repeat=True)
    counts: list[int] = []
    for seconds in waits:
        world.pass_time(seconds)
        counts.append(len(world.handle()))

    assert counts == expected


def test_a_tick_whose_predecessor_is_still_queued_is_skipped() -> None:
    """The mailbox never holds two of one timer."""
    world = FakeWorld()
    Ticks(world).set(1.0, "tick", "key", repeat=True)
    for _ in range(5):
        world.pass_time(1.0)

    assert world.handle() == ["tick"]


def test_a_key_names_one_timer() -> None:
    """A new one replaces the old, also what the old one had queued."""
    world = FakeWorld()
    ticks = Ticks(world)
    ticks.set(1.0, "old", "key", repeat=False)
    ticks.set(1.0, "nameless", None, repeat=False)
    world.pass_time(1.0)
    ticks.set(1.0, "new", "key", repeat=False)

    assert world.handle() == ["nameless"]
    world.pass_time(1.0)
    assert world.handle() == ["new"]
    assert not ticks.cancel("key")
    assert not ticks.cancel(None)


def test_all_timers_end_at_once() -> None:
    """Nothing comes any more, not even from the queue."""
    world = FakeWorld()
    ticks = Ticks(world)
    for key in (None, "a", "b"):
        ticks.set(1.0, key, key, repeat=key == "b")
    world.pass_time(1.0)

    ticks.cancel_all()

    assert world.handle() == []
    assert len(ticks) == 0
    world.pass_time(10.0)
    assert world.queued == []
