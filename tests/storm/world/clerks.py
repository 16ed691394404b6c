"""The cast: plain actors that do what they are told.

They are told to wait, to crash, to start children and tasks, to set messages aside, and
write down what they have handled to the end.  Where they live is said in `tree`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

import attrs
import trio

from actors import (
    Actor,
    ActorRef,
    ActorStoppedError,
    AnyRef,
    Exit,
    Mailbox,
    MailboxFullError,
    Request,
    StashFullError,
    Terminated,
)
from tests.storm.world.story import StormError, Story


@attrs.frozen
class Note:
    """What clerks are told; number 0 is a timer's."""

    number: int
    sender: int
    act: str
    choice: int


@attrs.frozen
class Query(Request[int]):
    """What clerks are asked."""

    number: int
    kind: str


class HardError(Exception):
    """What a hard question is answered with."""


class Clerk(Actor[Any]):
    """Does what it is told; `receive` is added by the two below."""

    grace = 2.0

    def __init__(self, story: Story, name: str) -> None:
        self.story = story
        self.me = name
        self.total = 0
        self.aside: set[int] = set()  # numbers of messages in the stash
        self.ticks = 0
        self.helpers: list[AnyRef] = []

    def started(self) -> None:
        story = self.story
        story.lives[self.me] += 1
        story.clerks[self.me] = self.ref
        if (self.me, story.lives[self.me]) in story.plan.faults:
            raise StormError(self.me)

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        if self.story.lives[self.me] % 5 == 4:
            raise StormError(self.me)

    def begin(self, message: Note | Query) -> None:
        """Note that it has been taken, the first time."""
        if message.number and isinstance(message, Note) and message.act != "stash":
            key = (self.ref, message.sender)
            self.story.order.setdefault(key, []).append(message.number)

    def act(self, message: Any) -> None:
        """Handle a message as far as that needs no waiting."""
        if isinstance(message, Query):
            self.answer(message)
        elif isinstance(message, Note):
            self.begin(message)
            self.do(message)

    def end(self, message: Any) -> None:
        """Note that it has been handled."""
        if isinstance(message, Note) and message.number not in self.aside:
            self.total += message.act == "put"
            if message.number:
                self.story.handled[message.number] += 1

    def do(self, message: Note) -> None:  # noqa: C901, PLR0912 - one branch a verb
        """Do what the message says."""
        story = self.story
        match message.act:
            case "boom":
                raise StormError(message)
            case "task" | "bad-task":
                self.start_soon(self.task, message)
            case "after":
                self.after(message.choice / 4, Note(0, 0, "tick", 0), key="after")
            case "every":
                self.every(1 + message.choice / 4, Note(0, 0, "tick", 0), key="every")
            case "no-timer":
                self.cancel_timer("every")
            case "tick":
                self.ticks += 1
                if self.ticks > 5:
                    self.cancel_timer("every")
            case "child":
                self.help(message)
            case "stash":
                self.set_aside(message)
            case "unstash":
                self.unstash_all()
            case "watch" | "unwatch":
                names = sorted(story.clerks)
                whom = story.clerks[names[message.choice % len(names)]]
                watcher = story.clerks.get("watcher")
                if watcher is not None:
                    with suppress(ActorStoppedError, MailboxFullError):
                        watcher.tell_nowait(Watch(whom, on=message.act == "watch"))
            case "finish":
                self.finish()
            case _:
                pass

    def set_aside(self, message: Note) -> None:
        """Stash it the first time, handle it the second."""
        if message.number in self.aside:
            self.aside.discard(message.number)
        else:
            with suppress(StashFullError):
                self.stash(message)
                self.aside.add(message.number)

    def help(self, message: Note) -> None:
        """Start an actor of its own, or have it do something."""
        if not self.helpers:
            name = f"helper-of-{self.me}"
            self.helpers.append(self.start(PlainClerk, self.story, name))
        number = self.story.next_number()
        act = "boom" if message.choice == 0 else "put"
        with suppress(ActorStoppedError, MailboxFullError):
            self.helpers[0].tell_nowait(Note(number, -1, act, 0))
            self.story.accepted.add(number)

    async def task(self, message: Note) -> None:
        """Be a child task."""
        await trio.sleep(message.choice / 4)
        if message.act == "bad-task":
            raise StormError(message)

    def answer(self, query: Query) -> None:
        """Answer now, later or never."""
        match query.kind:
            case "total":
                query.reply(self.total)
            case "later":
                self.start_soon(self.answer_later, query)
            case "hard":
                query.fail(HardError())
            case "boom":
                raise StormError(query)
            case "stash" if query.number not in self.aside:
                with suppress(StashFullError):
                    self.stash(query)
                    self.aside.add(query.number)
            case "stash":
                query.reply(-1)
            case _:
                pass

    async def answer_later(self, query: Query) -> None:
        """Be a child task that answers."""
        await trio.sleep(1)
        query.reply(-1)


class PlainClerk(Clerk):
    """Never waits."""

    def receive(self, message: Any) -> None:
        self.act(message)
        self.end(message)


class AsyncClerk(Clerk):
    """Naps, and asks others."""

    async def receive(self, message: Any) -> None:
        self.act(message)
        if isinstance(message, Note):
            if message.act == "nap":
                await trio.sleep(message.choice / 4)
            elif message.act == "peer":
                await self.ask_peer(message)
            else:
                await trio.lowlevel.checkpoint()
        self.end(message)

    async def ask_peer(self, message: Note) -> None:
        """Ask another one; whatever comes of it."""
        story = self.story
        names = sorted(story.clerks)
        whom = story.clerks[names[message.choice % len(names)]]
        clerk = names[message.choice % len(names)].startswith(
            ("wait", "reject", "part", "backend")
        )
        if whom is not self.ref and clerk:
            query = Query(story.next_number(), "total")
            with suppress(Exception):
                await whom.ask(query, within=0.5)


class Hired(AsyncClerk):
    """One that is hired: the name comes with the request."""

    def __init__(self, story: Story, name: str = "") -> None:
        super().__init__(story, name)


class Partitioned(PlainClerk):
    """One of a partition: `Parts.arguments` has what it is made with."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)


@attrs.frozen
class Watch:
    """What the watcher is told: watch, or watch no more."""

    ref: AnyRef
    on: bool


class Watcher(Actor[Any]):
    """Watches, and writes the notices down."""

    mailbox: ClassVar[Mailbox] = Mailbox(10_000)

    def __init__(self, story: Story) -> None:
        self.story = story

    def started(self) -> None:
        self.story.clerks["watcher"] = self.ref

    def receive(self, message: Watch | Terminated) -> None:
        story = self.story
        if isinstance(message, Terminated):
            assert isinstance(message.ref, ActorRef)
            story.notices[message.ref] += 1
            exit_ = message.ref.exit
            # None: its supervisor has started it again since
            if exit_ is not None and message.exit is not exit_:
                story.wrong("a watcher is told how it ended", f"{message}")
            if not story.watched[message.ref]:
                story.wrong("only who watches is told", f"{message}")
            story.watched[message.ref] -= 1
        elif message.on:
            self.watch(message.ref)
            story.watched[message.ref] = 1
        else:
            self.unwatch(message.ref)
            story.watched[message.ref] = 0
