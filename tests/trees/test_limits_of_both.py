"""A child's own limit, and its supervisor's: which is spent first, and who is told."""

from __future__ import annotations

import logging
import math
import warnings
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors import Actor, open_system
from supervision import (
    Backoff,
    ChildSpec,
    ChildState,
    DynamicSupervisor,
    LimitWarning,
    Restart,
    RestartLimit,
    RestartLimitError,
    SpecError,
    StartChild,
    Supervisor,
    describe_child,
    start_child,
)


class Worker(Actor[Any]):
    """Crashes as soon as it is started, again and again."""

    def started(self) -> None:
        self.after(0, "crash")

    def receive(self, message: Any) -> None:
        raise ValueError(message)


def restarts(count: int, within: float = 60) -> ChildSpec[Any]:
    """A child with this limit."""
    return ChildSpec(Worker, id="a", limit=RestartLimit(count, within=within))


THREE = RestartLimit(3, within=5.0)

# {what: (the child, its supervisor's limit, whether the supervisor's is spent first)}
PAIRS: dict[str, tuple[ChildSpec[Any], RestartLimit | None, bool]] = {
    "no limit of its own": (ChildSpec(Worker, id="a"), THREE, False),
    "fewer": (restarts(2), THREE, False),
    "as many: its own is looked at first": (restarts(3), THREE, False),
    "more": (restarts(4), THREE, True),
    "more, of a supervisor that allows none": (
        restarts(1),
        RestartLimit(0, within=5),
        True,
    ),
    "more, with pauses within the time": (
        restarts(5).evolve(backoff=Backoff(0.5, 1, jitter=0)),
        THREE,
        True,
    ),
    "more, with pauses that are longer": (
        restarts(5).evolve(backoff=Backoff(2, 9, jitter=0)),
        THREE,
        False,
    ),
    "more, with pauses, counted for ever": (
        restarts(5, math.inf).evolve(backoff=Backoff(2, 9, jitter=0)),
        RestartLimit(3, within=math.inf),
        True,
    ),
    "a supervisor that never gives up": (restarts(5), None, False),
    "a child that is never restarted": (
        restarts(5).evolve(restart=Restart.TEMPORARY),
        THREE,
        False,
    ),
}


def declare(spec: ChildSpec[Any], allowed: RestartLimit | None) -> type[Supervisor]:
    """The class of a supervisor of it."""

    class Tree(Supervisor):
        limit = allowed
        children = (spec,)

    return Tree


@pytest.mark.parametrize("name", PAIRS)
async def test_the_warning_comes_where_it_is_so(
    name: str, autojump_clock: MockClock
) -> None:
    """What it foretells is what becomes of a child that crashes at each start."""
    del autojump_clock
    spec, allowed, warned = PAIRS[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tree = declare(spec, allowed)
    assert [each.category for each in caught] == [LimitWarning] * warned
    if spec.limit is None or spec.restart is Restart.TEMPORARY:
        return

    async def run() -> None:
        async with open_system() as system:
            ref = system.start(tree, name="tree")
            await trio.sleep(50)
            assert (await describe_child(ref, "a")).state is ChildState.QUARANTINED

    if warned:
        with pytest.raises(RestartLimitError):
            await run()
    else:
        await run()


def test_it_says_where_and_what_would_be_right() -> None:
    """The line of the class, the child, both limits."""
    with pytest.warns(LimitWarning) as caught:
        declare(restarts(5), THREE)

    (warning,) = caught
    assert warning.filename == __file__
    text = str(warning.message)
    assert text.startswith("Tree: child 'a' may be restarted 5 times within 60 s, but")
    assert "gives up after 3 within 5 s" in text
    assert text.endswith("allow it at most 3, or a backoff")


def test_it_is_told_once_for_each_declaration() -> None:
    """Not again for a subclass that declares nothing else."""
    with pytest.warns(LimitWarning):
        tree = declare(restarts(5), THREE)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        type("Same", (tree,), {})
        type("Patient", (tree,), {"limit": RestartLimit(9, within=60)})
    with pytest.warns(LimitWarning):
        type("Less", (tree,), {"limit": RestartLimit(1, within=60)})


def test_a_template_is_looked_at_too() -> None:
    """That of a dynamic supervisor."""
    with pytest.warns(LimitWarning, match="Pool: child 'a'"):

        class Pool(DynamicSupervisor):
            template = restarts(5)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        type("Same", (Pool,), {})


class Later(Supervisor):
    """Declares when it is started."""

    def declare(self) -> list[ChildSpec[Any]]:
        return [Idle.spec("declared")]


class LaterPool(DynamicSupervisor):
    """So does this."""

    def declare(self) -> ChildSpec[Any]:
        return Idle.spec("template")


class Idle(Actor[Any]):
    """Does not crash."""

    def receive(self, message: Any) -> None:
        """Hear nothing."""

    @classmethod
    def spec(cls, name: str) -> ChildSpec[Any]:
        """With a limit beyond reach."""
        return ChildSpec(cls, id=name, limit=RestartLimit(5, within=60))


async def test_what_comes_later_is_said_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By `declare`, by `start_child`; and nothing of what is right, or no spec."""
    caplog.set_level(logging.WARNING, "supervision")
    async with open_system() as system:
        tree = system.start(Later, name="tree")
        await tree.wait_started()
        await start_child(tree, Idle.spec("added"))
        await start_child(tree, ChildSpec(Idle, id="right"))
        wrong: Any = "no spec"
        with pytest.raises(SpecError):
            await tree.ask(StartChild(wrong))
        await system.start(LaterPool, name="pool").wait_started()

    said = [record.getMessage().partition(" may be")[0] for record in caplog.records]
    assert said == [
        "/tree: child 'declared'",
        "/tree: child 'added'",
        "/pool: child 'template'",
    ]
