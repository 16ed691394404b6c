"""Random systems of actors keep what is promised of all of them.

Hypothesis draws a plan: some workers with mailboxes and faults, how their owner
decides, and some drivers, each a list of things to do.  The plan is carried out on a
virtual clock in a seeded order, so each example repeats.  Half of the plans are traced
(`EventLog`), because tracing puts every message on the slow way in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import attrs
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import (
    Actor,
    ActorCrashedError,
    ActorRef,
    ActorStopped,
    ActorStoppedError,
    AnyRef,
    Decision,
    Event,
    Exit,
    IncarnationEnded,
    Mailbox,
    MailboxFullError,
    MessageAccepted,
    MessageBegun,
    MessageDroppedError,
    MessageEnd,
    MessageEnded,
    Overflow,
    Request,
    Stopped,
    Terminated,
    open_system,
)
from actors.testing import (
    DeadLetterProbe,
    EventLog,
    open_tasks,
    run_seeded,
    with_faults,
)

TELLS = [
    *["put"] * 4,
    *["aside"] * 4,
    *["unstash"] * 2,
    *["nap", "boom", "task", "crashing-task", "child", "peer", "finish"],
    *["after", "every", "no-timer", "watch", "unwatch"],
]
ASKS = ["total", "total", "total", "later", "never", "hard", "boom", "aside-ask"]
ACTS = [
    "tell",
    "tell",
    "tell",
    "tell-nowait",
    "tell-cancel",
    "ask",
    "ask-within",
    "ask-cancel",
    "sleep",
]
ENDS = ["stop", "kill"]
TIMES = (0.0, 0.1, 0.25, 1.0, 3.0)
FOR_EVER = 1000
NEARLY = 1e-6  # the clock's floats are no exact sums


@attrs.frozen
class Do:
    """A message that is told."""

    kind: str
    sender: object
    number: int  # of all messages of the plan; 0: a timer's
    seconds: float
    target: int


@attrs.frozen
class Ask(Request[int]):
    """A message that is asked."""

    kind: str
    sender: object
    number: int
    seconds: float


@attrs.frozen
class Step:
    """One thing that a driver does."""

    act: str
    kind: str
    asked: str
    target: int
    seconds: float


@attrs.frozen
class WorkerPlan:
    """How a worker is made."""

    is_async: bool
    overflow: Overflow
    capacity: int
    faults: dict[str, frozenset[int]]  # {hook: which calls fail}


@attrs.frozen
class Plan:
    """One example."""

    seed: int
    traced: bool
    workers: list[WorkerPlan]
    decisions: list[Decision]
    drivers: list[list[Step]]


@attrs.define(eq=False)
class Story:
    """What is known about a run, from outside of the engine."""

    plan: Plan
    watcher: ActorRef[AnyRef | Terminated] | None = None
    workers: list[AnyRef] = attrs.field(factory=list[AnyRef])
    everybody: list[AnyRef] = attrs.field(
        factory=list[AnyRef]
    )  # children of workers too
    numbers: int = 0
    accepted: set[int] = attrs.field(factory=set[int])  # told, and no error
    done: Counter[int] = attrs.field(factory=Counter[int])
    begun: dict[tuple[AnyRef, object], list[int]] = attrs.field(
        factory=dict[tuple[AnyRef, object], list[int]]
    )
    puts_tried: Counter[AnyRef] = attrs.field(factory=Counter[AnyRef])
    asked: int = 0
    outcomes: list[object] = attrs.field(factory=list[object])
    # (whom, the sender's own puts, the answer, all puts so far, number of the request)
    totals: list[tuple[AnyRef, int, int, int, int]] = attrs.field(
        factory=list[tuple[AnyRef, int, int, int, int]]
    )
    notices: list[Terminated] = attrs.field(factory=list[Terminated])
    watched: list[AnyRef] = attrs.field(factory=list[AnyRef])
    wrong: list[str] = attrs.field(factory=list[str])
    # {number of a request: when it was begun}
    taken: dict[int, float] = attrs.field(factory=dict[int, float])
    # (whom, number of the request, from, to)
    waits: list[tuple[AnyRef, int, float, float]] = attrs.field(
        factory=list[tuple[AnyRef, int, float, float]]
    )
    # whom, and when
    kills: list[tuple[AnyRef, float]] = attrs.field(factory=list[tuple[AnyRef, float]])

    def number(self) -> int:
        """Give the next message number."""
        self.numbers += 1
        return self.numbers

    def begin(self, ref: AnyRef, message: Do | Ask) -> None:
        """Note that an actor has taken this message."""
        if message.number and not message.kind.startswith("aside"):
            self.begun.setdefault((ref, message.sender), []).append(message.number)

    async def ask(
        self, ref: AnyRef, ask: Ask, *, within: float | None = None, own: int = 0
    ) -> None:
        """Ask; the outcome is an answer or one of the errors that are promised."""
        self.asked += 1
        begun = trio.current_time()
        outcome: object = "none of those promised"
        try:
            outcome = answer = await ref.ask(ask, within=within)
            if ask.kind == "total":
                tried = self.puts_tried[ref]
                self.totals.append((ref, own, answer, tried, ask.number))
        except (ActorStoppedError, ActorCrashedError) as error:
            outcome = type(error)
        except (MailboxFullError, MessageDroppedError) as error:
            outcome = type(error)
        except trio.TooSlowError as error:
            outcome = type(error)
            if within is None or trio.current_time() - begun < within - NEARLY:
                self.wrong.append(f"{ask} was too slow too early")
        except HardError:
            outcome = HardError
            if ask.kind != "hard":
                self.wrong.append(f"{ask} got the error of another request")
        except trio.Cancelled:
            outcome = trio.Cancelled
            raise
        finally:
            self.outcomes.append(outcome)
            self.waits.append((ref, ask.number, begun, trio.current_time()))
            if within is not None and trio.current_time() - begun > within + NEARLY:
                self.wrong.append(f"{ask} took longer than {within}")


class HardError(Exception):
    """What a hard request is answered with."""


class BoomError(Exception):
    """A crash."""


class Worker(Actor[Any]):
    """Does what it is told; `receive` is added by the two below."""

    grace = 2.0

    def __init__(self, story: Story) -> None:
        self.story = story
        self.total = 0
        self.aside: dict[int, int] = {}  # {number: how manyeth of those set aside}
        self.set_asides = self.come_back = 0
        self.children: list[AnyRef] = []
        self.watches: Counter[AnyRef] = Counter()

    def act(self, message: Do | Ask | Terminated) -> None:
        """Handle a message as far as that needs no waiting."""
        match message:
            case Terminated():
                assert isinstance(message.ref, ActorRef)
                self.watches[message.ref] -= 1
                if self.watches[message.ref] < 0:
                    self.story.wrong.append(f"{message} came without being watched for")
            case Ask():
                self.story.begin(self.ref, message)
                if message.abandoned:
                    self.story.wrong.append(f"{message} was begun for nobody")
                if message.kind != "aside-ask":
                    self.story.taken[message.number] = trio.current_time()
                self.answer(message)
            case Do():
                self.story.begin(self.ref, message)
                self.do(message)

    def end(self, message: Do | Ask | Terminated) -> None:
        """Note that the message has been handled."""
        if isinstance(message, Do) and message.number not in self.aside:
            self.total += message.kind == "put"
            self.story.done[message.number] += 1

    def do(self, message: Do) -> None:  # noqa: C901 - one branch a verb
        """Do what the message says."""
        whom = self.story.workers[message.target % len(self.story.workers)]
        match message.kind:
            case "aside":
                self.set_aside(message)
            case "unstash":
                self.unstash_all()
            case "boom":
                raise BoomError(message)
            case "task" | "crashing-task":
                self.start_soon(self.task, message)
            case "after" | "every":
                tick = Do("tick", self, 0, 0, 0)
                start = self.after if message.kind == "after" else self.every
                start(message.seconds or 0.5, tick, key=message.target)
            case "no-timer":
                self.cancel_timer(message.target)
            case "child":
                self.start_child(message)
            case "watch":
                self.watch(whom)
                self.watches[whom] += 1
            case "unwatch":
                self.unwatch(whom)
            case "finish":
                self.finish()
            case "tick" if message.sender is not self:
                self.story.wrong.append("a timer has outlived its incarnation")
            case _:
                pass

    def set_aside(self, message: Do | Ask) -> None:
        """Stash the message the first time, handle it the second."""
        if message.number in self.aside:
            order = self.aside.pop(message.number)
            if order < self.come_back:
                self.story.wrong.append(f"{message} came back out of order")
            self.come_back = order
        else:
            self.stash(message)
            self.set_asides += 1
            self.aside[message.number] = self.set_asides

    def start_child(self, message: Do) -> None:
        """Start a worker of one's own, or have the first one do something."""
        story = self.story
        if not self.children:
            plan = story.plan.workers[message.target % len(story.plan.workers)]
            child = self.start(class_of(plan), story)
            self.children.append(child)
            watch(story, child)
        number = story.number()
        kind = "boom" if message.seconds == 0 else "put"
        with suppress(ActorStoppedError, MailboxFullError):
            self.children[0].tell_nowait(Do(kind, self, number, 0, 0))
            story.accepted.add(number)

    async def task(self, message: Do) -> None:
        """Be a child task."""
        await trio.sleep(message.seconds)
        if message.kind == "crashing-task":
            raise BoomError(message)

    def answer(self, ask: Ask) -> None:
        """Answer now, later or never."""
        match ask.kind:
            case "total":
                ask.reply(self.total)
            case "later":
                self.start_soon(self.answer_later, ask)
            case "hard":
                ask.fail(HardError())
            case "boom":
                raise BoomError(ask)
            case "aside-ask":
                self.set_aside(ask)
                if ask.number not in self.aside:
                    ask.reply(-1)
            case _:
                pass

    async def answer_later(self, ask: Ask) -> None:
        """Be a child task that answers."""
        await trio.sleep(ask.seconds)
        ask.reply(-1)


