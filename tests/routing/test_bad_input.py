"""Wrong policies, wrong sessions and wrong calls, and what is said about them.

A policy is refused where it is written, a session class when it is made, a prompt where
it is sent; what a turn does wrongly is raised inside the turn.  Whoever asks about
something that is not there gets an answer that is false, and nothing has changed.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeAlias, cast

import attrs
import pytest
import trio

from actors import (
    Actor,
    Batch,
    Bounded,
    ChildPolicy,
    Completed,
    Latest,
    Partial,
    PromptPolicy,
    Session,
    Steering,
    Turn,
    TurnPolicy,
    WhileBusy,
    open_system,
)
from supervision import (
    Backoff,
    ChildSpec,
    FileTokens,
    Limits,
    MemoryTokens,
    RestartLimit,
    Router,
    RouterRef,
    SpecError,
    router_ref,
    start_router,
)
from supervision.durable import MemoryStore

Deed: TypeAlias = Callable[[Turn[Any, Any]], Awaitable[object]]
"""What a prompt of these tests is: what the turn does."""


class Doer(Session[Any, Any]):
    """Does its prompts, or nothing."""

    latest: ClassVar[list[Doer]] = []

    def __init__(self, *args: object) -> None:
        del args
        self.latest[:] = [self]

    async def take_turn(self, turn: Turn[Any, Any]) -> object:
        if callable(turn.prompt):
            return await cast("Deed", turn.prompt)(turn)
        await trio.lowlevel.checkpoint()
        return turn.prompt


class Plain(Actor[object]):
    """An actor that is no router and no session."""

    def receive(self, message: object) -> None:
        """Take it."""


@asynccontextmanager
async def open_router(make: Any = Doer) -> AsyncGenerator[RouterRef[Any, Any]]:
    """Open a system with a router; `make` may be wrong."""
    async with open_system() as system:
        yield start_router(system, make)


# --------------------------------------------------------------- policies

NUMBERS: list[tuple[Any, type[Exception]]] = [
    (0, ValueError),
    (-1, ValueError),
    (math.nan, ValueError),
    ("5", TypeError),
    (True, TypeError),
    (None, TypeError),
]
"""What no number of seconds may be."""

WHOLE_NUMBERS = [*NUMBERS[:2], (1.5, TypeError), *NUMBERS[3:]]
"""What no number of things may be."""

SECONDS: list[tuple[Any, str]] = [
    (TurnPolicy, "time_limit"),
    (TurnPolicy, "inactivity"),
    (TurnPolicy, "tool_limit"),
    (TurnPolicy, "abort_grace"),
    (TurnPolicy, "alive_every"),
    (TurnPolicy, "cleanup_within"),
    (TurnPolicy, "budget"),
    (ChildPolicy, "slot_wait"),
    (ChildPolicy, "time_limit"),
    (Batch, "weight"),
    (Limits, "idle"),
    (Limits, "start_within"),
]

COUNTS: list[tuple[Any, str]] = [
    (TurnPolicy, "steps"),
    (ChildPolicy, "depth"),
    (ChildPolicy, "width"),
    (Batch, "prompts"),
    (Partial, "chunks"),
    (Partial, "bytes"),
    (PromptPolicy, "capacity"),
    (PromptPolicy, "steering_capacity"),
    (Bounded, "capacity"),
    (Limits, "sessions"),
    (Limits, "turns"),
]

OTHERS: list[tuple[Any, str, Any, type[Exception]]] = [
    (TurnPolicy, "drain_window", -1, ValueError),
    (TurnPolicy, "drain_window", math.nan, ValueError),
    (TurnPolicy, "drain_window", "0", TypeError),
    (TurnPolicy, "drain_window", None, TypeError),
    (TurnPolicy, "stalls", (0,), ValueError),
    (TurnPolicy, "stalls", (30, 10), ValueError),
    (TurnPolicy, "stalls", (10, 10), ValueError),
    (TurnPolicy, "stalls", (10, -1), ValueError),
    (TurnPolicy, "stalls", ("10",), TypeError),
    (TurnPolicy, "stalls", 10, TypeError),
    (TurnPolicy, "stalls", None, TypeError),
    (TurnPolicy, "keep_state", True, TypeError),
    (TurnPolicy, "keep_state", None, TypeError),
    (TurnPolicy, "partial", 3, TypeError),
    (PromptPolicy, "dedupe", -1, ValueError),
    (PromptPolicy, "dedupe", 1.5, TypeError),
    (PromptPolicy, "dedupe", None, TypeError),
    (PromptPolicy, "dedupe", True, TypeError),
    (PromptPolicy, "batch", 10, TypeError),
    (PromptPolicy, "batch", True, TypeError),
    (PromptPolicy, "busy", "queue", TypeError),
    (PromptPolicy, "busy", Steering.ALL, TypeError),
    (PromptPolicy, "busy", None, TypeError),
    (PromptPolicy, "steering", "all", TypeError),
    (PromptPolicy, "steering", WhileBusy.STEER, TypeError),
    (Batch, "weigh", 3, TypeError),
    (Batch, "weigh", None, TypeError),
    (Batch, "window", -1, ValueError),
    (Batch, "window", None, TypeError),
    (Batch, "max_wait", 0, ValueError),
    (Batch, "max_wait", "1", TypeError),
    (Latest, "every", -1, ValueError),
    (Latest, "every", math.nan, ValueError),
    (Latest, "every", "1", TypeError),
    (Latest, "merge", 3, TypeError),
    (Limits, "sessions_per_tenant", 0, ValueError),
    (Limits, "sessions_per_tenant", "3", TypeError),
    (Limits, "turns_per_tenant", -1, ValueError),
    (Limits, "turns_per_tenant", True, TypeError),
    (Limits, "restarts", 3, TypeError),
    (Limits, "restarts", None, TypeError),
    (Limits, "restarts", Backoff(1, 2), TypeError),
    (Limits, "backoff", 1.0, TypeError),
    (Limits, "backoff", RestartLimit(3, within=5), TypeError),
]

POLICIES = [
    *((make, field, *bad) for make, field in SECONDS for bad in NUMBERS),
    *((make, field, *bad) for make, field in COUNTS for bad in WHOLE_NUMBERS),
    *OTHERS,
]


@pytest.mark.parametrize(("make", "field", "value", "error"), POLICIES)
def test_a_wrong_policy_is_refused_where_it_is_written(
    make: Callable[..., object], field: str, value: object, error: type[Exception]
) -> None:
    """Each field with its own error, which names it."""
    with pytest.raises(error) as caught:
        make(**{field: value})

    assert type(caught.value) is error
    assert field in str(caught.value) or "iterable" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [TurnPolicy, Partial, ChildPolicy, Batch, PromptPolicy, Bounded, Latest, Limits],
)
def test_a_policy_has_no_other_fields_and_cannot_be_changed(
    make: Any,
) -> None:
    """A typing mistake is not ignored, and what was checked stays so."""
    with pytest.raises(TypeError, match="timelimit"):
        make(timelimit=3)
    policy: attrs.AttrsInstance = make()
    field = attrs.fields(type(policy))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(policy, field, 3)


# --------------------------------------------------------------- session classes


async def _asynchronous(self: Any, *args: Any) -> None:
    del self, args


def _plain(self: Any, *args: Any) -> None:
    del self, args


def session(**members: Any) -> type[Session[Any, Any]]:
    """A class of sessions with members of any kind."""
    return type("Declared", (Session,), {"take_turn": _asynchronous, **members})


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"take_turn": _plain}, "take_turn must be"),
        ({"take_turn": None}, "take_turn must be"),
        ({"answer_aside": _plain}, "answer_aside must be"),
        ({"turn_ended": _plain}, "turn_ended must be"),
        ({"suspend": _plain}, "suspend must be"),
        ({"alive": _plain}, "alive must be"),
        ({"handle": _asynchronous}, "handle must be"),
        ({"child_orphaned": _asynchronous}, "child_orphaned must be"),
        ({"receive": _plain}, "must not define receive"),
        ({"receive": _asynchronous}, "must not define receive"),
        ({"turns": 30}, "turns must be a TurnPolicy"),
        ({"turns": TurnPolicy}, "turns must be a TurnPolicy"),
        ({"turns": PromptPolicy()}, "turns must be a TurnPolicy"),
        ({"prompts": None}, "prompts must be a PromptPolicy"),
        ({"child_turns": TurnPolicy()}, "child_turns must be a ChildPolicy"),
        ({"turn": TurnPolicy()}, "turn = TurnPolicy(...) would change nothing: call"),
        ({"policy": PromptPolicy()}, "nothing: call it `prompts`"),
        ({"children": ChildPolicy()}, "nothing: call it `child_turns`"),
    ],
)
def test_a_wrong_session_is_refused_when_its_class_is_made(
    members: dict[str, Any], text: str
) -> None:
    """Before there is anything that could be sent a prompt; it names the class."""
    with pytest.raises(TypeError, match="Declared") as caught:
        session(**members)

    assert text in str(caught.value)


def test_a_right_session_is_accepted_by_the_same_means() -> None:
    """The table above fails for its members only."""
    slow = TurnPolicy(steps=1)
    assert issubclass(session(handle=_plain, turns=slow, SLOW=slow, _s=slow), Session)


async def test_limits_under_a_name_that_nobody_reads_are_refused() -> None:
    """Where they are looked for first: at the router's start."""
    async with open_system() as system:
        with pytest.raises(TypeError, match="nothing: call it `limits`"):
            start_router(system, session(limit=Limits(sessions=1)))


