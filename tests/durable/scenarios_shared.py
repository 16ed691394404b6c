"""A plugin of pytest: as `scenarios`, with a store that nodes share.

    python -m pytest -p tests.durable.scenarios_shared --actors-seed=0 \
        tests/conformance/sessions

Each router is the one node of a `MemoryServer`, and all partitions are its own, from
before its store is open: so a scenario's first prompt is its own, as it expects.  What
a router does with keys of others has tests of its own (`nodes`, `sharing`).

Without `--actors-seed` all seeds are played, which takes ten minutes of a core: a node
beats and looks around in each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
import pytest
import trio

from actors import Session
from supervision.durable import MemoryServer
from supervision.durable._keeping.kept import Kept
from supervision.durable._keeping.shared import others
from supervision.durable._keeping.shared.members import Members
from supervision.durable._memory.questions import Hub, Way
from supervision.durable._sharing.leases import Leases
from supervision.durable._sharing.words import (
    Given,
    Heard,
    Lease,
    PartitionRow,
    Question,
    Sharing,
)

from .scenarios import OTHERWISE, Shelf, expect, give_stores

NODE: Final = "one"
PARTITIONS: Final = 2
LEFT: Final = {
    "test_s101_a_send_is_accepted_or_refused_however_it_races_with_the_end": (
        "what waits when a node is drained is left to the others"
    ),
}
"""`{scenario: why it is not the same where nodes share a store}`"""

LONG: Final = "test_s87_a_prompt_sent_at_the_instant_of_reaping_is_never_lost"
"""Left out: it passes, and takes more than a minute, as a node beats all the while."""


class _Ahead(Hub):
    """A server whose claims have the number of the opening that follows."""

    def claims(self) -> int:
        """Nobody else opens it."""
        return self._openings + 1


@attrs.define
class _NotOpen:
    """What is known of a node before its store is open."""

    node: str = NODE
    address: str | None = None
    release: int = 0
    partitions: int = PARTITIONS
    hears: bool = True
    hinted: Callable[[], None] | None = None

    def ask(self, question: Question, heard: Heard) -> None:
        """It has ended before its store was open: it leaves nothing."""
        del question
        trio.lowlevel.current_trio_token().run_sync_soon(heard, Given())


class Owner(Members):
    """Partitions that are all this node's, from the start."""

    def own(self, leases: tuple[Lease, ...], opened: int) -> None:
        """The store is this router's now."""
        self._mine = leases
        self.sharing = _NotOpen()
        self.leases = Leases(
            NODE, policy=self.policy, partitions=PARTITIONS, opened=opened
        )
        self.leases.took(leases)

    def begin(self, sharing: Sharing, opened: int) -> None:
        """See `Members`."""
        super().begin(sharing, opened)
        assert self.leases is not None
        self.leases.took(self._mine)

    def _beat(self) -> None:
        """See `Members`."""
        if not isinstance(self.sharing, _NotOpen):
            super()._beat()


class Shared(Shelf):
    """A store whose values stay as they are, shared with nobody so far."""

    def __init__(self) -> None:
        super().__init__()
        server = MemoryServer(partitions=PARTITIONS)
        old = server._hub
        self._hub = _Ahead(PARTITIONS, old.policy, old.clock)
        self.bind(Way(self._hub, NODE, None, 0, old.clock))

    def keep(
        self,
        make: type[Session[object, object]],
        crash: Callable[[Exception], None],
    ) -> Kept:
        """See `Durable`."""
        kept = super().keep(make, crash)
        cluster = self._hub.cluster
        cluster.partitions = [
            PartitionRow(each.partition, NODE, each.epoch + 1, 0)
            for each in cluster.partitions
        ]
        mine = tuple(Lease(each.partition, each.epoch) for each in cluster.partitions)
        own_all(kept, mine)
        return kept


def own_all(kept: Kept, mine: tuple[Lease, ...]) -> None:
    """Make all partitions a router's that has this."""
    owner = kept.others.members if kept.others is not None else None
    assert isinstance(owner, Owner)
    owner.own(mine, kept.epoch)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Expect each of these to fail, and leave out the long one."""
    out = [each for each in items if each.name == LONG]
    config.hook.pytest_deselected(items=out)
    items[:] = [each for each in items if each.name != LONG]
    expect(items, {**OTHERWISE, **LEFT})


@pytest.fixture(autouse=True)
def _stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each router a store; one for each place in a tree, over its restarts."""
    monkeypatch.setattr(others, "Members", Owner)
    give_stores(monkeypatch, Shared)