class PlainWorker(Worker):
    """Never waits."""

    def receive(self, message: Do | Ask | Terminated) -> None:
        self.act(message)
        self.end(message)


class AsyncWorker(Worker):
    """Naps, and asks others."""

    async def started(self) -> None:
        await trio.sleep(0.1)

    async def receive(self, message: Do | Ask | Terminated) -> None:
        self.act(message)
        if isinstance(message, Do) and message.kind == "nap":
            await trio.sleep(message.seconds)
        elif isinstance(message, Do) and message.kind == "peer":
            story = self.story
            whom = story.workers[message.target % len(story.workers)]
            if whom is not self.ref:
                ask = Ask("total", self, story.number(), 0)
                await story.ask(whom, ask, within=message.seconds)
        elif isinstance(message, Do) and message.seconds < 1:
            await trio.lowlevel.checkpoint()
        self.end(message)

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        await trio.sleep(0.1 if isinstance(exit, Stopped) else 0)


def key_of(message: Any) -> object:
    """One queued message per sender, so that the order of each sender is kept."""
    return message.sender


def class_of(plan: WorkerPlan) -> type[Worker]:
    """Make the class of a worker."""

    class Planned(AsyncWorker if plan.is_async else PlainWorker):  # type: ignore[misc]
        mailbox = Mailbox(
            capacity=plan.capacity,
            overflow=plan.overflow,
            key=key_of if plan.overflow is Overflow.KEEP_LATEST else None,
            stash=3,
        )

    def fault(hook: str) -> Callable[[int], Exception | None]:
        numbers = plan.faults[hook]
        return lambda n: OSError(f"fault {n} of {hook}") if n in numbers else None

    hooks: dict[str, Any] = {hook: fault(hook) for hook in plan.faults if plan.faults}
    return with_faults(Planned, **hooks)


