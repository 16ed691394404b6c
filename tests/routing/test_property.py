"""Whatever is done to a router: every prompt has its one outcome, and nothing is left.

Hypothesis makes up what a few clients do to a few sessions, and the limits; each plan
is carried out on a virtual clock under several orders of scheduling.  Then the events
alone must tell a story that is possible (S25, S119), and so must what the sessions
have seen themselves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import attrs
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import (
    Bounded,
    BudgetExceededError,
    Completed,
    Failed,
    Latest,
    Lost,
    PromptAccepted,
    PromptEnded,
    QuarantinedError,
    Receipt,
    RefusedError,
    SessionCrashedError,
    SessionStartError,
    Turn,
    TurnEnded,
    TurnNotCompletedError,
    TurnStarted,
    open_system,
)
from actors.testing import TurnLog, open_tasks, run_seeded
from supervision import Backoff, Limits, RestartLimit, RouterRef, start_router
from tests.conformance.sessions.conversing import ScriptError
from tests.routing.chatty import PROMPTS, Batching, Chatty, Frail, Steered, Watched

EXAMPLES, SEEDS = 300, 10
KEYS = "abc"
ACTS = (
    *("yield", "nap", "nap", "nap", "pause", "long-pause"),
    *("send", "send", "send", "send", "steer", "steer", "steer", "follow-up", "again"),
    *("aside", "exclusive", "open", "open-latest", "send-wait", "repeat", "job"),
    *("owned", "withdraw", "abort", "abort-softly", "abort-within", "cancel"),
    *("cancel-softly", "cancel-all", "reset", "close", "look", "configure", "door"),
    *("deaf", "no-more"),
)
NAPS = {"yield": 0.0, "nap": 1.0, "pause": 12.0, "long-pause": 70.0}
ENDS = ("leave", "leave", "drain", "short-drain", "raise", "wait", "wait")
FAULTS = (
    *(ScriptError, SessionStartError, SessionCrashedError, QuarantinedError),
    BudgetExceededError,
)
FOR_EVER = 100_000

Act: TypeAlias = tuple[str, int, int]  # what, number of the key, number of the prompt


@attrs.frozen
class Plan:
    """What is done, and to what."""

    make: type[Chatty]
    limits: Limits
    clients: list[list[Act]]
    end: str


class Run:
    """One plan in one order."""

    def __init__(self, plan: Plan, router: RouterRef[str, str], stage: Watched) -> None:
        self.plan = plan
        self.router = router
        self.stage = stage
        self.receipts: list[Receipt[Any]] = []

    async def act(self, act: Act, nursery: trio.Nursery) -> None:
        """Do one thing; being refused is fine."""
        what, key_number, number = act
        key, prompt = KEYS[key_number], PROMPTS[number]
        if what in NAPS:
            await trio.sleep(NAPS[what])
        elif what in {"open", "open-latest", "send-wait"}:
            begin = self.read if what.startswith("open") else self.send_wait
            nursery.start_soon(begin, act)
        else:
            with suppress(RefusedError):
                self.offer(what, key, prompt)
                self.manage(what, key, number)

    def offer(self, what: str, key: str, prompt: str) -> None:
        """Send a prompt in one of the ways."""
        router = self.router
        ways: dict[str, Callable[[], Receipt[Any]]] = {
            "send": partial(router.send, key, prompt),
            "steer": partial(router.steer, key, prompt),
            "follow-up": partial(router.follow_up, key, prompt),
            "aside": partial(router.ask_aside, key, prompt),
            "exclusive": partial(router.run_exclusive, key, self.compact),
            "repeat": partial(router.send, key, prompt, id=prompt or "none"),
            "job": partial(router.send, key, prompt, job="job"),
            "owned": partial(router.send, key, prompt, tenant=prompt[:1]),
            "again": partial(router.send, key, prompt, attempts=2),
        }
        if what in ways:
            self.receipts.append(ways[what]())

    def manage(self, what: str, key: str, number: int) -> None:
        """Do something else that is one step."""
        router = self.router
        receipt = self.receipts[number % len(self.receipts)] if self.receipts else None
        turn = receipt.turn if receipt is not None else None
        ways: dict[str, Callable[[], object]] = {
            "cancel": partial(router.cancel, key),
            "cancel-softly": partial(router.cancel, key, hard=False, hint="enough"),
            "cancel-all": partial(router.cancel_all, key),
            "reset": partial(router.reset, key),
            "close": partial(router.close, key),
            "look": self.look,
            "configure": partial(
                router.configure, attrs.evolve(self.plan.limits, turns=1 + number % 3)
            ),
            "door": partial(self.stage.open, "door"),
            "deaf": partial(self.stage.open, "deaf"),
        }
        if number == 0:
            ways["no-more"] = router.stop_admission
        if receipt is not None:
            ways["withdraw"] = receipt.withdraw
        if turn is not None:
            ways["abort"] = partial(router.abort, turn)
            ways["abort-softly"] = partial(router.abort, turn, hard=False)
            ways["abort-within"] = partial(router.abort, turn, hard=False, within=2)
        if what in ways:
            ways[what]()

    def look(self) -> None:
        """The figures agree at any instant."""
        figures = self.router.statistics()
        infos = self.router.list()
        assert figures.sessions == len(infos)
        assert figures.accepted == sum(figures.outcomes.values()) + figures.queued
        assert figures.queued >= sum(info.queued + info.steering for info in infos)

    async def compact(self, turn: Turn[str, str]) -> None:
        """Upkeep in a turn's order."""
        await trio.sleep(1)
        turn.state = turn.state[-2:]

    async def send_wait(self, act: Act) -> None:
        """Wait for room, but not always for as long as it takes."""
        _, key, number = act
        with trio.move_on_after((1, 5, math.inf)[number % 3]), suppress(RefusedError):
            self.receipts.append(
                await self.router.send_wait(KEYS[key], PROMPTS[number])
            )

    async def read(self, act: Act) -> None:
        """Read an answer; leave it, or be slow, according to the number."""
        what, key, number = act
        stream = Bounded(1) if what == "open" else Latest(every=number % 2)
        with (
            trio.move_on_after((2, 10, math.inf)[number % 3]),
            suppress(RefusedError, TurnNotCompletedError),
        ):
            async with self.router.open_turn(
                KEYS[key], PROMPTS[number], stream=stream
            ) as answer:
                self.receipts.append(answer.receipt)
                async for _ in answer:
                    await trio.sleep(number % 4)
                    if number % 5 == 0:
                        break

    async def end(self) -> None:
        """The end, in one of the ways."""
        if self.plan.end.endswith("drain"):
            within = 50 if self.plan.end == "drain" else 2
            begin = trio.current_time()
            report = await self.router.drain(within)
            assert trio.current_time() - begin <= within + 1e-6
            assert all(isinstance(receipt.ended, Lost) for receipt in report.lost)
        elif self.plan.end == "wait":
            self.stage.open("door", "deaf")
            await trio.sleep(10_000)
            assert all(receipt.ended is not None for receipt in self.receipts)
        elif self.plan.end == "raise":
            raise ScriptError(self.plan.end)


