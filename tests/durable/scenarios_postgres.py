"""A plugin of pytest: as `scenarios_shared`, on a PostgreSQL server that is ours.

    python -m pytest -p tests.durable.scenarios_postgres --actors-seed=0 \
        tests/conformance/sessions

One seed: the order in which threads answer is no seed's.  The clock is virtual all the
same: it stands while anything is asked of the server, and jumps when nothing is.  What
plays a story hundreds of times, whatever the option says, is left out: it holds on
`scenarios_shared`, and each of its steps would wait for the server here.  So is what
needs a store that answers in the very step in which nobody has anything to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import pytest
import trio
import trio.testing
from trio.abc import Clock
from trio.testing import MockClock

from actors import Session
from supervision.durable import PostgresStore
from supervision.durable._keeping.ground.bodies import Bodies
from supervision.durable._keeping.ground.wall import Wall
from supervision.durable._keeping.kept import Kept
from supervision.durable._keeping.shared import others
from supervision.durable._postgres.link import Link
from supervision.durable._postgres.opening import PostgresClaim
from supervision.durable._postgres.schema import SCHEMA, bring_up
from supervision.durable._sharing.words import Lease
from supervision.durable._threads.thread import StoreThread

from .conftest import new_schema, server
from .scenarios import OTHERWISE, AsTheyAre, expect, give_stores
from .scenarios_shared import NODE, PARTITIONS, Owner, own_all

__all__ = ["new_schema", "server"]  # fixtures

AGAIN: Final = "plays its story hundreds of times"
MANY: Final = "has thousands of prompts, one after the other"
LONG: Final = "hours go by, in which a node beats and looks around"
RACE: Final = "counts on what a store in memory has answered by then"
LEFT_OUT: Final = {
    "test_s31_finished_requests_do_not_pile_up": MANY,
    "test_s36_memory_is_that_of_the_sessions_that_live": MANY,
    "test_s36_one_shot_keys_leave_nothing_behind": MANY,
    "test_s81_chatter_does_not_move_the_time_limit_of_a_turn[7]": LONG,
    "test_s81_chatter_does_not_move_the_time_limit_of_a_turn[299]": LONG,
    "test_s82_a_silent_tool_is_not_taken_for_inactivity": LONG,
    "test_s84_a_turn_that_does_not_end_is_given_up": LONG,
    "test_s84_a_deaf_child_turn_does_not_keep_the_key[join]": LONG,
    "test_s84_a_deaf_child_turn_does_not_keep_the_key[leave]": LONG,
    "test_s85_a_stall_is_told_and_nothing_is_done_about_it": LONG,
    "test_s86_a_slow_or_broken_hook_gets_its_default_and_the_turn_goes_on": LONG,
    "test_s95_a_tie_after_a_common_end_is_broken_by_the_order_of_the_ends": AGAIN,
    "test_s115_two_bots_that_answer_each_other_are_stopped": LONG,
    "test_s03_an_abort_of_a_first_turn_harms_no_other": RACE,
    "test_s42_steering_that_races_with_the_end_of_a_turn_is_never_lost": RACE,
    "test_s101_a_send_is_accepted_or_refused_however_it_races_with_the_end": RACE,
    "test_s78_the_typing_indicator_goes_out_once_before_the_prompt_is_done": RACE,
    "test_s87_a_prompt_sent_at_the_instant_of_reaping_is_never_lost": AGAIN,
}
"""`{scenario: why it is not played here}`"""


class Patient:
    """Has a virtual clock stand still while the server is asked."""

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._asked = 0
        self._quiet = trio.Event()

    def asks(self) -> None:
        """Something is asked; in Trio's thread."""
        clock = trio.lowlevel.current_clock()
        if clock is not self._clock:
            self._clock, self._asked = clock, 0
        if not self._asked:
            self._quiet = trio.Event()
        self._asked += 1
        if isinstance(clock, MockClock):
            clock.autojump_threshold = math.inf

    def hears(self) -> None:
        """It is answered."""
        self._asked -= 1
        if not self._asked:
            if isinstance(self._clock, MockClock):
                self._clock.autojump_threshold = 0.0
            self._quiet.set()

    async def wait(self, cushion: float = 0.0) -> None:
        """Wait until nobody can go on by himself, and nothing is asked."""
        await _blocked(cushion)
        while self._clock is trio.lowlevel.current_clock() and self._asked:
            await self._quiet.wait()
            await _blocked(cushion)


# before a scenario imports it
_blocked: Final = trio.testing.wait_all_tasks_blocked
PATIENT: Final = Patient()
trio.testing.wait_all_tasks_blocked = PATIENT.wait


class Shelf(PostgresStore):
    """A store whose values stay as they are, in this process."""

    def __init__(self, dsn: str, schema: str) -> None:
        super().__init__(dsn, node=NODE, schema=schema, partitions=PARTITIONS)
        self._codec = AsTheyAre()

    def keep(
        self,
        make: type[Session[object, object]],
        crash: Callable[[Exception], None],
    ) -> Kept:
        """See `Durable`."""
        del make
        claim: Any = self.claim()
        assert isinstance(claim, PostgresClaim)
        claim.number, mine = _own(claim)
        kept = Kept(
            claim, self.policy, Bodies(self._codec), crash, Wall(), self.sharing
        )
        own_all(kept, mine)
        return kept


def _own(claim: PostgresClaim) -> tuple[int, tuple[Lease, ...]]:
    """Make all partitions this node's; the number of the opening that follows."""
    plan = claim._plan
    link, s = Link(plan.target), plan.place.schema
    try:
        bring_up(link, plan.place, claim.path, SCHEMA)
        opened, leases = link.carry(
            f"select max(value) from {s}.meta where name = 'opened';"  # noqa: S608
            f"update {s}.partitions set owner = '{NODE}', epoch = epoch + 1"
            " returning p, epoch".encode()
        )
    finally:
        link.close()
    return (opened[0][0] or 0) + 1, tuple(Lease(*each) for each in sorted(leases))


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave some out, and expect some to fail."""
    out = [each for each in items if each.name in LEFT_OUT]
    config.hook.pytest_deselected(items=out)
    items[:] = [each for each in items if each.name not in LEFT_OUT]
    expect(items, OTHERWISE)


@pytest.fixture(autouse=True)
def _stores(
    monkeypatch: pytest.MonkeyPatch,
    server: Any,
    new_schema: Callable[[], str],
) -> None:
    """Give each router a store; one for each place in a tree, over its restarts."""
    do, wait = StoreThread.do, StoreThread.end

    def counted(self: StoreThread, work: Any, told: Any, after: Any = None) -> None:
        PATIENT.asks()

        def tell(result: Any, error: Any) -> None:
            PATIENT.hears()
            told(result, error)

        do(self, work, tell, after)

    async def ended(self: StoreThread) -> None:
        PATIENT.asks()
        try:
            await wait(self)
        finally:
            PATIENT.hears()

    monkeypatch.setattr(StoreThread, "do", counted)
    monkeypatch.setattr(StoreThread, "end", ended)
    monkeypatch.setattr(others, "Members", Owner)
    give_stores(monkeypatch, lambda: Shelf(server.dsn(), new_schema()))