@attrs.frozen
class Resume:
    """Decide about a child that is held."""

    child: AnyRef
    decision: Decision


class Owner(Actor[Resume]):
    """Owns the workers and decides as planned."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.decisions = iter(story.plan.decisions * 50)

    def started(self) -> None:
        for number, plan in enumerate(self.story.plan.workers):
            worker = self.start(class_of(plan), self.story, name=f"worker-{number}")
            self.story.workers.append(worker)
            watch(self.story, worker)

    def receive(self, message: Resume) -> None:
        with suppress(ValueError):  # it is not held any more
            self.resume_child(message.child, message.decision)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        del exit
        decision = next(self.decisions, Decision.END)
        if decision is Decision.HOLD:
            then = next(self.decisions, Decision.END)
            if then is Decision.HOLD:
                then = Decision.END
            self.after(0.3, Resume(child, then))
        return decision


class Watcher(Actor[AnyRef | Terminated]):
    """Watches who it is told, and writes the notices down."""

    mailbox = Mailbox(capacity=10_000)

    def __init__(self, story: Story) -> None:
        self.story = story

    def receive(self, message: AnyRef | Terminated) -> None:
        if isinstance(message, Terminated):
            self.story.notices.append(message)
        else:
            self.story.watched.append(message)
            self.watch(message)
            self.watch(message)


def watch(story: Story, ref: AnyRef) -> None:
    """Have the watcher watch it."""
    story.everybody.append(ref)
    assert story.watcher is not None
    story.watcher.tell_nowait(ref)


async def drive(story: Story, sender: int, steps: list[Step]) -> None:
    """Carry a driver's steps out."""
    puts: Counter[AnyRef] = Counter()  # its own, accepted
    for step in steps:
        ref = story.workers[step.target % len(story.workers)]
        match step.act:
            case "sleep":
                await trio.sleep(step.seconds)
            case "stop":
                ref.stop(sender)
            case "kill":
                if ref.exit is None:
                    story.kills.append((ref, trio.current_time()))
                ref.kill()
            case "ask" | "ask-within" | "ask-cancel":
                ask = Ask(step.asked, sender, story.number(), step.seconds)
                within = step.seconds if step.act == "ask-within" else None
                limit = step.seconds if step.act == "ask-cancel" else FOR_EVER
                with trio.move_on_after(limit) as scope:
                    await story.ask(ref, ask, within=within, own=puts[ref])
                if scope.cancelled_caught and limit == FOR_EVER:
                    story.wrong.append(f"{ask} waited for ever")
            case _:
                number = story.number()
                message = Do(step.kind, sender, number, step.seconds, step.target)
                story.puts_tried[ref] += step.kind == "put"
                with suppress(ActorStoppedError, MailboxFullError):
                    if step.act == "tell-nowait":
                        ref.tell_nowait(message)
                        story.accepted.add(number)
                    else:
                        limit = step.seconds if step.act == "tell-cancel" else FOR_EVER
                        with trio.move_on_after(limit) as scope:
                            await ref.tell(message)
                            story.accepted.add(number)
                        if scope.cancelled_caught and limit == FOR_EVER:
                            story.wrong.append(f"{message} waited for ever")
                    puts[ref] += step.kind == "put" and number in story.accepted


