"""The part of a router's handle through which prompts go in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from threading import get_ident
from typing import Any, Generic, TypeVar, TypeVarTuple

import trio
from trio.lowlevel import checkpoint, checkpoint_if_cancelled, enable_ki_protection

from actors import (
    ActorRef,
    AnyRef,
    ClosedToNewError,
    Journal,
    Receipt,
    Replay,
    Turn,
    WhileBusy,
)
from actors.hosting import (
    ASIDE,
    FOLLOW_UP,
    PROMPT,
    WORK,
    actor_of,
    check_async,
    dismiss,
    enlist,
    park,
)

from .core.core import Core
from .errors import NoStoreError
from .nodes.anywhere import Anywhere
from .nodes.words import Located, NodeInfo
from .offering import enter, log_of, more_of, offer_of
from .parts.admission import Offer
from .parts.lane import check_key
from .router import Router

P = TypeVar("P")
C = TypeVar("C")
Ts = TypeVarTuple("Ts")

_REF: Any = ActorRef  # Any: a checker would lose M in isinstance


class Sending(Generic[P, C]):
    """How prompts are sent; the rest of the handle is `RouterRef`."""

    __slots__ = ("_cell", "ref")
    _cell: Any  # the ref, for a look at the actor behind it
    ref: AnyRef
    """The router's ref: to watch it, to stop it."""

    def __init__(self, ref: AnyRef) -> None:
        self.ref = self._cell = ref

    def __repr__(self) -> str:
        return f"<RouterRef {self.ref.path}>"

    def _house(self, key: str | None = None) -> Core:
        """The router's parts.  Raises ClosedToNewError: it has ended for good."""
        self._cell.hub.check_thread("a method of a RouterRef")
        router: Router | None = actor_of(self._cell)
        if router is None:
            raise ClosedToNewError(key if key is not None else self.ref.path)
        return router._house()

    # --------------------------------------------------------------------- where it is

    @property
    def anywhere(self) -> Anywhere[P]:
        """The verbs for a key wherever its owner is: `await ref.anywhere.cancel(key)`.

        For routers whose nodes share a store.
        """
        return Anywhere(self._house, self.steer)

    async def locate(self, key: str) -> Located | None:
        """Say which node owns a key, and where it is: for whoever routes.

        Without a store that nodes share: None.  As far as is known here: a key may go
        to another node in the next moment, and every node takes prompts for it all the
        same.  A checkpoint.

        Returns:
            None: nobody owns it just now, or there are no nodes.

        Raises:
            ClosedToNewError: the router has ended for good.
            TypeError, BadInputError: not a key.
        """
        check_key(key)
        others = self._house(key).keeping.others
        await trio.lowlevel.checkpoint()
        return others.locate(key) if others is not None else None

    def nodes(self) -> Sequence[NodeInfo]:
        """Look at the nodes that share the store, by their names; none: there are none.

        Those that are silent stay for an hour: `NodeInfo.lives`.

        Raises:
            ClosedToNewError: the router has ended for good.
        """
        others = self._house().keeping.others
        return others.nodes() if others is not None else ()

    # -------------------------------------------------------------------- prompts go in

    @enable_ki_protection
    def send(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        job: str | None = None,
        attempts: int = 1,
        busy: WhileBusy | None = None,
        stream: Replay | Journal | None = None,
    ) -> Receipt[P]:
        """Send a prompt to a session, starting the session if there is none.

        Finding or starting it and queueing the prompt are one step; not a checkpoint.
        Prompts of one session are taken in the order of sending, one turn at a time;
        while a turn runs they wait, unless `busy` or `PromptPolicy.busy` say otherwise.

        Args:
            key: which session; a non-empty str.
            prompt: what to answer.
            id: the message's own id: sent again, among the last
                `PromptPolicy.dedupe` of this session, it gets the first one's receipt.
            origin: where the answer belongs, for the turn to see.  Default None.
            tenant: whose session it becomes if it is a new one, for the limits of each
                tenant.
            job: name of a job that is not to overlap itself.
            attempts: how often it may be tried if its session crashes under it; say
                more than 1 only if answering it twice does no harm.
            busy: what it does if the session has a turn.  Default None: as
                `PromptPolicy.busy` says.
            stream: have its chunks kept, for `RouterRef.reopen_turn`: in memory, or
                with a `Journal` in the router's store.  Such a prompt has a turn of its
                own: it is not taken together with others, it waits where
                `PromptPolicy.busy` would have it steer, and is refused with
                `busy=WhileBusy.STEER`.  Default None: nobody reads them.

        Raises:
            SessionBusyError: it was to be refused then.
            QueueFullError: `PromptPolicy.capacity` prompts wait.
            SaturatedError, TenantLimitError: no room for one more session.
            StillRunningError: the job has not ended.
            QuarantinedError: the session has crashed too often.
            ClosedToNewError: the router takes no more.
            NoStoreError: a `Journal`, and this router has no store.
            ElsewhereError: only the key's owner, another node, can take it: with a
                stream that is no `Journal`, or a `busy` but to wait or steer.
            TypeError, ValueError: an argument that is not what it should be;
                `WhileBusy.STEER` together with a stream.
        """
        cell = self._cell
        if get_ident() != cell.hub.thread:
            cell.hub.check_thread("RouterRef.send()")
        try:
            core: Core = cell.actor._core
            lane = core.lanes.get(key)
        except (AttributeError, TypeError):  # not begun, has ended, or: no key
            lane = None
        else:
            if (
                lane is not None
                and lane.room
                and id is None
                and origin is None
                and tenant is None
                and job is None
                and attempts == 1
                and busy is None
                and stream is None
                and not core.events.wanted
            ):
                # as `Accepting.offer`, without the questions
                if lane.waiting < lane.room:
                    number = core.ids = core.ids + 1
                    receipt = Receipt(lane, prompt, number, core.now())
                    lane.queue.append(receipt)  # type: ignore[union-attr] # there is room
                    lane.waiting += 1
                    return receipt
                if lane.room < 0:
                    return core.accepting.at_once(lane, prompt)
        more = more_of(PROMPT, id, origin, job, attempts)
        return self._offer(offer_of(key, prompt, more, tenant, busy), stream)

    def _offer(self, offer: Offer, stream: Replay | Journal | None) -> Receipt[P]:
        """Send a prompt, and have its chunks kept."""
        core = self._house(offer.key)
        if stream is None:
            return core.accepting.offer(offer)
        log = offer.more.stream = log_of(core, stream, offer)
        receipt: Receipt[P] = core.accepting.offer(offer)
        if receipt._more is offer.more:  # else it was known
            core.readers.keep(receipt, log, offer.more.message_id)
        return receipt

    async def send_wait(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        tenant: str | None = None,
        job: str | None = None,
        attempts: int = 1,
        busy: WhileBusy | None = None,
        stream: Replay | Journal | None = None,
    ) -> Receipt[P]:
        """As `send`, but wait for room: in the queue, or for one more session.

        First come, first served.  A checkpoint.  Cancelled means not sent.  It does not
        wait for a busy session: with `WhileBusy.REFUSE` it raises as `send` does.  What
        it takes and what it raises are explained at `send`.
        """
        more = more_of(PROMPT, id, origin, job, attempts)
        offer = offer_of(key, prompt, more, tenant, busy)
        self._cell.hub.check_thread("RouterRef.send_wait()")
        if stream is not None:
            more.stream = log_of(self._house(key), stream, offer)
        await checkpoint()
        return await self._enter(offer)

    async def _enter(self, offer: Offer) -> Receipt[P]:
        """Have a prompt accepted when there is room, and its chunks kept."""
        core, more = self._house(offer.key), offer.more
        receipt: Receipt[P] = await enter(core, offer)
        if more.stream is not None and receipt._more is more:
            core.readers.keep(receipt, more.stream, more.message_id)
        return receipt

    @enable_ki_protection
    async def accept(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        tenant: str | None = None,
        job: str | None = None,
        attempts: int = 1,
        busy: WhileBusy | None = None,
        stream: Replay | Journal | None = None,
    ) -> Receipt[P]:
        """As `send_wait`, and wait until a store has it: it survives the process then.

        It waits for room in the store too, first come, first served.  Cancelled means
        not sent: of this and its turn exactly one happens.  A message that was sent
        again by its `id` gets a receipt that has the first one's outcome.  A
        checkpoint.  What it takes is explained at `send`.

        Raises:
            StoreRefusedError: the store does not take it.
            PromptKeptError: the router has ended meanwhile, and nobody knows: send it
                again with its `id`, to the next router with that store.
            NoStoreError: this router has none.
            RefusedError, TypeError, ValueError: as `send_wait`.
        """
        more = more_of(PROMPT, id, origin, job, attempts)
        offer = offer_of(key, prompt, more, tenant, busy)
        self._cell.hub.check_thread("RouterRef.accept()")
        core = self._house(key)
        if core.keeping.plain:
            raise NoStoreError(self.ref.path, "accept()")
        if stream is not None:
            more.stream = log_of(core, stream, offer)
        await checkpoint_if_cancelled()  # to wait for the store is a schedule point
        receipt: Receipt[P] = await enter(core, offer)
        del offer  # as long as this waits it is of no use
        if stream is not None and receipt._more is more:
            core.readers.keep(receipt, more.stream, more.message_id)
        row = receipt._more.row if receipt._more is not None else None
        if row is None or not row.open:
            await receipt.durable()
            return receipt
        waiter = enlist(row)  # as `durable`, without a coroutine of its own
        try:
            await park(waiter.trap)
        except trio.Cancelled:
            if receipt._more is more:  # else it is somebody else's
                core.keeping.take_back(receipt)
            raise
        finally:
            dismiss(waiter)
        if row.error is not None:
            raise row.error
        return receipt

    def steer(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        tenant: str | None = None,
        attempts: int = 1,
        stream: Replay | Journal | None = None,
    ) -> Receipt[P]:
        """Put a prompt into the turn that runs, at its next `checkpoint`.

        Its outcome is `Steered` then.  If the turn ends before, it has a turn of its
        own, before those that wait; if none runs it is as sent by `send`, and so is its
        `Receipt.kind`.  With a `stream` the chunks of such a turn are kept; of one that
        is steered there are none, and `reopen_turn` says so.  `attempts` is of a turn
        of its own, too.  Not a checkpoint.

        Raises:
            QueueFullError: `PromptPolicy.steering_capacity` wait for the checkpoint.
            RefusedError, TypeError, ValueError: as `send`.
        """
        more = more_of(PROMPT, id, origin, None, attempts)
        offer = offer_of(key, prompt, more, tenant)
        offer.steer = True
        return self._offer(offer, stream)

    def follow_up(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        tenant: str | None = None,
        job: str | None = None,
        attempts: int = 1,
        stream: Replay | Journal | None = None,
    ) -> Receipt[P]:
        """Send a prompt that is to have a turn of its own: not steered, not batched.

        Otherwise as `send`.
        """
        more = more_of(FOLLOW_UP, id, origin, job, attempts)
        return self._offer(offer_of(key, prompt, more, tenant), stream)

    def ask_aside(
        self,
        key: str,
        prompt: P,
        *,
        origin: object = None,
        tenant: str | None = None,
    ) -> Receipt[P]:
        """Ask a side question: answered beside the turn that runs, from a snapshot.

        `Session.answer_aside` takes it, when there is a slot; the session's state and
        its running turn are not touched.  At most `PromptPolicy.capacity` at once.
        Raises as `send`, and `ElsewhereError` for any key of another node.
        """
        more = more_of(ASIDE, None, origin, None, 1)
        return self._house(key).accepting.offer(offer_of(key, prompt, more, tenant))

    def run_exclusive(
        self, key: str, async_fn: Callable[[Turn[P, C]], Awaitable[object]]
    ) -> Receipt[None]:
        """Have `async_fn(turn)` run in the session's order, as a turn of its own.

        For upkeep that must not meet a turn, say compacting the history: it sees the
        state, and what it makes of it counts if it completes.  Raises as `ask_aside`.
        """
        check_async("run_exclusive()", async_fn)
        more = more_of(WORK, None, None, None, 1)
        more.work = async_fn
        return self._house(key).accepting.offer(offer_of(key, None, more, None))
