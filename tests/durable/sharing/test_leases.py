"""What one node does about what it sees."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from supervision.durable._sharing.leases import BEATS, Leases, Steps
from supervision.durable._sharing.placement import place
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._sharing.words import Lease, NodeRow, View
from tests.durable.sharing.rows import node, parts, view

POLICY = SharingPolicy(ttl=10.0, moving=2)
NUMBER = 8
BOTH = (node("a"), node("b"))
PLACES = place(parts({}, NUMBER), BOTH)
OF_A = sorted(each for each, name in PLACES.items() if name == "a")
OF_B = sorted(each for each, name in PLACES.items() if name == "b")

Owners = Mapping[int, tuple[str | None, int]]


def leases(
    name: str = "a", *, opened: int = 1, policy: SharingPolicy = POLICY
) -> Leases:
    """Make what one node knows."""
    return Leases(name, opened=opened, policy=policy, partitions=NUMBER)


def seen(*nodes: NodeRow, owners: Owners | None = None) -> View:
    """Make a view of eight partitions."""
    return view(*nodes, owners=owners, number=NUMBER)


def all_of(name: str, epoch: int) -> dict[int, tuple[str | None, int]]:
    """Say that all is this node's."""
    return dict.fromkeys(range(NUMBER), (name, epoch))


def took(mine: Leases, steps: Steps) -> dict[int, tuple[str | None, int]]:
    """Have it take what it is to take; whose they are then."""
    taken = tuple(Lease(each.partition, each.epoch + 1) for each in steps.take)
    mine.took(taken)
    return {each.partition: (mine.node, each.epoch) for each in taken}


def alone() -> tuple[Leases, dict[int, tuple[str | None, int]]]:
    """Make a node that has all."""
    mine = leases()
    return mine, took(mine, mine.saw(seen(node("a")), 0.0))


def test_beats_rise_above_those_of_earlier_lives() -> None:
    """And say whether it leaves."""
    old, new = leases(opened=1), leases(opened=2)
    old.beat()
    assert old.beat().beat == 2 + BEATS
    assert new.beat().beat > old.beat().beat
    assert not new.beat().leaving
    new.leave()
    assert new.beat().leaving


def test_the_first_node_takes_all() -> None:
    """Each is named once; then they are its."""
    mine = leases()
    assert mine.view is None
    steps = mine.saw(seen(node("a")), 0.0)
    assert [each.partition for each in steps.take] == list(range(NUMBER))
    assert mine.saw(seen(node("a")), 1.0) == Steps()

    took(mine, steps)
    assert dict(mine.held) == dict.fromkeys(range(NUMBER), 1)


def test_a_take_without_an_answer_is_asked_again() -> None:
    """It may have gone through: then they are its by name, and taken anew."""
    mine = leases()
    mine.saw(seen(node("a")), 0.0)
    mine.failed(1.0)
    owners = dict.fromkeys(range(NUMBER), ("a", 1))
    steps = mine.saw(seen(node("a"), owners=owners), 2.0)
    assert steps.take == tuple(Lease(each, 1) for each in range(NUMBER))


def test_another_was_quicker() -> None:
    """It has what it got, and asks for what is still to be had."""
    mine = leases()
    first = mine.saw(seen(node("a")), 0.0)
    mine.took([Lease(each.partition, 1) for each in first.take[1:]])
    owners = dict.fromkeys(range(1, NUMBER), ("a", 1)) | {0: ("c", 1)}
    steps = mine.saw(seen(node("a"), node("c"), owners=owners), 1.0)
    assert not steps.take
    assert steps.joined == ("c",)
    assert 0 not in mine.held


def test_what_is_to_be_anothers_is_left_to_it() -> None:
    """For ttl; if it lies there still, whoever sees it takes it."""
    mine = leases()
    steps = mine.saw(seen(*BOTH), 0.0)
    assert [each.partition for each in steps.take] == OF_A
    owners = took(mine, steps)
    for beat in range(5):
        now = 2.0 * (beat + 1) - 0.5
        steps = mine.saw(seen(node("a"), node("b", beat + 2), owners=owners), now)
        assert not steps.take
    steps = mine.saw(seen(node("a"), node("b", 9), owners=owners), 11.0)
    assert [each.partition for each in steps.take] == OF_B