async def carry_out(plan: Plan) -> None:
    """Run a plan, and check what is true of all."""
    story = Story(plan)
    log: EventLog | None = None
    async with trio.open_nursery() as nursery:
        async with open_system() as system:
            if plan.traced:
                log = EventLog(system)
            letters = DeadLetterProbe(system)
            subscription = system.subscribe(
                IncarnationEnded, ActorStopped, capacity=10_000
            )
            story.watcher = system.start(Watcher, story, name="watcher")
            owner = system.start(Owner, story, name="owner")
            await owner.wait_started()
            for number, steps in enumerate(plan.drivers):
                nursery.start_soon(drive, story, number, steps)
            await trio.sleep(20)
        assert system.statistics().actors == system.statistics().timers == 0

    # nothing is left behind
    assert open_tasks() == []
    assert system.statistics().workers == 0
    # every ask has ended, in a way that is promised
    assert story.wrong == []
    assert len(story.outcomes) == story.asked
    assert "none of those promised" not in story.outcomes
    # what was told was handled or became a dead letter, exactly once
    story.done.pop(0, None)
    told = [letter.message for letter in letters.letters]
    dead = Counter(m.number for m in told if isinstance(m, Do) and m.number)
    assert dead + story.done == Counter(story.accepted)
    # the order of each sender is kept
    assert [n for n in story.begun.values() if n != sorted(set(n))] == []
    # whoever watches is told once
    assert Counter(story.watched) == Counter(story.everybody)
    assert Counter(n.ref for n in story.notices) == Counter(story.everybody)
    assert all(n.exit is n.ref.exit for n in story.notices)
    # a counter that nothing happened to counts right
    ends = subscription.drain()
    lives = Counter(e.ref for e in ends if isinstance(e, IncarnationEnded))
    hurt = {letter.ref for letter in letters.letters}
    for ref, own, answer, tried, _ in story.totals:
        if lives[ref] == 1 and ref not in hurt:
            assert own <= answer <= tried
    check_times(story, ends)
    if log is not None:
        log.check()
        check_totals(story, log)
        check_accounts(log)


