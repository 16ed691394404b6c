"""`Core`: the parts of one incarnation of a router, and what they share.

It is the *house* of its sessions (`actors.hosting.Host`): what they and their turns
need of their owner they find here, and it hands on to the part whose it is.  Every call
is one step without a checkpoint, made by whoever has something to say: a sender, a turn
that has ended, a timer, the engine.  That is what makes its decisions atomic: no step
can be interrupted by another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import trio

from actors import (
    AnyRef,
    Event,
    Lost,
    Outcome,
    PromptEnded,
    PromptPolicy,
    Receipt,
    Steered,
)
from actors.hosting import LAST_WORDS_PROPS, FirstLooks, Timer, TurnRun
from supervision._routing.errors import NoStoreError
from supervision._routing.limits import Limits
from supervision._routing.parts.admission import Admission
from supervision._routing.parts.books import Books
from supervision._routing.parts.burning import Burning
from supervision._routing.parts.fates import Outage
from supervision._routing.parts.idle import IdleList
from supervision._routing.parts.known import Past
from supervision._routing.parts.lane import Lane
from supervision._routing.parts.places import Places
from supervision._routing.parts.readers import Readers
from supervision._routing.parts.slots import Slots
from supervision._routing.parts.telling import TOLD, log_event, log_lost
from supervision._routing.tokens import TokenBook

from .accepting import Accepting
from .beyond.dropping import Dropping
from .beyond.joining import Joining
from .keeping import Keeping, Reminds
from .leaving import Leaving
from .reaping import Reaping
from .sessions import Sessions
from .turns import Turns
from .verbs import Verbs
from .world import Tracer, World

IDS: Final = 1_000_000_000
"""Ids of one incarnation of the router; those of one before are never used again."""


class Core:
    """The parts.

    Args:
        world: what is done to the world goes through it.
        keeping: what is kept of prompts.
        limits: what there may be at once.
        tokens: what sessions have bound.
        base: ids of receipts and turns are above it; those of the routers before this
            one are not.
    """

    __slots__ = (
        "__weakref__",
        "accepting",
        "admission",
        "books",
        "burning",
        "changed",
        "chunks",
        "cut_waiting",
        "draft",
        "dropping",
        "enqueue",
        "events",
        "finishing",
        "give_up",
        "history_of",
        "idle",
        "ids",
        "joining",
        "keeping",
        "lanes",
        "leaving",
        "limits",
        "looks",
        "make_run",
        "now",
        "out_of_turn",
        "outage",
        "past",
        "places",
        "readers",
        "reaping",
        "seal",
        "session_ready",
        "sessions",
        "slots",
        "tokens",
        "tracer",
        "turn_ids",
        "turn_over",
        "turns",
        "unbegin",
        "unread",
        "unused",
        "verbs",
        "withdraw",
        "world",
    )

    def __init__(
        self,
        world: World,
        keeping: Keeping,
        limits: Limits,
        tokens: TokenBook,
        base: int,
    ) -> None:
        self.world = world
        self.keeping = keeping
        self.limits = limits
        self.now = world.now
        self.events = world.events
        self.ids: int = base  # of receipts made so far
        self.turn_ids: int = base
        self.unused: int = base  # of `ids`: not of accepted prompts
        self.chunks: int = 0
        self.unread: int = 0
        self.out_of_turn: int = 0
        self.finishing = False  # a drain's time is over: nothing begins any more
        self.changed: trio.Event | None = None  # set when a drain is to look again
        self.lanes: dict[str, Lane] = {}  # {key: its entry}
        # decisions
        self.admission = Admission()
        self.places = Places(limits.sessions)
        self.slots: Slots[TurnRun] = Slots(limits.turns, limits.turns_per_tenant)
        self.idle = IdleList()
        self.books = Books()
        self.burning = Burning()
        self.outage = Outage()
        self.past = Past()
        self.looks = FirstLooks(world.now, world.at)
        self.readers = Readers(world.now, world.at, limits.replays)
        self.tokens = tokens
        self.tracer: Tracer | None = None
        self.make_run: type[TurnRun] = TurnRun  # or a class of the tracer's
        # what follows from them
        self.turns = Turns(self)
        self.sessions = Sessions(self)
        self.leaving = Leaving(self)
        self.reaping = Reaping(self)
        self.accepting = Accepting(self)
        self.verbs = Verbs(self)
        self.joining = Joining(self)
        self.dropping = Dropping(self)
        # what its sessions and their turns need of it, from those whose it is
        self.withdraw = self.accepting.withdraw
        self.enqueue = self.accepting.enqueue
        self.draft = self.accepting.draft
        self.session_ready = self.sessions.ready
        self.seal = keeping.seal
        self.history_of = keeping.history_of
        self.give_up = self.leaving.give_up
        self.cut_waiting = self.turns.cut_waiting
        self.unbegin = self.turns.unbegin
        self.turn_over = self.turns.over

    def trace(self, tracer: Tracer | None) -> None:
        """Have turns that are made from now on, and prompts, traced; None: no more."""
        self.tracer = tracer
        self.make_run = TurnRun if tracer is None else tracer.run_class

    # ----------------------------------------------------------------- its surroundings

    @property
    def ref(self) -> AnyRef:
        """The router's ref."""
        return self.world.ref

    def epoch_of(self, home: Lane) -> int:
        """Rises with each router that has this key, one after the other."""
        return self.keeping.epoch_of(home)

    def at(self, deadline: float, call: Callable[[], object]) -> Timer:
        """Call `call()` at `deadline`; it must not raise."""
        return self.world.at(deadline, call)

    def wants(self, kind: type[Event]) -> bool:
        """Whether somebody listens to events of this class, or the log does."""
        return kind in self.events.wanted or kind in TOLD

    def publish(self, event: Event) -> None:
        """Publish, for callers that have asked `wants`; write failures down."""
        if type(event) in TOLD:
            log_event(self.world, event)
        self.world.publish(event)

    def tell(self, kind: type[Any], key: str, *args: Any) -> None:
        """Publish an event about a key, if somebody wants to know."""
        if kind in self.events.wanted:
            self.world.publish(kind(self.now(), self.ref, key, *args))

    def policy(self, lane: Lane | None) -> PromptPolicy:
        """How prompts of this key, or of a new one, wait."""
        session = lane.session if lane is not None else None
        make: Any = session if session is not None else self.world.make
        prompts: PromptPolicy = make.prompts
        return prompts

    def reminds(self, what: str) -> Reminds:
        """What keeps reminders.  Raises NoStoreError: nothing does."""
        reminding = self.keeping.reminding
        if reminding is None:
            raise NoStoreError(self.ref.path, what)
        return reminding

    def draft_reminder(
        self,
        key: str,
        name: str,
        after: object,
        at: object,
        every: object,
        *,
        prompt: Any,
    ) -> Any:
        """See `Host`."""
        reminds = self.reminds("turn.remind()")
        return reminds.draft(key, name, after, at, every, prompt=prompt)

    def draft_forget(self, key: str, name: str) -> str:
        """See `Host`."""
        return self.reminds("turn.forget()").draft_forget(key, name)

    # --------------------------------------------------------------------- its prompts

    @property
    def accepted(self) -> int:
        """Prompts accepted so far."""
        return self.ids - self.unused

    @property
    def unsettled(self) -> int:
        """How many accepted prompts have no outcome yet."""
        return self.accepted - self.books.settled

    def settle(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Give a prompt an outcome that no turn gives it."""
        if receipt.waits:
            if self.tracer is not None:
                self.tracer.settled(receipt, outcome)
            keeping = self.keeping
            if not keeping.plain:  # it is told later, and waits no more from here on
                receipt.need_more().settling = True
            keeping.settled(receipt, outcome, self.give)
            if type(outcome) is Steered:  # there is room at the checkpoint
                lane: Any = receipt._lane  # Any: a receipt sees little of it
                self.accepting.admit_parked(lane)

    def give(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Give a prompt its outcome, once, and say so."""
        if not receipt.settle(outcome):
            return
        more = receipt._more
        if more is not None:
            stream = more.stream
            if stream is not None:
                if not stream.begun and stream.keeper is None:
                    more.unkept = True  # if a turn has it at all, it was none with this
                stream.close()
                self.unread += stream.unread
            if more.message_id is not None:
                self._remember(receipt, more.message_id)
            followers, more.followers = more.followers, None
            for each in followers or ():
                self.give(each, outcome)
        books = self.books
        books.settled += 1
        books.of(type(outcome)).prompts += 1
        if type(outcome) is Lost:
            books.lose(receipt)
            log_lost(self.world, receipt, outcome)
        if PromptEnded in self.events.wanted:
            self._tell_end(receipt, outcome)
        if self.changed is not None:
            self.look_again()

    def _remember(self, receipt: Receipt[Any], message_id: str) -> None:
        lane: Any = receipt._lane
        if lane.extra is not None and lane.extra.known is not None:
            lane.extra.known.settled(message_id, receipt)

    def _tell_end(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        now = self.now()
        turn = self.turns.running.get(outcome.turn) if outcome.turn else None
        begun = turn.started_at if turn is not None and turn.has_begun else now
        waited = max(0.0, begun - receipt.at)
        event = PromptEnded(now, self.ref, receipt.key, receipt.id, outcome, waited)
        self.publish(event)

    def look_again(self) -> None:
        """Something has ended: wake a drain."""
        changed = self.changed
        if changed is not None:
            self.changed = None
            changed.set()

    # ------------------------------------------------- for its sessions and their turns

    def next_turn_id(self) -> int:
        """An id for a new turn."""
        self.turn_ids += 1
        return self.turn_ids

    def critical_begins(self, home: Lane) -> None:
        """A child turn that may outlive its parent begins."""
        home.need_extra().criticals += 1

    def child_over(self, home: Lane, session: Any) -> None:
        """A child turn that may have outlived its parent has ended."""
        if home.session is session:
            home.need_extra().criticals -= 1
            self.turns.advance(home)

    def last_words(self, words: Any) -> bool:
        """Have the hook of a turn run in the router's own name."""
        return self.world.begin_work(words, LAST_WORDS_PROPS)

    def committed(self, home: Lane) -> Any:
        """The state that asides see: without what a running turn has changed."""
        run = home.turn
        return run.before if run is not None and run.has_begun else home.state

    def token_of(self, key: str) -> object:
        """What has been bound under this key; None."""
        return self.tokens.get(key)

    def bind(self, home: Lane, session: Any, token: object) -> None:
        """Remember a token for those that come after this session; None forgets it."""
        if home.session is session and not self.sessions.forgets(home):
            self.keep_token(home.key, token)

    def keep_token(self, key: str, token: object) -> bool:
        """Keep a token; None forgets it.  False: there was nothing to forget."""
        if not self.tokens.keep(key, token):
            return False
        self.keeping.bound(key, token)
        return True
