"""Each way is as the page tells it, and no longer than it may be."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import Final

import pytest

from .page import Step, rooms, rooms_of, tables
from .walking import ROOT, Walk, walked
from .ways import WAYS, measured

ROOMS_AT_MOST: Final = 6
# {way: files and moves at most}
LIMITS: Final = {
    "tell": (4, 6),
    "ask": (4, 6),
    "ask by mail": (12, 18),
    "send": (14, 40),
}
# {way: files and moves that it still takes}
STILL_LONG: Final[dict[str, tuple[int, int]]] = {}

way = cache(measured)


def test_each_way_has_its_limit() -> None:
    """And its tables."""
    assert list(WAYS) == list(LIMITS)
    assert {*STILL_LONG} <= {*LIMITS}
    assert all(tables(name) for name in WAYS)


@pytest.mark.parametrize("name", WAYS)
def test_a_way_is_short(name: str) -> None:
    """What is short enough by now is taken off the list of what is still long."""
    walk = way(name)
    files, moves = STILL_LONG.get(name, LIMITS[name])
    told = "\n".join(map(str, walk.stays))
    reached = len(walk.files) <= LIMITS[name][0] and walk.moves <= LIMITS[name][1]

    assert len(walk.files) <= files, told
    assert walk.moves <= moves, told
    assert reached == (name not in STILL_LONG), told


@pytest.mark.parametrize("name", WAYS)
def test_a_way_passes_few_rooms_each_once(name: str) -> None:
    """Without turning back; and the way back passes no other rooms."""
    there, *back = map(rooms, tables(name))

    assert len(there) == len({*there}) <= ROOMS_AT_MOST
    for each in back:
        assert len(each) == len({*each})
        assert {*each} <= {*there}


@pytest.mark.parametrize("name", WAYS)
def test_the_rooms_stand_in_the_order_of_the_way(name: str) -> None:
    """Each where it is first come to, and there is no room that is left out."""
    walk = way(name)
    there, *back = tables(name)
    turn = walk.entries.index(back[0][0].entry) if back else None

    assert rooms_of(walk, rooms(there)) == rooms(there)
    for each in back:
        rest = Walk(walk.entries[turn:])
        seen = rooms_of(rest, rooms(there))
        assert [room for room in seen if room in rooms(each)] == rooms(each)


@pytest.mark.parametrize("name", WAYS)
def test_the_functions_of_a_room_stand_in_the_order_of_their_calls(name: str) -> None:
    """Each of them is called."""
    walk = way(name)

    for table in tables(name):
        for room in rooms(table):
            named = [step.entry for step in table if step.room == room]
            called = [entry for entry in walk.entries if entry in named]
            assert list(dict.fromkeys(called)) == named


def test_a_way_back_begins_where_the_way_there_ends() -> None:
    """All that is named on the way there is called before."""
    there, back = tables("send")
    entries = way("send").entries

    def at(step: Step) -> int:
        return entries.index(step.entry)

    assert max(map(at, there)) < min(map(at, back))


def test_the_ways_are_printed() -> None:
    """By one command."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.walks", "ask"],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        cwd=ROOT,
    )
    walk = way("ask")

    assert done.stdout.splitlines() == [
        f"ask: {len(walk.files)} files, {walk.moves} moves",
        *(f"    {stay}" for stay in walk.stays),
    ]


def test_only_the_house_is_looked_at() -> None:
    """Nothing of others, and no way at all is no move."""
    with walked() as walk:
        sys.getprofile()

    assert walk.entries == []
    assert walk.moves == 0
