"""What a storm is, as pure data, and how a seed becomes one.

All random choices are made here, so a plan can be cut down: whatever steps are left, in
whatever order of scheduling, it is played as it says.  A `Cut` is what is left of the
plan of a seed; as text it is short enough for a command line.
"""

from __future__ import annotations

import random
from typing import Any

import attrs

from actors import (
    Batch,
    ChildPolicy,
    Mailbox,
    Overflow,
    PromptPolicy,
    Steering,
    TurnPolicy,
    WhileBusy,
)
from supervision import Backoff, Limits, RestartLimit, Strategy
from tests.storm.world.words import ACTS, PHRASES, QUESTIONS, TREE_VERBS, VERBS, WORDS

KEYS = ("a", "b", "c", "d", "e")
OWNERS = {"c": "x", "d": "x", "e": "y", "rest-x": "x", "rest-y": "y"}
"""`{key: tenant}`; the others have none."""
CLERKS = ("wait", "reject", "oldest", "newest", "latest", "part-0", "part-1", "backend")
"""Plain actors, by what their mailboxes do or where they are; beside those hired."""
LONGEST_DEAF = 9.0
"""Seconds: no word is deaf to cancellation for longer."""
STOP_WITHIN = 30.0
"""Seconds for the ordered stop of the whole system."""

ENDS = ("rest", "rest", "rest", "leave", "leave", "raise", "cancel", "drain", "drain")
_PATIENT = (WhileBusy.QUEUE, WhileBusy.STEER, WhileBusy.NEVER_STEER)
_FIRST = (WhileBusy.REFUSE, WhileBusy.INTERRUPT, WhileBusy.REPLACE)
_IMPATIENT = 0.3  # of the plans: what is sent does not wait
SPREAD = (10.0, 25.0, 60.0)  # seconds over which the steps of a plan are strewn


@attrs.frozen
class Step:
    """One thing that somebody does."""

    number: int
    """Unique in its plan, from 1; it names the prompt that the step sends, too."""
    at: float
    """When: seconds."""
    verb: str
    """What; see `words.VERBS` and `words.TREE_VERBS`."""
    who: str
    """A session's key, or a clerk's name."""
    script: str = ""
    """What the prompt does, or the clerk is told."""
    choice: int = 0
    """For the verb: which of its possibilities, from 0 to 11."""


@attrs.frozen
class Cast:
    """What sessions are like."""

    turns: TurnPolicy
    prompts: PromptPolicy
    children: ChildPolicy
    starts_slowly: frozenset[tuple[str, int]]
    """(key, generation) whose `started` takes five seconds."""
    fails_to_start: frozenset[tuple[str, int]]
    """...whose `started` raises."""
    fails_to_stop: frozenset[tuple[str, int]]
    """...whose `stopped` raises."""
    fails_to_suspend: frozenset[str]
    """Keys whose `suspend` raises."""


@attrs.frozen
class Plan:
    """One storm."""

    seed: int
    order: int
    """Seed of the order of scheduling."""
    heard: str
    """Which events are listened to: all, those of turns, or (short ways!) none."""
    strategy: Strategy
    """Of the supervisor above the router and its backend."""
    limits: Limits
    """Of the router."""
    cast: Cast
    mailboxes: dict[str, Mailbox]
    """`{clerk: its mailbox}`."""
    plain: frozenset[str]
    """Clerks whose `receive` is a plain `def`."""
    faults: frozenset[tuple[str, int]]
    """(clerk, incarnation) whose `started` raises."""
    end: str
    """How the block is left."""
    end_at: float
    """When, unless at rest: seconds."""
    steps: tuple[Step, ...]

    def keep(self, cut: Cut) -> Plan:
        """What is left of it."""
        steps: list[Step] = []
        for step in self.steps:
            if step.number in cut.steps:
                words, left = step.script.split(), cut.steps[step.number]
                script = " ".join(w for n, w in enumerate(words) if n in left)
                steps.append(attrs.evolve(step, script=script))
        return attrs.evolve(self, steps=tuple(steps), order=cut.order)

    def whole(self) -> Cut:
        """The cut that leaves everything."""
        return Cut(
            self.order,
            {s.number: tuple(range(len(s.script.split()))) for s in self.steps},
        )