# --------------------------------------------------------------- routers

MAKES: list[Any] = [3, None, "Doer", dict, Plain, Doer(), Session, lambda: None]


@pytest.mark.parametrize("make", MAKES, ids=lambda make: type(make).__name__)
async def test_only_a_session_class_can_be_routed(make: Any) -> None:
    """TypeError at once, and nothing is started."""
    async with open_system() as system:
        with pytest.raises(TypeError):
            start_router(system, make)

        assert system.statistics().actors == 0


class Modelled(Doer):
    """Its constructor takes one argument."""

    def __init__(self, model: str) -> None:
        self.model = model


class Late(Doer):
    """Its constructor is async, which no class can have."""

    async def __init__(self) -> None:  # type: ignore[misc]
        raise AssertionError


def _injected(init: Any) -> Any:
    @functools.wraps(init)
    def made(self: Any, *args: Any) -> None:
        init(self, *(args or ("a model",)))

    return made


class Injected(Modelled):
    """A decorator of somebody gives what is not given."""

    __init__ = _injected(Modelled.__init__)


@pytest.mark.parametrize(
    ("make", "args", "words"),
    [
        (Modelled, (), "Modelled needs the argument model; what its constructor takes"),
        (Modelled, ("a", "b"), "needs other arguments: too many positional"),
        (Late, (), "a plain `def __init__`: what it awaits belongs in `started`"),
    ],
)
async def test_arguments_that_no_session_can_be_made_with_are_refused_at_once(
    make: Any, args: tuple[Any, ...], words: str
) -> None:
    """And not when somebody speaks to the first one."""
    async with open_system() as system:
        with pytest.raises(TypeError, match=re.escape(words)):
            start_router(system, make, *args)

        assert system.statistics().actors == 0


