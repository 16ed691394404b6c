"""The cast: the tree that all of them live in.

/top                    one for one, gives up never
    /watcher            watches whoever clerks watch for it
    /all                one for all: clerks that wait, reject
    /rest               rest for one: clerks that drop the oldest, newest, same
    /crowd              dynamic: clerks that are hired
    /parts              partitions: two clerks
    /desk               as the plan says: the backend, the router
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from supervision import (
    ChildSpec,
    DynamicSupervisor,
    PartitionSupervisor,
    Restart,
    RestartLimit,
    Router,
    Strategy,
    Supervisor,
)
from tests.storm.world.clerks import AsyncClerk, Hired, Partitioned, PlainClerk, Watcher
from tests.storm.world.story import Story

NEVER_TOO_OFTEN = RestartLimit(100_000, within=1.0)
SOMETIMES = RestartLimit(4, within=10.0)


def clerk_spec(story: Story, name: str) -> ChildSpec[Any]:
    """Declare a clerk."""
    plan = story.plan
    make = PlainClerk if name in plan.plain else AsyncClerk
    return ChildSpec(make, story, name, id=name, mailbox=plan.mailboxes[name])


class Branch(Supervisor):
    """A supervisor that its story knows."""

    limit: ClassVar[RestartLimit | None] = SOMETIMES
    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, story: Story) -> None:
        self.story = story

    def declare(self) -> Iterable[ChildSpec[Any]]:
        return [clerk_spec(self.story, name) for name in self.names]

    def started(self) -> None:
        self.story.clerks[self.ref.name] = self.ref
        super().started()


class All(Branch):
    """One for all."""

    strategy = Strategy.ONE_FOR_ALL
    names = ("wait", "reject")


class Rest(Branch):
    """Rest for one; one of them is not to be restarted always."""

    strategy = Strategy.REST_FOR_ONE
    names = ("oldest", "newest", "latest")

    def declare(self) -> Iterable[ChildSpec[Any]]:
        oldest, newest, latest = super().declare()
        return [oldest, newest.evolve(restart=Restart.TRANSIENT), latest]


class Crowd(DynamicSupervisor):
    """Clerks that are hired."""

    limit: ClassVar[RestartLimit | None] = SOMETIMES
    max_children: ClassVar[int | None] = 3

    def __init__(self, story: Story) -> None:
        self.story = story

    def declare(self) -> ChildSpec[Any]:
        return ChildSpec(Hired, self.story, restart=Restart.TRANSIENT)

    def started(self) -> None:
        self.story.clerks["crowd"] = self.ref
        super().started()


class Parts(PartitionSupervisor):
    """Two clerks."""

    limit: ClassVar[RestartLimit | None] = SOMETIMES
    partitions: ClassVar[int] = 2
    partition: ClassVar[ChildSpec[Any]] = ChildSpec(Partitioned)

    def __init__(self, story: Story) -> None:
        self.story = story

    def declare(self) -> Iterable[ChildSpec[Any]]:
        for spec in super().declare():
            mailbox = self.story.plan.mailboxes[f"part-{spec.id}"]
            yield spec.evolve(mailbox=mailbox)

    def arguments(self, number: int) -> tuple[Any, ...]:
        return (self.story, f"part-{number}")

    def started(self) -> None:
        self.story.clerks["parts"] = self.ref
        super().started()


class Desk(Supervisor):
    """The router, and a backend before it."""

    limit: ClassVar[RestartLimit | None] = SOMETIMES

    def __init__(self, story: Story) -> None:
        self.story = story

    def declare(self) -> Iterable[ChildSpec[Any]]:
        story = self.story
        make = story.performer
        router = ChildSpec(Router, make, (story,), story.plan.limits, id="router")
        return [clerk_spec(story, "backend"), router]

    def started(self) -> None:
        story = self.story
        story.desk = self
        story.clerks["desk"] = self.ref
        super().started()


def make_desk(strategy: Strategy) -> type[Desk]:
    """Make the class of the supervisor above the router."""
    return type("PlannedDesk", (Desk,), {"strategy": strategy})


class Top(Supervisor):
    """The top of the tree; it never gives up."""

    limit: ClassVar[RestartLimit | None] = NEVER_TOO_OFTEN

    def __init__(self, story: Story) -> None:
        self.story = story

    def declare(self) -> Iterable[ChildSpec[Any]]:
        story = self.story
        return [
            ChildSpec(Watcher, story, id="watcher"),
            ChildSpec(All, story, id="all"),
            ChildSpec(Rest, story, id="rest"),
            ChildSpec(Crowd, story, id="crowd"),
            ChildSpec(Parts, story, id="parts"),
            ChildSpec(make_desk(story.plan.strategy), story, id="desk"),
        ]