def test_few_are_given_at_once() -> None:
    """What lies there counts, until another has taken it, or has not for ttl."""
    mine, owners = alone()
    both = (node("a"), node("b", 2))
    steps = mine.saw(seen(*both, owners=owners), 1.0)
    assert list(steps.give) == OF_B[:2] == sorted(mine.giving)
    assert mine.saw(seen(*both, owners=owners), 2.0) == Steps()

    mine.gave(OF_B[0])
    free = {**owners, OF_B[0]: (None, 1)}
    assert mine.saw(seen(node("a"), node("b", 3), owners=free), 3.0) == Steps()
    assert OF_B[0] not in mine.held
    taken = {**owners, OF_B[0]: ("b", 2)}
    steps = mine.saw(seen(node("a"), node("b", 4), owners=taken), 4.0)
    assert list(steps.give) == OF_B[2:3]

    mine.gave(OF_B[1])
    for beat in range(7):
        free = {**taken, OF_B[1]: (None, 1)}
        rows = (node("a"), node("b", 5 + beat))
        steps = mine.saw(seen(*rows, owners=free), 5.0 + 2 * beat)
    assert not mine.giving - set(OF_B[2:4])
    assert OF_B[3] in mine.giving, "the one that nobody takes is not waited for"


def test_all_is_given_by_one_that_leaves() -> None:
    """At once, and nothing is taken; what it takes by an earlier question too."""
    mine, owners = alone()
    mine.leave()
    owners = {**owners, 0: (None, 1)}
    steps = mine.saw(seen(node("a"), owners=owners), 1.0)
    assert steps.lost == (0,)
    assert list(steps.give) == list(range(1, NUMBER))
    assert not steps.take
    mine.took([Lease(0, 2)])
    owners = {**owners, 0: ("a", 2)}
    assert mine.saw(seen(node("a"), owners=owners), 2.0).give == (0,)


def test_one_that_leaves_takes_nothing() -> None:
    """Not what lies there, nor what was an earlier life's."""
    mine = leases()
    mine.leave()
    owners = dict.fromkeys(OF_A, ("c", 3)) | {OF_A[0]: ("a", 1)}
    for now in range(0, 40, 2):
        rows = (node("a", leaving=True), node("b", now), node("c", 7))
        assert not mine.saw(seen(*rows, owners=owners), now).take


def test_one_that_leaves_gets_nothing() -> None:
    """The others see it in its row, and give it nothing more."""
    mine = leases()
    steps = mine.saw(seen(node("a"), node("b", leaving=True)), 0.0)
    assert len(steps.take) == NUMBER


def test_what_a_silent_node_had_is_taken_after_ttl() -> None:
    """By who is to have it; by anybody after another ttl."""
    owners = all_of("c", 3)
    mine = leases()
    for now in (0.0, 2.0, 4.0, 6.0, 8.0, 9.9):
        rows = (node("a"), node("b", int(now)), node("c", 7))
        steps = mine.saw(seen(*rows, owners=owners), now)
        assert not steps.take
        assert len(mine.nodes) == 3
    rows = (node("a"), node("b", 20), node("c", 7))
    steps = mine.saw(seen(*rows, owners=owners), 10.0)
    assert steps.gone == ("c",)
    assert [each.partition for each in steps.take] == OF_A
    assert [each.node for each in mine.nodes] == ["a", "b"]
    owner = mine.owner_of(0)
    assert owner is not None
    assert owner.node == "c"

    owners = {**owners, **took(mine, steps)}
    for now in (12.0, 14.0, 16.0, 18.0, 19.9):
        rows = (node("a"), node("b", 20 + int(now)), node("c", 7))
        assert mine.saw(seen(*rows, owners=owners), now) == Steps()
    rows = (node("a"), node("b", 99), node("c", 7))
    steps = mine.saw(seen(*rows, owners=owners), 20.0)
    assert [each.partition for each in steps.take] == OF_B


@pytest.mark.parametrize("how", ["failed", "a gap"])
def test_a_gap_begins_everything_anew(how: str) -> None:
    """More than two beats without an answer, or one that failed."""
    owners = all_of("c", 3)
    mine = leases()
    rows = (node("a"), node("c", 7))
    for now in (0.0, 2.0, 4.0, 6.0, 8.0):
        mine.saw(seen(*rows, owners=owners), now)
    again = 10.0
    if how == "failed":
        mine.failed(9.0)
    else:
        again = 12.1
    for after in (0.0, 2.0, 4.0, 6.0, 8.0, 9.9):
        assert not mine.saw(seen(*rows, owners=owners), again + after).take
    assert mine.saw(seen(*rows, owners=owners), again + 10.0).take


