"""A plugin of pytest: every router of a test has a store, unless it has tokens.

    python -m pytest -p tests.durable.scenarios tests/conformance/sessions

The scenarios of sessions must hold on a durable router too.  What they hold prompts
and states by is their identity, and many of them no codec knows: the store's codec
here keeps them as they are, and its bytes say where.

What is otherwise with a store, as the contract has it, is in `OTHERWISE`, and fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
import trio

from actors import Session
from supervision import Router
from supervision._routing.tokens import Durable
from supervision.durable import MemoryStore, StoreInUseError
from supervision.durable._codec.protocol import Where
from supervision.durable._keeping.ground.bodies import Bodies
from supervision.durable._keeping.kept import Kept

LATER = "what a store has to answer first comes some steps later"
KEPT = "what would be lost waits in the store, for the next router"
KNOWN = "a store remembers ids for as long as outcomes are kept"
WHO_KNOWS = "a key that is not here may be in the store"
SHELF = "what has ended is kept, in memory here"

OTHERWISE: Final = {
    "test_s25_each_accepted_prompt_has_exactly_one_outcome": KEPT,
    "test_s31_finished_requests_do_not_pile_up": SHELF,
    "test_s36_memory_is_that_of_the_sessions_that_live": SHELF,
    "test_s37_a_steering_message_is_answered_where_it_came_from": LATER,
    "test_s40_one_steering_prompt_is_taken_at_each_checkpoint": LATER,
    "test_s41_a_session_may_take_all_steering_prompts_at_once": LATER,
    "test_s43_a_follow_up_is_never_injected": LATER,
    "test_s45_steering_at_the_last_step_becomes_a_follow_up": LATER,
    "test_s48_the_answer_to_a_queued_prompt_is_published_too": LATER,
    "test_s58_each_verb_leaves_exactly_what_it_says": WHO_KNOWS,
    "test_s62_a_session_that_is_cancelled_in_a_turn_still_cleans_up": KEPT,
    "test_s94_the_process_group_ends_when_the_whole_program_is_cancelled[False-True]": (
        KEPT
    ),
    "test_s94_the_process_group_ends_when_the_whole_program_is_cancelled[True-True]": (
        KEPT
    ),
    "test_s99_a_crash_of_the_router_takes_all_its_sessions_with_it": KEPT,
    "test_s102_a_turn_that_is_deaf_does_not_make_the_shutdown_longer": LATER,
    "test_s104_a_steering_prompt_that_comes_too_late_is_lost_as_well": KEPT,
    "test_s104_what_was_queued_at_the_deadline_is_reported_lost": KEPT,
    "test_s104_what_was_queued_at_the_end_of_the_system_is_lost_too": KEPT,
    "test_s114_only_so_many_ids_are_remembered": KNOWN,
    "test_s117_the_figures_agree_with_the_outcomes_and_events": LATER,
    "test_s119_every_accepted_prompt_has_one_end_in_the_event_log": KEPT,
    "test_a20_a_router_that_ends_gives_each_prompt_its_outcome": KEPT,
    "test_a22_what_a_verb_names_as_withdrawn_is_not_run[cancel_all]": LATER,
    "test_a22_what_a_verb_names_as_withdrawn_is_not_run[close]": LATER,
    "test_a22_what_a_verb_names_as_withdrawn_is_not_run[reset]": LATER,
    "test_a26_a_message_is_new_after_its_key_was_forgotten[close]": KNOWN,
    "test_a26_a_message_is_new_after_its_key_was_forgotten[reset]": KNOWN,
    "test_a26_what_a_drain_has_lost_is_in_the_order_of_acceptance": KEPT,
    "test_a26_withdrawn_steering_skips_no_tool": LATER,
}
"""`{scenario: why it is not the same with a store}`"""


class AsTheyAre:
    """Values in a list, each known by where it stands."""

    version = 1
    entry_version = 1

    def __init__(self) -> None:
        self._values: list[Any] = []

    def takes_any(self, sample: Any, where: Where) -> bool:
        """See `Codec`: each chunk is put down by itself."""
        del sample, where
        return False

    def encode(self, value: Any, where: Where) -> bytes:
        """Put it down."""
        del where
        self._values.append(value)
        return str(len(self._values) - 1).encode()

    def decode(self, data: bytes, where: Where, version: int | None = None) -> Any:
        """Give it back."""
        del where, version
        return self._values[int(data)]


class Shelf(MemoryStore):
    """A store whose values stay as they are."""

    def __init__(self) -> None:
        super().__init__()
        self._codec = AsTheyAre()

    def keep(
        self,
        make: type[Session[object, object]],
        crash: Callable[[Exception], None],
    ) -> Kept:
        """See `Durable`."""
        del make
        codec = Bodies(self._codec)
        return Kept(self.claim(), self.policy, codec, crash, self.clock, self.sharing)


def expect(items: list[pytest.Item], otherwise: Mapping[str, str]) -> None:
    """Expect each of these to fail: `{scenario: why}`."""
    for item in items:
        if item.name in otherwise:
            item.add_marker(pytest.mark.xfail(reason=otherwise[item.name], strict=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect each of these to fail."""
    expect(items, OTHERWISE)


@pytest.fixture(autouse=True)
def _stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each router a store; one for each place in a tree, over its restarts."""
    give_stores(monkeypatch, Shelf)


def give_stores(monkeypatch: pytest.MonkeyPatch, shelf: Callable[[], Durable]) -> None:
    """Give each router a store that is made by this."""
    made = Router.__init__
    shelves: dict[tuple[Any, Any, int, int], Durable] = {}

    def init(
        self: Router,
        make: type[Session[Any, Any]],
        args: tuple[Any, ...] = (),
        limits: Any = None,
        tokens: Any = None,
        durable: Durable | None = None,
    ) -> None:
        if tokens is not None or durable is not None:
            made(self, make, args, limits, tokens, durable)
            return
        # the next incarnation is made with the same arguments
        run = trio.lowlevel.current_trio_token()
        place = (run, make, id(args), id(limits))
        try:
            made(self, make, args, limits, None, shelves.setdefault(place, shelf()))
        except StoreInUseError:
            made(self, make, args, limits, None, shelf())

    monkeypatch.setattr(Router, "__init__", init)
