"""`Others`: a router's keys that are other nodes', as router and writer see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import trio

from actors.hosting import TurnRun
from supervision._routing.nodes.words import Located, NodeInfo
from supervision._routing.parts.lane import GONE, Lane
from supervision.durable._keeping.ground.place import key_of
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._sharing.words import Fenced, Lease, Sharing
from supervision.durable._words.records import Accept
from supervision.durable._writing.book import Entry

from .dropping import Handing
from .following import Following
from .members import Members
from .ordering import Ordering
from .storing import Storing
from .verbs import OtherVerbs

_NONE: Final = Lease(-1, -1)


class Others:
    """See `Elsewhere`, and what a router's own parts need beside it.

    Args:
        kept: the other parts.
        policy: how nodes live together.
    """

    def __init__(self, kept: Any, policy: SharingPolicy) -> None:
        self._kept = kept  # Any: its module stands above this one
        self.following = Following(kept)
        self.handing = Handing(kept, self.following.follow)
        self.members = Members(
            kept, policy, self._came, self.handing.lose, self.handing.give
        )
        self.verbs = OtherVerbs(kept)
        self.storing = Storing(kept)
        self.ordering = Ordering(kept)
        self.accept = self.storing.accept

    # ------------------------------------------------------------------ for the router

    def has(self, key: str) -> bool:
        """See `Elsewhere`."""
        return not self.members.has(key)

    def locate(self, key: str) -> Located | None:
        """See `Elsewhere`."""
        owner = self.members.owner_of(key)
        if owner is None:
            return None
        sharing = self.members.sharing
        here = sharing is not None and owner.node == sharing.node
        return Located(node=owner.node, address=owner.address, here=here)

    def nodes(self) -> Sequence[NodeInfo]:
        """See `Elsewhere`."""
        return self.members.nodes()

    @property
    def ready(self) -> bool:
        """See `Elsewhere`."""
        return self.members.ready

    async def ask(self, key: str, verb: str, arguments: Mapping[str, Any]) -> Any:
        """See `Elsewhere`."""
        return await self.verbs.ask(key, verb, arguments)

    def statistics(self) -> dict[str, Any]:  # Any: of each field its own
        """What is said of it in `StoreStatistics`."""
        sharing = self.members.sharing
        return {
            "node": sharing.node if sharing is not None else None,
            "partitions": len(self.members.steady),
            "following": len(self._kept.bringing.followed_receipts()),
            "sent_on": self.storing.sent,
            "moved": self.handing.moved,
            "fenced": self._kept.vanishing.turns,
        }

    # ------------------------------------------------------------------ for its parts

    @property
    def steady(self) -> tuple[int, ...]:
        """The partitions that are this node's, and are to stay so."""
        return self.members.steady

    def submit_of(self, lane: Lane, entry: Entry) -> None:
        """Have a record carried out that depends on whose this lane's key is."""
        key, record = key_of(lane), entry.record
        if type(record) is Accept and not record.bring:
            record.own = self._kept.own
        lease = key.lease
        if lease is None and not key.dropped and lane.phase != GONE:
            lease = key.lease = self.members.lease_of(lane.key)
        self._submit(lease, entry)

    def submit_key(self, key: str, entry: Entry) -> None:
        """The same of a key that has no lane, it may be."""
        lane: Lane | None = self._kept.core.lanes.get(key)
        if lane is not None:
            self.submit_of(lane, entry)
        else:
            self._submit(self.members.lease_of(key), entry)

    def _submit(self, lease: Lease | None, entry: Entry) -> None:
        if lease is not None:
            entry.lease = lease
            self._kept.submit(entry)
            return
        entry.out = True

        def fenced() -> None:  # as if the store had said so
            self.fenced(entry, Fenced(_NONE))

        trio.lowlevel.current_trio_token().run_sync_soon(fenced)

    def fenced(self, entry: Entry, answer: Fenced) -> None:
        """The store has not carried out a record: its key is another node's."""
        lease = answer.lease
        if self.members.fenced(lease):
            self.handing.lose(lease.partition)
        self.handing.fenced(entry, answer)

    def turn_over(self, run: TurnRun) -> None:
        """A turn has been told."""
        self.following.hint_senders([each.id for each in run.receipts])
        self.handing.turn_over(run.lane)

    def _came(self, partitions: tuple[int, ...]) -> None:
        """These are this node's now: what waits there is to run here."""
        kept = self._kept
        for receipt in kept.bringing.followed_receipts():
            if self.members.has(receipt.key):
                kept.recovery.once(receipt.key)
        self.following.soon()
        kept.reminding.look()
        del partitions

    # ------------------------------------------------------------- it begins, it ends

    def begin(self, sharing: Sharing) -> None:
        """The store is open."""
        sharing.hinted = self.following.soon
        self._kept.recovery.without_pages()
        self.members.begin(sharing, self._kept.epoch)
        self.following.begin()

    def leave(self) -> None:
        """The router is drained: what waits goes on elsewhere."""
        self.members.leave()

    def stop(self) -> None:
        """The router ends: nothing more is looked for, or given away in order."""
        self.following.end()
        self.handing.end()
        self.verbs.end()

    async def end(self, within: float) -> None:
        """This node is one no more: others may have what it has.  A checkpoint."""
        left = trio.Event()
        if not self.members.end(lambda _: left.set()):
            await trio.lowlevel.checkpoint()
            return
        with trio.move_on_after(within):
            await left.wait()
