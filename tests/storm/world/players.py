"""Who plays the steps of a plan: each step is a task that waits for its time.

What is refused is noted and passed over; what takes its time has a limit of its own.
Nobody here knows what is right: that is for the checks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

import trio

from actors import (
    Abort,
    Bounded,
    Latest,
    Receipt,
    RefusedError,
    Replay,
    StreamGapError,
    TurnNotCompletedError,
    UnknownPromptError,
)
from supervision import TurnStream, VerbResult, router_ref
from tests.storm.world.orders import play_order
from tests.storm.world.plan import Step, make_limits
from tests.storm.world.sessions import Answer, Tick, observed
from tests.storm.world.story import (
    Commanded,
    Commanding,
    Handle,
    Limited,
    Offered,
    Prompt,
    Read,
    Story,
    Took,
    Wrote,
    tenant_of,
)
from tests.storm.world.words import VERBS

Reading: TypeAlias = TurnStream[Prompt, str]
COMING_BACK = "a reader who comes back gets all chunks once, or is told of a gap"
LIMITS = (0.0, 1.0, 2.5, 10.0, 30.0, 100.0)
"""Seconds that players wait at most; by `choice`."""


class Player:
    """Plays one step."""

    def __init__(self, story: Story, step: Step) -> None:
        self.story = story
        self.step = step
        self.key = step.who
        self.limit = LIMITS[step.choice % len(LIMITS)]

    async def play(self) -> None:
        """Play it when it is time."""
        await trio.sleep_until(self.step.at)
        if self.step.verb not in VERBS:
            await play_order(self.story, self.step)
            return
        router = self.find_router()
        if router is None:
            return
        verb = self.step.verb
        if verb in {"open", "open-latest"}:
            await self.read(router)
        elif verb == "open-replay":
            await self.come_and_go(router)
        elif verb == "send-wait":
            await self.send_wait(router)
        elif not self.offer(router) and not self.command(router):
            self.disturb(router)

    def find_router(self) -> Handle | None:
        """Find the router, if there is one now."""
        ref = self.story.router()
        if ref is None:
            return None
        try:
            return router_ref(ref, self.story.performer)
        except TypeError:  # it is being restarted
            return None

    # ------------------------------------------------------------------- prompts go in

    def prompt(self) -> Prompt:
        """Make the prompt of the step."""
        return Prompt(self.step.number, self.step.script)

    def note_offer(
        self,
        router: Handle,
        receipt: Receipt[Any] | None,
        error: Exception | None = None,
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Put it on the tape."""
        now, step = trio.current_time(), self.step
        self.story.note(
            Offered(
                now,
                self.key,
                router.ref,
                step.verb,
                step.number,
                receipt,
                error,
                **names,
            )
        )

    def offer(self, router: Handle) -> bool:
        """Send a prompt in one of the ways that are one step."""
        key, prompt, step = self.key, self.prompt(), self.step
        names: dict[str, str] = {}
        options: dict[str, Any] = {"origin": step.number, "tenant": tenant_of(key)}
        ways: dict[str, Callable[..., Receipt[Any]]] = {
            "send": router.send,
            "steer": router.steer,
            "follow-up": router.follow_up,
            "aside": router.ask_aside,
            "repeat": router.send,
            "job": router.send,
            "attempts": router.send,
        }
        if step.verb == "exclusive":
            if tenant_of(key) is not None:
                return True  # it takes no tenant
            way: Callable[[], Receipt[Any]] = partial(
                router.run_exclusive, key, self.compact
            )
        elif step.verb in ways:
            if step.verb == "repeat":
                names["id"] = f"id-{step.choice % 3}"
            elif step.verb == "job":
                names["job"] = f"job-{step.choice % 2}"
            elif step.verb == "attempts":
                options["attempts"] = 2
            elif step.verb == "send" and step.choice % 2 and tenant_of(key) is None:
                options = {}  # the short way in
            way = partial(ways[step.verb], key, prompt, **options, **names)
        else:
            return False
        try:
            receipt = way()
        except RefusedError as error:
            self.note_offer(router, None, error, names)
        else:
            self.note_offer(router, receipt, names=names)
        return True

    async def compact(self, turn: Answer) -> None:
        """Be upkeep: forget all but the last two things."""
        with observed(self.story, turn):
            await trio.sleep(self.step.choice / 4)
            if self.step.choice == 0:
                await trio.sleep_forever()
            value = turn.state[-2:]
            turn.state = value
            self.story.note(Wrote(turn.id, value))
            await trio.sleep(self.step.choice / 4)

    async def send_wait(self, router: Handle) -> None:
        """Wait for room, but not always for as long as it takes."""
        key, step = self.key, self.step
        with trio.move_on_after(self.limit):
            try:
                receipt = await router.send_wait(
                    key, self.prompt(), origin=step.number, tenant=tenant_of(key)
                )
            except RefusedError as error:
                self.note_offer(router, None, error)
            else:
                self.note_offer(router, receipt)

    async def read(self, router: Handle) -> None:
        """Read an answer; leave it, or be slow, as the choice says."""
        step = self.step
        stream: Bounded | Latest = Bounded(1 + step.choice % 2)
        if step.verb == "open-latest":
            stream = Latest(every=step.choice % 3)
        with (
            trio.move_on_after(self.limit or 0.5),
            suppress(TurnNotCompletedError, StreamGapError),  # the latter: forgotten
        ):
            try:
                async with router.open_turn(
                    self.key,
                    self.prompt(),
                    stream=stream,
                    origin=step.number,
                    tenant=tenant_of(self.key),
                ) as answer:
                    self.note_offer(router, answer.receipt)
                    async for chunk in answer:
                        now = trio.current_time()
                        self.story.note(Read(now, answer.receipt, router.ref, chunk))
                        await trio.sleep(step.choice % 4)
                        if step.choice == 1:
                            break
            except RefusedError as error:
                self.note_offer(router, None, error)

    async def come_and_go(self, router: Handle) -> None:
        """Read an answer, leave it, come back to it; be slow, as the choice says."""
        step = self.step
        replay = Replay(chunks=1 + step.choice % 3, keep=float(step.choice))
        number = 0
        try:
            async with router.open_turn(
                self.key,
                self.prompt(),
                stream=replay,
                origin=step.number,
                tenant=tenant_of(self.key),
            ) as answer:
                receipt = answer.receipt
                self.note_offer(router, receipt)
                number = await self.read_on(router, answer, number)
            for _ in range(3):
                await trio.sleep(step.choice % 5)
                number = await self.read_again(router, receipt, number)
        except RefusedError as error:
            self.note_offer(router, None, error)

    async def read_again(self, router: Handle, receipt: Any, number: int) -> int:
        """Come back behind a number; give the one of the latest chunk that was read."""
        with suppress(UnknownPromptError):  # its time is over, or it was forgotten
            try:
                async with router.reopen_turn(
                    receipt.key, receipt.id, after=number
                ) as answer:
                    return await self.read_on(router, answer, number)
            except StreamGapError as gap:
                if gap.first <= number + 1 <= gap.last:
                    self.story.wrong(COMING_BACK, f"{receipt}: {number}, but {gap}")
                return gap.first - 1
        return number

    async def read_on(self, router: Handle, answer: Reading, number: int) -> int:
        """Read for a while: each number follows the one before, or it is told."""
        with (
            trio.move_on_after(self.limit or 0.5),
            suppress(TurnNotCompletedError, StopAsyncIteration),
        ):
            while True:
                try:
                    chunk = await anext(answer)
                except StreamGapError as gap:
                    number = gap.first - 1
                    continue
                if answer.number != number + 1:
                    what = f"{answer.receipt}: {answer.number} after {number}"
                    self.story.wrong(COMING_BACK, what)
                number = answer.number
                now = trio.current_time()
                self.story.note(Read(now, answer.receipt, router.ref, chunk))
                await trio.sleep(self.step.choice % 4)
        return number

    # -------------------------------------------------------------- what else is done

    def note_command(self, router: Handle, result: VerbResult | int | None) -> None:
        """Put it on the tape."""
        verb = self.step.verb
        found = result if isinstance(result, VerbResult) else None
        aborted = found.turn if found is not None else result
        if verb.endswith(("softly", "within")):
            aborted = None
        assert not isinstance(aborted, VerbResult)
        now = trio.current_time()
        self.story.note(Commanded(now, self.key, router.ref, verb, found, aborted))

    def command(self, router: Handle) -> bool:
        """Do something about a session."""
        key, why = self.key, f"step {self.step.number}"
        verbs: dict[str, Callable[[], VerbResult]] = {
            "cancel": partial(router.cancel, key, reason=why),
            "cancel-softly": partial(router.cancel, key, hard=False, hint=why),
            "cancel-all": partial(router.cancel_all, key, why),
            "reset": partial(router.reset, key, why),
            "close": partial(router.close, key, why),
        }
        verb = self.step.verb
        if verb in verbs:
            self.story.note(Commanding(key, verb))
            self.note_command(router, verbs[verb]())
        elif verb in {"abort", "abort-softly", "abort-within"}:
            self.abort(router)
        else:
            return False
        return True

    def abort(self, router: Handle) -> None:
        """Abort a turn of one of the latest prompts; often it is stale."""
        receipt = self.some_receipt(router)
        if receipt is None or receipt.turn is None:
            return
        hard = self.step.verb == "abort"
        within = 2 if self.step.verb == "abort-within" else None
        done = router.abort(receipt.turn, hard=hard, hint="enough", within=within)
        aborted = receipt.turn if done is Abort.ABORTING else None
        self.note_command(router, aborted)

    def some_receipt(self, router: Handle) -> Receipt[Any] | None:
        """Choose one of the latest receipts of the session."""
        receipts = [
            each.receipt
            for each in self.story.offers(self.key)
            if each.router is router.ref
        ]
        return receipts[-1 - self.step.choice % 4 :][0] if receipts else None

    def disturb(self, router: Handle) -> None:  # noqa: C901 - a table
        """Do something that is neither a prompt nor a verb."""
        story, step = self.story, self.step
        session = story.sessions.get(self.key)
        match step.verb:
            case "withdraw":
                receipt = self.some_receipt(router)
                if receipt is not None:
                    story.note(Took(receipt, receipt.withdraw(f"step {step.number}")))
            case "configure":
                limits = make_limits(random.Random(step.number))  # noqa: S311
                story.note(Limited(trio.current_time(), router.ref, limits))
                router.configure(limits)
            case "look":
                look(story, router)
            case "kill-session" if session is not None:
                session.ref.kill()
            case "stop-session" if session is not None:
                session.ref.stop("step")
            case "crash-session" | "tick-session" if session is not None:
                word = "bad-timer" if step.verb.startswith("crash") else "timer"
                with suppress(Exception):
                    session.ref.tell_nowait(Tick(word))
            case "end-router" if step.choice % 2:
                router.ref.stop("step")
            case "end-router":
                router.ref.kill()
            case "abort-child" if session is not None and session.turn is not None:
                router.abort(session.turn.id + 1)
            case _:
                pass


def look(story: Story, router: Handle) -> None:
    """Compare the figures of one instant with each other."""
    promise = "the router's figures agree at any instant"
    figures, infos = router.statistics(), router.list()
    idle = sum(1 for info in infos if info.idle is not None)
    for what, is_so in (
        ("sessions", figures.sessions == len(infos)),
        ("idle", figures.idle == idle),
        (
            "accepted",
            figures.accepted == sum(figures.outcomes.values()) + figures.queued,
        ),
        ("queued", figures.queued >= sum(i.queued + i.steering for i in infos)),
        ("turns waiting", min(figures.turns_running, figures.turns_waiting) >= 0),
        ("a busy one is idle", not any(i.idle is not None and _busy(i) for i in infos)),
        ("unread", figures.unread <= figures.chunks),
    ):
        if not is_so:
            story.wrong(promise, f"{what}: {figures}, {infos}")


def _busy(info: Any) -> bool:
    turn = info.turn is not None and info.phase != "given up"  # one that burns
    return bool(turn or info.queued or info.asides or info.children)
