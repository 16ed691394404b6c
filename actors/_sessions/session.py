"""`Session`: one conversation, as an actor.

A session never awaits in `receive`: a turn is a child actor of it, so while a turn runs
the session still answers, and when the session ends the turn has ended before.  What it
is to do next is not its own decision: its prompts wait in its lane, and the router
begins a turn of it when the one before is over and there is a slot.

The user writes `take_turn`; everything else has a default.
"""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic

import trio
from trio.lowlevel import disable_ki_protection

from actors._engine.checks import refuse_unread
from actors._engine.seat import Own, Props, is_async
from actors.actor import Actor
from actors.errors import ActorStoppedError
from actors.mailbox import Overflow

from .errors import TurnOverError
from .events import OutOfTurn
from .host import Home, Host
from .outcomes import Outcome
from .policies import ChildPolicy, PromptPolicy, TurnPolicy
from .receipt import Receipt
from .state import C, P, S, refuse_shared, with_default
from .turn import Turn
from .turns.early import may_write
from .turns.run import TurnRun

READY: Final = Own("ready")
"""Told after the start: `started` is done when it is handled."""
SUSPEND: Final = Own("suspend")
"""Told before it is forgotten."""

_ASYNC_HOOKS = ("take_turn", "answer_aside", "turn_ended", "suspend", "alive")
_PLAIN_HOOKS = ("handle", "child_orphaned", "new_state")
_POLICIES: Final[dict[str, type]] = {
    "turns": TurnPolicy,
    "prompts": PromptPolicy,
    "child_turns": ChildPolicy,
}


