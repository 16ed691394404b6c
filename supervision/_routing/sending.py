"""The part of a router's handle through which prompts go in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar, TypeVarTuple

from trio.lowlevel import (
    Abort,
    checkpoint,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from actors import (
    ActorRef,
    AnyRef,
    Bounded,
    ClosedToNewError,
    Latest,
    PromptKind,
    Receipt,
    Turn,
)
from actors.hosting import (
    ASIDE,
    FOLLOW_UP,
    PROMPT,
    WORK,
    Chunks,
    More,
    actor_of,
    check_async,
    whole,
)

from .core.core import Core
from .core.waiting import Sender
from .parts.admission import Offer
from .parts.lane import check_key
from .router import Router
from .stream import TurnStream

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
        router: Router | None = actor_of(self._cell)
        if router is None:
            raise ClosedToNewError(key if key is not None else self.ref.path)
        return router._house()

    # -------------------------------------------------------------------- prompts go in

    @enable_ki_protection
    def send(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        owner: str | None = None,
        job: str | None = None,
        attempts: int = 1,
    ) -> Receipt[P]:
        """Send a prompt to a session, starting the session if there is none.

        Finding or starting it and queueing the prompt are one step; not a checkpoint.
        Prompts of one session are taken in the order of sending, one turn at a time.
        One that comes while a turn runs waits (or steers it: `PromptPolicy.busy`); it
        never aborts anything.

        Args:
            key: which session; a non-empty str.
            prompt: what to answer.
            id: the message's own id: sent again, among the last
                `PromptPolicy.dedupe` of this session, it gets the first one's receipt.
            origin: where the answer belongs, for the turn to see.  Default None.
            owner: whose session it becomes if it is a new one, for the limits of each
                owner.
            job: name of a job that is not to overlap itself.
            attempts: how often it may be tried if its session crashes under it; say
                more than 1 only if answering it twice does no harm.

        Raises:
            QueueFullError: `PromptPolicy.capacity` prompts wait.
            SaturatedError, OwnerLimitError: no room for one more session.
            StillRunningError: the job has not ended.
            QuarantinedError: the session has crashed too often.
            ClosedToNewError: the router takes no more.
            TypeError, ValueError: an argument that is not what it should be.
        """
        try:
            core: Core = self._cell.actor._core
            lane = core.lanes.get(key)
        except (AttributeError, TypeError):  # not begun, has ended, or: no key
            lane = None
        else:
            if (
                lane is not None
                and lane.room
                and id is None
                and origin is None
                and owner is None
                and job is None
                and attempts == 1
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
        more = _more(PROMPT, id, origin, job, attempts)
        return self._house(key).accepting.offer(_offer(key, prompt, more, owner))

    async def send_wait(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        owner: str | None = None,
        job: str | None = None,
        attempts: int = 1,
    ) -> Receipt[P]:
        """As `send`, but wait for room: in the queue, or for one more session.

        First come, first served.  A checkpoint.  Cancelled means not sent.
        """
        offer = _offer(key, prompt, _more(PROMPT, id, origin, job, attempts), owner)
        check_key(key)
        await checkpoint()
        return await _enter(self._house(key), offer)

    @asynccontextmanager
    async def open_turn(
        self,
        key: str,
        prompt: P,
        *,
        stream: Bounded | Latest | None = None,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        owner: str | None = None,
    ) -> AsyncGenerator[TurnStream[P, C]]:
        """Send a prompt and read its answer: `async with router.open_turn(...) as s:`.

        Leaving the block before the end aborts the turn (or takes the prompt back) and
        waits until its outcome is there.

        Args:
            key: as `send`, and so are `prompt`, `id`, `origin`, `owner`.
            prompt: see there.
            stream: how chunks are kept until they are read.  Default `Bounded()`: the
                turn waits for its reader.
            id: see there; sent again, there is nothing to read, and leaving the block
                aborts nothing.
            origin: see there.
            owner: see there.

        Raises:
            RefusedError, TypeError, ValueError: as `send`.
        """
        given: object = Bounded() if stream is None else stream
        if not isinstance(given, (Bounded, Latest)):
            msg = f"stream must be a Bounded or a Latest, got {stream!r}"
            raise TypeError(msg)
        chunks: Chunks[C] = Chunks(given)
        more = _more(PROMPT, id, origin, None, 1)
        more.stream = chunks
        core = self._house(key)
        receipt = core.accepting.offer(_offer(key, prompt, more, owner))
        own = receipt._more is more
        if not own:
            chunks.close()
        opened = TurnStream[P, C](core, receipt, chunks, self.steer, own=own)
        try:
            yield opened
        finally:
            await opened.close()  # noqa: ASYNC102 - it shields itself

    def steer(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        owner: str | None = None,
    ) -> Receipt[P]:
        """Put a prompt into the turn that runs, at its next `checkpoint`.

        Its outcome is `Steered` then.  If no turn runs, or the turn ends before, it has
        a turn of its own, before those that wait.  Not a checkpoint.

        Raises:
            QueueFullError: `PromptPolicy.steering_capacity` wait for the checkpoint.
            RefusedError, TypeError, ValueError: as `send`.
        """
        offer = _offer(key, prompt, _more(PROMPT, id, origin, None, 1), owner)
        offer.steer = True
        return self._house(key).accepting.offer(offer)

    def follow_up(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        owner: str | None = None,
    ) -> Receipt[P]:
        """Send a prompt that is to have a turn of its own: not steered, not batched.

        Otherwise as `send`.
        """
        more = _more(FOLLOW_UP, id, origin, None, 1)
        return self._house(key).accepting.offer(_offer(key, prompt, more, owner))

    def ask_aside(
        self,
        key: str,
        prompt: P,
        *,
        origin: object = None,
        owner: str | None = None,
    ) -> Receipt[P]:
        """Ask a side question: answered beside the turn that runs, from a snapshot.

        `Session.answer_aside` takes it, when there is a slot; the session's state and
        its running turn are not touched.  At most `PromptPolicy.capacity` at once.
        """
        more = _more(ASIDE, None, origin, None, 1)
        return self._house(key).accepting.offer(_offer(key, prompt, more, owner))

    def run_exclusive(
        self, key: str, async_fn: Callable[[Turn[P, C]], Awaitable[object]]
    ) -> Receipt[None]:
        """Have `async_fn(turn)` run in the session's order, as a turn of its own.

        For upkeep that must not meet a turn, say compacting the history: it sees the
        state, and what it makes of it counts only if it completes.
        """
        check_async("run_exclusive()", async_fn)
        more = _more(WORK, None, None, None, 1)
        more.work = async_fn
        return self._house(key).accepting.offer(_offer(key, None, more, None))


@enable_ki_protection
async def _enter(core: Core, offer: Offer) -> Receipt[Any]:
    """Have a prompt accepted when there is room; cancelled means not sent."""
    waiting = core.accepting.waiting
    task = current_task()
    sender = Sender(offer, lambda: reschedule(task))
    if not waiting.enter(sender):

        def abort(_: object) -> Abort:
            sender.leave()
            return Abort.SUCCEEDED

        try:
            await wait_task_rescheduled(abort)
        except BaseException:
            core.accepting.refuse(offer, None)
            lane = core.lanes.get(offer.key)
            if lane is not None:
                core.reaping.nothing_left(lane)
            raise
    if sender.error is not None:
        raise sender.error
    assert sender.receipt is not None
    return sender.receipt


def _more(
    kind: PromptKind,
    id: object,  # noqa: A002
    origin: object,
    job: object,
    attempts: int,
) -> More:
    more = More()
    more.kind = kind
    more.origin = origin
    for name, value in (("id", id), ("job", job)):
        if value is not None and not isinstance(value, str):
            msg = f"{name} must be a str, got {value!r}"
            raise TypeError(msg)
    more.message_id = id if isinstance(id, str) else None
    more.job = job if isinstance(job, str) else None
    whole("attempts", attempts, least=1)
    more.attempts = attempts
    return more


def _offer(key: str, prompt: Any, more: More, owner: object) -> Offer:
    if owner is not None and not isinstance(owner, str):
        msg = f"owner must be a str, got {owner!r}"
        raise TypeError(msg)
    return Offer(key, prompt, more, owner)