@attrs.frozen
class Cut:
    """What is left of a plan."""

    order: int
    steps: dict[int, tuple[int, ...]]
    """`{number of a step: places of the words of its script}`."""

    def __str__(self) -> str:
        """Such as `7@3:0+2,12:`, order first."""
        steps = [
            f"{number}:{'+'.join(map(str, words))}"
            for number, words in self.steps.items()
        ]
        return f"{self.order}@{','.join(steps)}"

    @classmethod
    def parse(cls, text: str) -> Cut:
        """The cut of this text."""
        order, _, rest = text.partition("@")
        steps: dict[int, tuple[int, ...]] = {}
        for each in filter(None, rest.split(",")):
            number, _, words = each.partition(":")
            steps[int(number)] = tuple(map(int, filter(None, words.split("+"))))
        return cls(int(order), steps)


def make_plan(seed: int) -> Plan:
    """Make the plan of a seed; always the same."""
    dice = random.Random(seed)  # noqa: S311 - a plan, not a secret
    spread = dice.choice(SPREAD)
    taste = _taste(dice)
    steps = [
        _step(dice, number, spread, taste) for number in range(1, dice.randint(60, 220))
    ]
    plan = Plan(
        seed=seed,
        order=seed,
        heard=dice.choice(("all", "all", "turns", "turns", "none")),
        strategy=dice.choice(tuple(Strategy)),
        limits=make_limits(dice),
        cast=_cast(dice),
        mailboxes={name: _mailbox(dice, name) for name in CLERKS},
        plain=frozenset(name for name in CLERKS if dice.random() < 0.5),
        faults=frozenset(
            (name, dice.randint(2, 4)) for name in CLERKS if dice.random() < 0.2
        ),
        end=dice.choice(ENDS),
        end_at=dice.randint(2, 2 * int(spread)) / 2 + 1,
        steps=tuple(sorted(steps, key=lambda step: (step.at, step.number))),
    )
    if dice.random() < _IMPATIENT:
        prompts = attrs.evolve(plan.cast.prompts, busy=dice.choice(_FIRST))
        return attrs.evolve(plan, cast=attrs.evolve(plan.cast, prompts=prompts))
    return plan


def make_limits(dice: random.Random) -> Limits:
    """Limits of a router; also for `configure`."""
    return Limits(
        sessions=dice.choice((1, 2, 3, 5, 5, 5)),
        sessions_per_tenant=dice.choice((None, None, 1)),
        turns=dice.choice((1, 2, 2, 3, 5)),
        turns_per_tenant=dice.choice((None, None, 1)),
        idle=dice.choice((5.0, 20.0, 20.0, 60.0)),
        start_within=dice.choice((3.0, 30.0)),
        restarts=RestartLimit(dice.choice((0, 2, 5)), within=30.0),
        backoff=dice.choice((None, None, Backoff(1, 4, jitter=0))),
    )


def key_of(message: Any) -> object:
    """The key of a message to a clerk that keeps the latest."""
    return getattr(message, "number", 0) % 3


@attrs.frozen
class _Taste:
    """What a plan is made of: never of everything, for much hides behind the rest."""

    keys: tuple[str, ...]
    clerks: tuple[str, ...]
    words: tuple[str, ...]
    verbs: tuple[str, ...]
    tree_verbs: tuple[str, ...]
    acts: tuple[str, ...]
    share: float  # of the steps: those about sessions
    phrases: float  # of these: those whose script is a phrase