def check_times(story: Story, ends: Sequence[Event]) -> None:
    """Nobody waits for an answer of the dead; a kill does not take long."""
    times: dict[AnyRef, list[Event]] = {}
    for event in ends:
        times.setdefault(event.ref, []).append(event)
    for ref, number, begun, ended in story.waits:
        for event in times[ref]:
            taken = story.taken.get(number)
            since = begun if isinstance(event, ActorStopped) else taken
            if since is not None:
                assert not since < event.at < ended - NEARLY, (ref, number, event)
    for ref, killed in story.kills:
        assert any(killed <= event.at <= killed + 0.5 for event in times[ref])


def check_totals(story: Story, log: EventLog) -> None:
    """Each answer is the number of puts that this incarnation had handled before."""
    messages: dict[tuple[AnyRef, int], Any] = {}
    puts: Counter[tuple[AnyRef, int]] = Counter()  # {(actor, incarnation): puts}
    now: dict[AnyRef, int] = {}  # {actor: incarnation}
    expected: dict[int, int] = {}
    for event in log.events:
        match event:
            case MessageAccepted(ref=ref, number=number, message=message):
                messages[ref, number] = message
            case MessageBegun(ref=ref, number=number, incarnation=incarnation):
                now[ref] = incarnation
                message = messages[ref, number]
                if isinstance(message, Ask):
                    expected[message.number] = puts[ref, incarnation]
            case MessageEnded(ref=ref, number=number, end=MessageEnd.HANDLED):
                message = messages[ref, number]
                puts[ref, now[ref]] += isinstance(message, Do) and message.kind == "put"
            case _:
                pass
    for _, _, answer, _, number in story.totals:
        assert answer == expected[number]


def check_accounts(log: EventLog) -> None:
    """Handled, dead and skipped are all that was accepted; the dead have letters."""
    ends = Counter(event.end for event in log.of(MessageEnded))
    assert ends.total() == len(log.of(MessageAccepted))


seconds = st.sampled_from(TIMES)
steps = st.builds(
    Step,
    act=st.sampled_from(ACTS * 3 + ENDS),
    kind=st.sampled_from(TELLS),
    asked=st.sampled_from(ASKS),
    target=st.integers(0, 3),
    seconds=seconds,
)
calls = st.frozensets(st.integers(1, 12), max_size=1)
NO_FAULTS: dict[str, int] = {}

workers = st.builds(
    WorkerPlan,
    is_async=st.booleans(),
    overflow=st.sampled_from([Overflow.WAIT, *Overflow]),
    capacity=st.sampled_from([1, 2, 5, 1024]),
    faults=st.one_of(
        st.just(NO_FAULTS),
        st.fixed_dictionaries(
            {"receive": calls, "started": calls, "stopped": calls, "task": calls}
        ),
    ),
)
plans = st.builds(
    Plan,
    seed=st.integers(0, 2**16),
    traced=st.booleans(),
    workers=st.lists(workers, min_size=1, max_size=3),
    decisions=st.lists(
        st.sampled_from(
            [Decision.RESTART, Decision.RESTART, Decision.END, Decision.HOLD]
        ),
        min_size=1,
        max_size=5,
    ),
    drivers=st.lists(st.lists(steps, min_size=4, max_size=30), min_size=2, max_size=4),
)


@settings(
    max_examples=250,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(plan=plans)
def test_a_random_system_keeps_its_promises(plan: Plan) -> None:
    """Whatever is told, asked, cancelled, crashed, stopped or killed."""
    run_seeded(carry_out, plan, seed=plan.seed)