async def carry_out(plan: Plan) -> None:
    """Carry it out and look at what it has come to."""
    stage = Watched()
    run: Run | None = None
    log: TurnLog | None = None
    with trio.fail_after(FOR_EVER):
        async with trio.open_nursery() as strangers:
            strangers.start_soon(open_later, stage)
            with suppress(ScriptError):
                async with open_system() as system:
                    log = TurnLog(system)
                    router = start_router(system, plan.make, stage, limits=plan.limits)
                    run = Run(plan, router, stage)
                    async with trio.open_nursery() as clients:
                        for acts in plan.clients:
                            clients.start_soon(play, run, acts, strangers)
                    await run.end()
    assert run is not None
    assert log is not None
    log.check()
    check_story(log, run)
    assert stage.running.total() == 0
    assert open_tasks() == []


async def play(run: Run, acts: list[Act], nursery: trio.Nursery) -> None:
    """Be one client."""
    for act in acts:
        await run.act(act, nursery)


async def open_later(stage: Watched) -> None:
    """Let the deaf end, long after everything else had to, whatever has failed."""
    with trio.CancelScope(shield=True):
        await trio.sleep(5000)
        stage.open("deaf")


def check_story(log: TurnLog, run: Run) -> None:
    """Compare the events with what receipts and sessions know."""
    outcomes = {event.prompt: event.outcome for event in log.of(PromptEnded)}
    for receipt in run.receipts:
        assert receipt.ended is not None
        if receipt.ended.forgotten:  # it repeats one that has ended long since
            assert type(receipt.ended) is type(outcomes[receipt.id])
            continue
        assert receipt.ended is outcomes[receipt.id]
        if isinstance(receipt.ended, Failed):
            assert isinstance(receipt.ended.error, FAULTS), receipt.ended
    assert len(outcomes) == len(log.of(PromptAccepted))
    told = Counter(outcome.turn for _, outcome in run.stage.finals)
    assert set(told.values()) <= {1}
    for event in log.of(TurnEnded):
        if not event.outcome.late and isinstance(event.outcome, Completed):
            assert told[event.turn] == 1
    running = most = 0
    for each in log.events:
        if isinstance(each, TurnStarted):
            running += 1
        elif isinstance(each, TurnEnded):
            running -= 1
        most = max(most, running)
    assert most <= max(run.plan.limits.turns, 3)


limits = st.builds(
    Limits,
    sessions=st.sampled_from([1, 2, 3, 3]),
    turns=st.integers(1, 3),
    sessions_per_tenant=st.sampled_from([None, 1]),
    turns_per_tenant=st.sampled_from([None, 1]),
    idle=st.sampled_from([20.0, 60.0]),
    start_within=st.sampled_from([3.0, 60.0]),
    restarts=st.builds(RestartLimit, st.integers(0, 2), within=st.just(30)),
    backoff=st.sampled_from([None, Backoff(2, 5, jitter=0)]),
)
acts = st.tuples(
    st.sampled_from(ACTS), st.integers(0, 2), st.integers(0, len(PROMPTS) - 1)
)
plans = st.builds(
    Plan,
    make=st.sampled_from([Chatty, Batching, Steered, Frail]),
    limits=limits,
    clients=st.lists(st.lists(acts, min_size=4, max_size=40), min_size=1, max_size=3),
    end=st.sampled_from(ENDS),
)


@settings(
    derandomize=True,
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(plans)
def test_every_prompt_has_one_outcome_whatever_happens(plan: Plan) -> None:
    """S25, S119: thousands of runs; the events alone tell it."""
    for seed in range(SEEDS):
        try:
            run_seeded(carry_out, plan, seed=seed)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