def _taste(dice: random.Random) -> _Taste:
    def some(all_: tuple[str, ...], share: float, *always: str) -> tuple[str, ...]:
        names = sorted(set(all_))
        kept = {*dice.sample(names, max(1, int(len(names) * share))), *always}
        return tuple(each for each in all_ if each in kept)

    return _Taste(
        keys=some(KEYS, dice.choice((0.2, 0.6, 0.8))),
        clerks=some(CLERKS, dice.choice((0.2, 0.5))),
        words=some(WORDS, dice.choice((0.2, 0.4, 0.7)), "say", "sleep:1", "sleep:2"),
        verbs=some(VERBS, dice.choice((0.3, 0.6, 0.9)), "send", "open"),
        tree_verbs=some(TREE_VERBS, 0.7, "tell"),
        acts=some(ACTS, 0.6, "put"),
        share=dice.choice((0.3, 0.75, 0.9, 0.98)),
        phrases=dice.choice((0.1, 0.4, 0.7)),
    )


def _step(dice: random.Random, number: int, spread: float, taste: _Taste) -> Step:
    # half a second is coarse enough for much to come in the same instant
    at = dice.randint(0, int(2 * spread)) / 2
    choice = dice.randrange(12)
    if dice.random() < taste.share:
        size = dice.choice((0, 1, 2, 2, 3, 4, 6))
        script = " ".join(dice.choice(taste.words) for _ in range(size))
        if dice.random() < taste.phrases:
            script = dice.choice(PHRASES)
        verb, key = dice.choice(taste.verbs), dice.choice(taste.keys)
        return Step(number, at, verb, key, script, choice)
    verb, who = dice.choice(taste.tree_verbs), dice.choice(taste.clerks)
    if verb.startswith("ask"):
        script = dice.choice(QUESTIONS)
    else:
        size = 6 if verb == "burst" else 1
        script = " ".join(dice.choice(taste.acts) for _ in range(size))
    return Step(number, at, verb, who, script, choice)


def _cast(dice: random.Random) -> Cast:
    some = [(key, generation) for key in KEYS for generation in range(1, 5)]
    batch = dice.choice((None, None, Batch(prompts=3)))
    return Cast(
        turns=TurnPolicy(
            time_limit=dice.choice((20, 40)),
            inactivity=dice.choice((8, 15)),
            tool_limit=25,
            reader_limit=10,
            abort_grace=dice.choice((2, 5, 15)),
            alive_every=7,
            stalls=(3, 6),
            drain_window=dice.choice((0, 0, 0.5)),
            cleanup_within=2,
            steps=dice.choice((3, 10)),
            budget=3,
        ),
        prompts=PromptPolicy(
            capacity=dice.choice((2, 3, 6, 20)),
            batch=batch,
            busy=dice.choice((*_PATIENT, WhileBusy.QUEUE, WhileBusy.QUEUE)),
            steering=dice.choice(tuple(Steering)),
            steering_capacity=dice.choice((1, 3)),
            dedupe=dice.choice((0, 2, 64)),
        ),
        children=ChildPolicy(depth=2, width=2, slot_wait=4, time_limit=9),
        starts_slowly=frozenset(dice.sample(some, 3)),
        fails_to_start=frozenset(dice.sample(some, dice.choice((0, 0, 2)))),
        fails_to_stop=frozenset(dice.sample(some, 2)),
        fails_to_suspend=frozenset(dice.sample(KEYS, dice.choice((0, 1)))),
    )


def _mailbox(dice: random.Random, name: str) -> Mailbox:
    ways = {
        "wait": Overflow.WAIT,
        "reject": Overflow.REJECT,
        "oldest": Overflow.DROP_OLDEST,
        "newest": Overflow.DROP_NEWEST,
        "latest": Overflow.KEEP_LATEST,
    }
    overflow = ways.get(name, Overflow.WAIT)
    return Mailbox(
        dice.choice((1, 2, 5)),
        overflow=overflow,
        key=key_of if overflow is Overflow.KEEP_LATEST else None,
        stash=2,
    )