def test_what_lies_there_is_watched_anew_too() -> None:
    """Whoever is to have it has a whole ttl after the gap."""
    mine = leases()
    steps = mine.saw(seen(*BOTH), 0.0)
    owners = took(mine, steps)
    for now in (4.0, 8.0, 12.1, 16.0, 20.0):
        steps = mine.saw(seen(node("a"), node("b", int(now)), owners=owners), now)
        assert not steps.take
    steps = mine.saw(seen(node("a"), node("b", 99), owners=owners), 22.1)
    assert [each.partition for each in steps.take] == OF_B


def test_two_beats_are_no_gap() -> None:
    """One answer may be late."""
    owners = all_of("c", 3)
    mine = leases()
    rows = (node("a"), node("c", 7))
    for now in (0.0, 4.0, 8.0):
        assert not mine.saw(seen(*rows, owners=owners), now).take
    assert mine.saw(seen(*rows, owners=owners), 10.0).take


def test_who_was_gone_stays_so_over_a_gap() -> None:
    """Until its beat rises: then it lives again."""
    mine, owners = alone()
    for now in (0.0, 4.0, 8.0, 10.0):
        steps = mine.saw(seen(*BOTH, owners=owners), now)
    assert steps.gone == ("b",)
    mine.failed(11.0)
    assert mine.saw(seen(*BOTH, owners=owners), 100.0).joined == ()
    assert [each.node for each in mine.nodes] == ["a"]
    steps = mine.saw(seen(node("a"), node("b", 2), owners=owners), 102.0)
    assert steps.joined == ("b",)


def test_one_that_owns_and_has_no_row_is_silent() -> None:
    """As one whose beat does not rise."""
    owners = all_of("c", 3)
    mine = leases()
    for now in (0.0, 4.0, 8.0):
        steps = mine.saw(seen(node("a"), owners=owners), now)
        assert steps == Steps()
    assert mine.owner_of(0) is None
    assert len(mine.saw(seen(node("a"), owners=owners), 10.0).take) == NUMBER


def test_it_hears_what_it_has_lost() -> None:
    """To another, to nobody, to an epoch of somebody with its name."""
    mine, owners = alone()
    owners = {**owners, 1: ("b", 2), 2: (None, 1), 3: ("a", 2)}
    steps = mine.saw(seen(*BOTH, owners=owners), 1.0)
    assert steps.lost == (1, 2, 3)
    assert not {1, 2, 3} & set(mine.held)
    assert Lease(3, 2) in steps.take


def test_what_is_fenced_is_lost() -> None:
    """Unless it has been taken again since."""
    mine, owners = alone()
    assert mine.fenced(0)
    assert not mine.fenced(0)
    steps = mine.saw(seen(node("a"), owners=owners), 1.0)
    assert steps == Steps(take=(Lease(0, 1),))
    mine.took([Lease(0, 2)])
    assert not mine.fenced(0, 1)
    assert 0 in mine.held
    assert mine.fenced(0, 2)


def test_who_owns_what() -> None:
    """Of its own by what it has been told since the last view."""
    mine, owners = alone()
    for _ in range(2):  # as it has been told, as it sees it
        owner = mine.owner_of(0)
        assert owner is not None
        assert owner.node == "a"
        mine.saw(seen(node("a"), owners=owners), 1.0)
    mine.gave(0)
    assert mine.owner_of(0) is None
    mine.gave(0)
    assert leases().owner_of(0) is None


def test_a_younger_one_of_its_name_replaces_it() -> None:
    """It has nothing then, whatever it hears."""
    mine, owners = alone()
    rows = seen(node("a", opened=2), owners=owners)
    assert mine.saw(rows, 1.0) == Steps(lost=tuple(range(NUMBER)), replaced=True)
    assert mine.replaced
    mine.took([Lease(0, 2)])
    assert not mine.held
    assert mine.saw(seen(node("a"), owners=owners), 2.0) == Steps(replaced=True)


def test_an_older_row_of_its_name_is_an_earlier_life() -> None:
    """What that had is taken at once, whoever is to have it."""
    mine = leases(opened=2)
    owners = dict.fromkeys(range(NUMBER), ("a", 4))
    steps = mine.saw(seen(*BOTH, owners=owners), 0.0)
    assert not steps.replaced
    assert steps.take == tuple(Lease(each, 4) for each in range(NUMBER))


def test_without_a_row_it_goes_by_what_it_knows() -> None:
    """Somebody has deleted its row: it lives all the same."""
    mine = leases()
    steps = mine.saw(seen(), 0.0)
    assert len(steps.take) == NUMBER
    assert [each.node for each in mine.nodes] == ["a"]


def test_a_store_with_other_partitions_is_refused() -> None:
    """By number."""
    with pytest.raises(ValueError, match="view must have 8 partitions, got 4"):
        leases().saw(view(node("a")), 0.0)