class Session(Actor[Any], Generic[P, C, S]):
    """One conversation: takes prompts of type P, answers with chunks of type C.

    `Session[P, C, S]` says of which type its state is; in `Session[P, C]` it is Any.

    Subclass it, write `take_turn`, start a router with it.  The order of its life is an
    actor's: `__init__` (where it has no key yet), `started`, its turns one at a time,
    `stopped`.  `started` may take its time (start a process, load a history): prompts
    wait meanwhile, other sessions do not.  If it fails, everything that waits fails
    with `SessionStartError`.

    A turn that raises is an outcome, not a crash.  The session crashes when one of its
    own hooks or child tasks does; then a new one takes over, with the state of the last
    completed turn and the prompts that wait.
    """

    __slots__ = ("_lane",)
    _lane: Home

    turns: ClassVar[TurnPolicy] = TurnPolicy()
    """How long its turns may take: the defaults are those of code in this process."""
    prompts: ClassVar[PromptPolicy] = PromptPolicy()
    """How its prompts wait."""
    child_turns: ClassVar[ChildPolicy] = ChildPolicy()
    """What child turns may."""
    limits: ClassVar[Any] = None  # Any: its class is in the room of the routers
    """What a router of its kind may have at once if it is not told: a
    `supervision.Limits`; its `sessions` and `turns` also where the router is told only
    other limits.  Default None: 100,000 sessions and 1000 turns, as they are objects in
    this process."""
    initial_state: ClassVar[Any] = None
    """The state of a new conversation: a value that nobody can change, as all keys
    have the same.  Default None.  For one that can be changed write `new_state`."""

    entry_type: ClassVar[Any] = None  # Any: a type, as it is written in an annotation
    """The type of what is in `Turn.history`, `Said` or `Said | Tool`, say: with a store
    entries of a declared type are written fast, and others are refused.  Default None:
    it is not declared.  A class may number its versions (`entry_version`)."""

    _needs: ClassVar[str | None] = (
        "a session belongs to a router, write start_router(system, ...)"
    )
    _probes: ClassVar[bool] = False  # it has an `alive` of its own
    _finalises: ClassVar[bool] = False  # it has a `turn_ended` of its own
    _suspends: ClassVar[bool] = False  # it has a `suspend` of its own
    _turn_props: ClassVar[Props] = TurnRun.quick  # what the engine knows of its turns

    if not TYPE_CHECKING:  # checkers know the default of S; Python does, from 3.13 on

        def __class_getitem__(cls, types: Any) -> Any:
            return super().__class_getitem__(with_default(cls, types))

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in _ASYNC_HOOKS + _PLAIN_HOOKS:
            hook = getattr(cls, name)
            if is_async(hook) != (name in _ASYNC_HOOKS):
                kind = "`async def`" if name in _ASYNC_HOOKS else "a plain `def`"
                msg = f"{cls.__name__}.{name} must be {kind}"
                raise TypeError(msg)
            with contextlib.suppress(AttributeError):  # a callable that is no function
                disable_ki_protection(hook)
        base: Any = Session  # Any: its hooks' types depend on P and C
        if cls.receive is not base.receive:
            msg = f"{cls.__name__} must not define receive: write take_turn and handle"
            raise TypeError(msg)
        if cls.mailbox.overflow is not Overflow.WAIT:
            msg = f"{cls.__name__}.mailbox must not drop: its turns come through it"
            raise TypeError(msg)
        for field, policy in _POLICIES.items():
            value: object = getattr(cls, field)
            if not isinstance(value, policy):
                what = f"{cls.__name__}.{field} must be a {policy.__name__}"
                msg = f"{what}, got {value!r}"
                raise TypeError(msg)
        refuse_unread(cls, _POLICIES)
        refuse_shared(cls.__name__, cls.initial_state)
        cls._probes = cls.alive is not base.alive
        cls._finalises = cls.turn_ended is not base.turn_ended
        cls._suspends = cls.suspend is not base.suspend
        cls._turn_props = TurnRun.careful if cls._finalises else TurnRun.quick

    # ------------------------------------------------------------------- what it does

    @abstractmethod
    async def take_turn(self, turn: Turn[P, C, S]) -> object:
        """Answer one prompt; what it returns is the `result` of the outcome.

        Runs as a child actor of the session, one at a time: `ROUTER/KEY/turn-ID` in the
        tree.  An exception makes the turn `Failed`.
        """

    async def answer_aside(self, turn: Turn[P, C, S]) -> object:
        """Answer a side question, beside the turn that may be running.

        By default as any prompt; `turn.state` is a snapshot, and cannot be set.
        """
        return await self.take_turn(turn)

    async def turn_ended(self, turn: Turn[P, C, S], outcome: Outcome) -> None:
        """Tidy up after a turn: runs exactly once for each, however it ended.

        Also for one that never got its slot.  Everything that the turn started is over;
        its outcome is certain and not yet told.  `self.state` is what the next turn
        will find: put back already, unless the turn completed or its state is kept.
        What is put there now stays, whatever the outcome, if this comes to its end.
        (An aside has changed nothing; beside it a turn may be running, whose state is
        not certain.)

        Shielded from cancellation, cut off after `TurnPolicy.cleanup_within` seconds.
        An exception is the session's crash.
        """
        del turn, outcome

    async def suspend(self) -> None:
        """Get ready to be forgotten: it is to be reaped, evicted or passivated.

        What it `bind`s here its successor will find as `token`.  Cut off after
        `TurnPolicy.cleanup_within` seconds.
        """

    async def alive(self) -> bool:
        """Say whether what stands behind the session still lives.

        Asked every `TurnPolicy.alive_every` seconds while a turn runs, and given as
        long to answer.  False: the turn fails with `NotAliveError`, and the session
        crashes, so that a new one takes over.
        """
        return True

    def handle(self, message: Any) -> None:
        """Take a message that is neither prompt nor turn, say of an `after` of its own.

        A plain `def`: what must await belongs into `start_soon`.  The default crashes.
        """
        msg = f"{type(self).__name__} got {message!r} and has no handle() for it"
        raise TypeError(msg)

    def new_state(self) -> S:
        """Make the state of a new conversation; a plain `def`.

        Called once for each key, after `__init__`, and again after a `reset`.  The
        default is `initial_state`.  An exception is a failed start.
        """
        state: S = self.initial_state
        return state

    def child_orphaned(self, outcome: Outcome, parent: int) -> None:
        """Hear the outcome of a child turn whose parent (by id) has ended before."""
        del outcome, parent

    # ------------------------------------------------------------------ what it knows

    @property
    def key(self) -> str:
        """Its key in the router; from `started` on."""
        return self._lane.key

    @property
    def generation(self) -> int:
        """How many actors this key has had, this one included."""
        return self._lane.generation

    @property
    def turn(self) -> Turn[P, C, S] | None:
        """The turn that it has, perhaps still waiting for its slot; None: idle."""
        run = self._lane.turn
        return run.turn if run is not None else None

    @property
    def state(self) -> S:
        """The conversation's state, a value; see `Turn.state`.

        In `turn_ended` it is what the next turn will find.

        Raises:
            TurnOverError: set when the session, or its turn, has been given up, or the
                session has been replaced.
        """
        state: S = self._lane.state
        return state

    @state.setter
    def state(self, value: S) -> None:
        lane = self._lane
        lane.host.events.check_thread("Session.state =")
        run = lane.turn
        if lane.session is not self or (run is not None and not may_write(run)):
            raise TurnOverError(run.id if run is not None else 0, "change the state")
        lane.state = value

    @property
    def token(self) -> object:
        """What a session of this key has bound; None."""
        return self._lane.host.token_of(self._lane.key)

    def bind(self, token: object) -> None:
        """Remember `token` under this key, for the sessions that come after this one.

        It survives reaping, eviction and crashes, and with `FileTokens` the process; it
        ends with `reset` and `close`.  None forgets it.
        """
        self._lane.host.events.check_thread("Session.bind()")
        self._lane.host.bind(self._lane, self, token)

    def deliver(self, turn: int | None, chunk: C) -> bool:
        """Hand a chunk that came from outside to the turn that it belongs to.

        For whoever reads a connection that several turns share.  Not a checkpoint.

        Returns:
            True: the turn had it.  False: there is no such turn (any more), or its
            reader is behind: the chunk is told as `OutOfTurn` and counted.
        """
        lane = self._lane
        host: Host = lane.host
        host.events.check_thread("Session.deliver()")
        run = lane.turn
        if run is not None and run.id == turn and run.open:
            with contextlib.suppress(trio.WouldBlock):
                run.turn.emit_nowait(chunk)
                return True
        host.out_of_turn += 1
        if host.wants(OutOfTurn):
            host.publish(OutOfTurn(host.now(), host.ref, lane.key, turn, chunk))
        return False

    def follow_up(
        self,
        prompt: P,
        *,
        origin: object = None,
        id: str | None = None,  # noqa: A002 - its name to users
    ) -> Receipt[P]:
        """Send a prompt to itself: a turn of its own, after those that wait.

        As `RouterRef.follow_up`, with its errors.
        """
        self._lane.host.events.check_thread("Session.follow_up()")
        receipt: Receipt[P] = self._lane.host.enqueue(self._lane, prompt, origin, id)
        return receipt

    # -------------------------------------------------------------------- as an actor

    def receive(self, message: Any) -> None:
        """Hear what the router has to say, or hand the message to `handle`."""
        if message is READY:
            self._lane.host.session_ready(self._lane, self)
        elif message is SUSPEND:
            with contextlib.suppress(ActorStoppedError):  # it is crashing
                self.start_soon(self._suspend)
        else:
            self.handle(message)

    async def _suspend(self) -> None:
        """Have `suspend` done, and end, whatever it did."""
        try:
            with trio.move_on_after(self.turns.cleanup_within):
                await self.suspend()
        finally:
            self.finish()

    def _orphan(self, outcome: Outcome, parent: int) -> None:
        """Have `child_orphaned` told; its crash is the session's."""
        try:
            self._seat.context.run(self.child_orphaned, outcome, parent)
        except Exception as error:  # noqa: BLE001 - the session crashes with it
            self._seat.crash(error, None, "in child_orphaned")