async def test_a_constructor_that_gets_its_arguments_elsewhere_is_called() -> None:
    """What a decorator takes counts, not what it wraps."""
    async with open_system() as system:
        router = start_router(system, cast("Any", Injected))
        outcome = await router.send("ann", "hello").outcome()

    assert isinstance(outcome, Completed)


@pytest.mark.parametrize(
    "options",
    [
        {"limits": 10},
        {"limits": RestartLimit(3, within=5)},
        {"name": 3},
        {"tokens": 3},
        {"tokens": "tokens.jsonl"},
        {"tokens": MemoryTokens},
        {"tokens": FileTokens},
    ],
    ids=str,
)
async def test_wrong_options_of_a_router_are_refused(options: dict[str, Any]) -> None:
    """TypeError at once, and nothing is started."""
    async with open_system() as system:
        with pytest.raises(TypeError):
            start_router(system, Doer, **options)

        assert system.statistics().actors == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limits": 10}, "limits must be Limits, got 10"),
        ({"tokens": "tokens.jsonl"}, "tokens must be Tokens, .*, got 'tokens.jsonl'"),
        ({"tokens": MemoryTokens}, "tokens must be Tokens"),
        ({"durable": "x.db"}, "durable must be a store, .*, got 'x.db'"),
        ({"durable": MemoryStore}, "durable must be a store"),
        (
            {"durable": MemoryStore(), "tokens": MemoryTokens()},
            "tokens must be left out where there is durable=",
        ),
    ],
)
def test_a_router_that_is_declared_wrongly_is_refused(
    options: dict[str, Any], words: str
) -> None:
    """Where it is declared, not when its tree is started."""
    with pytest.raises(SpecError, match=words):
        Router.spec(Doer, **options)


