"""Whatever is done to a core: one outcome each, one turn a key, and it all adds up.

Hypothesis makes up the plan; the world is moved by hand, one small step at a time, and
looked at after each.  Twice: with a store that calls straight on, and with one whose
every `go` comes later.
"""

from __future__ import annotations

import contextlib
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors import (
    Batch,
    CloseReason,
    Crashed,
    Finished,
    Outcome,
    PromptEnded,
    PromptPolicy,
    Receipt,
    RefusedError,
    Stopped,
    WhileBusy,
)
from actors.hosting import ASIDE, FOLLOW_UP, PROMPT, More
from supervision import Backoff, Limits, RestartLimit
from supervision._routing.core.core import Core
from supervision._routing.core.draining import end_all
from supervision._routing.core.waiting import Sender
from supervision._routing.parts import lane as lanes
from supervision._routing.parts.admission import Offer
from tests.routing.core.double import Later, Plain, Slow, check, handle, made, send
from tests.routing.parts.making import MACHINE

KEYS = st.sampled_from("abcd")
TENANTS = st.sampled_from([None, "me", "you"])
NUMBERS = st.integers(0, 99)
ENDS = st.sampled_from([CloseReason.CLOSED, CloseReason.RESET])
KINDS = st.sampled_from([PROMPT, PROMPT, PROMPT, FOLLOW_UP, ASIDE])


class Batching(Slow):
    """Takes two at once, wants to be told, starts slowly."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, batch=Batch(prompts=2))
    _suspends: ClassVar[bool] = True


class Steering(Plain):
    """What is sent steers."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=2, steering_capacity=2, busy=WhileBusy.STEER
    )


class Interrupting(Plain):
    """What is sent interrupts, several share a turn, and few may wait."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=2, batch=Batch(prompts=2), busy=WhileBusy.INTERRUPT
    )


class Gathering(Plain):
    """Waits a moment, so that a burst is one turn."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=4, batch=Batch(prompts=3, window=1.0, max_wait=4.5)
    )