@pytest.mark.parametrize("owner", [3, None, Plain, Doer])
async def test_a_router_needs_an_owner(owner: Any) -> None:
    """A system or an actor that lives."""
    with pytest.raises((TypeError, AttributeError)):
        start_router(owner, Doer)


async def test_only_a_router_has_a_router_ref() -> None:
    """TypeError for the ref of another actor, and for what is no ref."""
    async with open_system() as system:
        plain: Any = system.start(Plain)
        router = start_router(system, Doer)
        others: list[Any] = [plain, None, 3, router, Doer, ChildSpec(Router, Doer)]

        for each in others:
            with pytest.raises(TypeError):
                router_ref(each, Doer)

        assert router_ref(router.ref, Doer).ref is router.ref
        with pytest.raises(TypeError, match=r"whose sessions are <class .*Doer'>"):
            router_ref(router.ref, Modelled)


async def test_a_key_in_place_of_a_turn_is_told_what_takes_keys() -> None:
    """The verbs of a key are `cancel` and those after it."""
    words = r"a key is what cancel\(\) takes.* got 'ann'"
    async with open_router() as router:
        with pytest.raises(TypeError, match=words):
            router.abort(cast("Any", "ann"))


def test_a_timedelta_is_told_what_is_taken() -> None:
    """Wherever seconds are."""
    with pytest.raises(TypeError, match=r"time_limit must be .* total_seconds\(\)"):
        TurnPolicy(time_limit=cast("Any", dt.timedelta(hours=1)))


@pytest.mark.parametrize(
    ("limits", "error"), [(None, TypeError), (3, TypeError), (Limits, TypeError)]
)
async def test_a_router_is_configured_with_limits(
    limits: Any, error: type[Exception]
) -> None:
    """What is refused changes nothing."""
    async with open_router() as router:
        with pytest.raises(error):
            router.configure(limits)

        assert router.statistics().slots == Limits().turns


@pytest.mark.parametrize(
    ("within", "error"),
    [
        (-1, ValueError),
        (math.nan, ValueError),
        ("5", TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
)
async def test_a_drain_needs_a_time(within: Any, error: type[Exception]) -> None:
    """What is refused stops nothing."""
    async with open_router() as router:
        with pytest.raises(error):
            await router.drain(within)

        assert isinstance(await router.send("k", "hello").outcome(), Completed)