class Replacing(Slow):
    """What is sent replaces what was there."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=1, busy=WhileBusy.REPLACE)


MAKES = st.sampled_from(
    [Plain, Slow, Batching, Steering, Interrupting, Replacing, Gathering]
)
LIMITS = st.builds(
    Limits,
    sessions=st.integers(1, 3),
    turns=st.integers(1, 3),
    sessions_per_tenant=st.sampled_from([None, 1, 2]),
    turns_per_tenant=st.sampled_from([None, 1]),
    idle=st.just(20.0),
    start_within=st.just(15.0),
    restarts=st.just(RestartLimit(2, within=10.0)),
    backoff=st.sampled_from([None, Backoff(1.0, 4.0)]),
)


class CoreMachine(RuleBasedStateMachine):
    """A core, its world, and the receipts of all that was accepted."""

    hooks: ClassVar[tuple[str, ...]] = ()

    @initialize(limits=LIMITS, make=MAKES)
    def open(self, limits: Limits, make: type[Plain]) -> None:
        """Begin."""
        self.keeping = Later(*self.hooks) if self.hooks else None
        self.core, self.world = made(limits, make, self.keeping)
        self.world.events.wanted.add(PromptEnded)
        self.receipts: list[Receipt[Any]] = []
        self.told: dict[int, Outcome | None] = {}
        self.most_turns = limits.turns
        self.most_sessions = limits.sessions
        self.senders: list[Sender] = []  # those who wait for room

    def accepted(self, receipt: Receipt[Any]) -> None:
        """It will have its outcome."""
        self.receipts.append(receipt)

    # ------------------------------------------------------------------- what users do

    @rule(
        key=KEYS,
        kind=KINDS,
        steer=st.booleans(),
        tenant=TENANTS,
        busy=st.sampled_from([None, None, *WhileBusy]),
    )
    def send(
        self,
        key: str,
        kind: Any,
        *,
        steer: bool,
        tenant: str | None,
        busy: WhileBusy | None,
    ) -> None:
        """Offer a prompt: refused, it changes nothing; accepted, it passes nobody."""
        core = self.core
        before, new = looks_of(core), key not in core.lanes
        waits = bool(core.accepting.waiting.crowd)
        try:
            receipt = send(
                core,
                key,
                kind=kind,
                steer=steer and kind is PROMPT,
                tenant=tenant,
                attempts=2 if tenant else 1,
                busy=busy,
            )
        except RefusedError:
            assert looks_of(core) == before
        else:
            self.accepted(receipt)
            assert not (new and waits)

    @rule(key=KEYS, tenant=TENANTS)
    def send_wait(self, key: str, tenant: str | None) -> None:
        """Offer a prompt, and wait for room."""
        sender = Sender(Offer(key, "", More(), tenant), lambda: None)
        self.senders.append(sender)
        self.core.accepting.waiting.enter(sender)

    @rule(number=NUMBERS)
    def wait_no_more(self, number: int) -> None:
        """One who waits for room is cancelled."""
        self.see_who_was_let_in()
        if self.senders:
            sender = self.senders.pop(number % len(self.senders))
            sender.leave()
            lane = self.core.lanes.get(sender.offer.key)
            if lane is not None:
                self.core.reaping.nothing_left(lane)

    def see_who_was_let_in(self) -> None:
        """Those who waited have their receipts, or are told why not."""
        for sender in tuple(self.senders):
            if sender.receipt is not None:
                self.accepted(sender.receipt)
            elif sender.error is None:
                continue
            self.senders.remove(sender)

    @rule(key=KEYS)
    def send_quickly(self, key: str) -> None:
        """Send a plain one, by a short cut if there is one."""
        with contextlib.suppress(RefusedError):
            self.accepted(handle(self.core).send(key, ""))

    @rule(number=NUMBERS)
    def withdraw(self, number: int) -> None:
        """Take one back."""
        if self.receipts:
            self.receipts[number % len(self.receipts)].withdraw()

    @rule(key=KEYS, hard=st.booleans())
    def cancel(self, key: str, *, hard: bool) -> None:
        """Abort its turn."""
        self.core.verbs.cancel(key, hard=hard, reason="why", hint=None)

    @rule(key=KEYS)
    def cancel_all(self, key: str) -> None:
        """What is named as withdrawn has its outcome, or will have no other."""
        named = self.core.verbs.cancel_all(key, "why").withdrawn
        assert not any(each.waits for each in self.receipts if each.id in named)

    @rule(key=KEYS, how=ENDS)
    def end(self, key: str, how: CloseReason) -> None:
        """Reset or close it."""
        named = self.core.verbs.end(key, how, "why").withdrawn
        assert not any(each.waits for each in self.receipts if each.id in named)

    @rule(limits=LIMITS)
    def configure(self, limits: Limits) -> None:
        """Other limits."""
        self.core.verbs.configure(limits)
        self.most_turns = max(self.most_turns, limits.turns)
        self.most_sessions = max(self.most_sessions, limits.sessions)

    # -------------------------------------------------------------- what the world does

    @rule(number=NUMBERS)
    def step(self, number: int) -> None:
        """A turn takes its first step."""
        if self.world.begun:
            self.world.step(_of(self.world.begun, number))

    @rule(number=NUMBERS, fails=st.booleans())
    def finish(self, number: int, *, fails: bool) -> None:
        """The body of a turn is over."""
        if self.world.bodies:
            turn = _of(self.world.bodies, number)
            if fails:
                self.world.fail(turn, ValueError("why"))
            else:
                self.world.finish(turn)

    @rule(number=NUMBERS)
    def die(self, number: int) -> None:
        """A turn that was told to end has ended."""
        cut = [n for n, run in self.world.begun.items() if run.verdict is not None]
        if cut:
            self.world.die(cut[number % len(cut)])

    @rule(key=KEYS)
    def ready(self, key: str) -> None:
        """A session's `started` is done."""
        lane = self.core.lanes.get(key)
        if lane is not None and lane.session is not None:
            self.world.started(key)

    @rule(number=NUMBERS)
    def gone(self, number: int) -> None:
        """A session that is to end has ended, in its own way."""
        ending = [each for each in self.world.names.values() if each._seat.ending]
        if ending:
            self.world.gone(ending[number % len(ending)])

    @rule(key=KEYS, crashes=st.booleans())
    def leave(self, key: str, *, crashes: bool) -> None:
        """A session ends unasked."""
        lane = self.core.lanes.get(key)
        if lane is not None and lane.session is not None:
            exit_ = Crashed(RuntimeError("bang")) if crashes else Finished()
            self.world.gone(lane.session, exit_)

    @rule(quick=st.booleans(), unborn=st.sampled_from([False, False, True]))
    def be(self, *, quick: bool, unborn: bool) -> None:
        """Sessions end on the spot or not; constructors work or do not."""
        self.world.quick = quick
        self.world.unborn = ValueError("unborn") if unborn else None

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0, 11.0, 25.0]))
    def pass_time(self, seconds: float) -> None:
        """Timers go off: starts, graces, waits, reaping."""
        self.world.clock.move(self.world.clock.now() + seconds)

    @rule(number=NUMBERS)
    def go(self, number: int) -> None:
        """One of the `go`s that wait comes, in any order."""
        if self.keeping is not None and self.keeping.waiting:
            waiting = self.keeping.waiting
            waiting.pop(number % len(waiting))[1]()

    # ------------------------------------------------------------------- what must hold

    @invariant()
    def adds_up(self) -> None:
        """Slots, places, tenants, lanes; and never more than the limits."""
        if not hasattr(self, "core"):
            return
        core = self.core
        self.see_who_was_let_in()
        check(core, self.world)
        assert core.slots.running <= self.most_turns
        assert core.places.used <= self.most_sessions
        assert len({each.id for each in self.receipts}) == len(self.receipts)
        assert core.accepted == len(self.receipts)
        ended = [each for each in self.receipts if each.ended is not None]
        assert core.books.settled == len(ended)
        told = self.world.published
        events = [each.prompt for each in told if isinstance(each, PromptEnded)]
        assert sorted(events) == sorted(each.id for each in ended)
        for each in ended:
            assert self.told.setdefault(each.id, each.ended) is each.ended
        keys = [run.lane.key for run in core.turns.running.values() if not run.aside]
        assert len(keys) == len(set(keys))
        if core.accepting.waiting.crowd:  # nobody waits while there is room
            assert core.places.unpromised <= 0
            assert len(core.idle) == 0

    @invariant()
    def nobody_waits_in_vain(self) -> None:
        """A lane that has something to do and is free to do it does it."""
        if not hasattr(self, "core") or self.keeping is not None:
            return
        core = self.core
        assert not (core.places.waiting and core.places.used < core.places.limit)
        for lane in core.lanes.values():
            if lane.phase == lanes.ASLEEP:
                assert not lane.busy
            if lane.phase == lanes.OPEN and lane.session in self.world.names.values():
                gathers = lane.extra is not None and lane.extra.window is not None
                free = not lane.turn and not lane.session._seat.ending
                assert not (lane.waiting and free) or gathers
                assert not gathers or (core.admission.open and not core.finishing)

    def teardown(self) -> None:
        """The router ends: no lane is left over, no prompt without its outcome."""
        if not hasattr(self, "core"):
            return
        for session in tuple(self.world.names.values()):
            session._seat.ending = True
            session._seat.reason_to_end = Stopped()
        self.world.ending = True
        for turn in tuple(self.world.begun):
            self.world.die(turn)
        if self.keeping is not None:
            self.keeping.release_all()
        end_all(self.core, Stopped())
        if self.keeping is not None:
            self.keeping.release_all()
        core = self.core
        self.see_who_was_let_in()
        assert self.senders == []
        assert core.lanes == {}
        assert core.turns.running == {}
        assert (core.slots.running, core.slots.waiting) == (0, 0)
        assert (core.places.used, core.places.waiting, core.places.leaving) == (0, 0, 0)
        assert core.admission._tenants == {}
        assert (len(core.idle), core.unsettled) == (0, 0)
        assert all(each.ended is not None for each in self.receipts)
        for each in self.receipts:
            assert self.told.get(each.id, each.ended) is each.ended


class LateMachine(CoreMachine):
    """With a store that takes its time in everything."""

    hooks = ("bring", "begins", "ended", "settled")


def looks_of(core: Core) -> object:
    """What a prompt that is refused must not change."""
    lanes = [
        (key, each.phase, each.waiting, each.turn, each in core.idle)
        for key, each in core.lanes.items()
    ]
    return lanes, dict(core.admission._tenants), dict(core.books.closed)


def _of(turns: dict[int, Any], number: int) -> int:
    return list(turns)[number % len(turns)]


TestCore = CoreMachine.TestCase
TestCore.settings = MACHINE
TestLate = LateMachine.TestCase
TestLate.settings = MACHINE
