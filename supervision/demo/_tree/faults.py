"""What goes wrong with the tree of the demo, one thing after the other.

An actor beside the traffic: at each tick it does the next thing of a fixed rota, to a
victim that a seeded random number chooses, and tells the ledger which prompts it has
hit.  It does nothing that is not open to any code in the tree.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Awaitable, Callable
from typing import Final

import attrs
import trio

from actors import Actor, AnyRef
from actors.hosting import actor_of
from supervision import (
    RouterRef,
    SupervisionError,
    find_child,
    restart_child,
    router_ref,
    stop_child,
)
from supervision.demo.traffic.book import ROUTER_CRASHED, SESSION_KILLED
from supervision.demo.traffic.plan import Plan
from supervision.demo.traffic.recording import Prompt

from .chat import Chat
from .ledger import Ledger
from .tools import NAMES, Break

_PATIENCE: Final = 5.0
"""Seconds that are waited at most until what was hit is back."""
_LOOK_EVERY: Final = 0.001


class Fault(enum.Enum):
    """What goes wrong with the tree."""

    TOOL_BROKEN = "a tool crashed"
    TOOL_REPLACED = "a tool was replaced"
    SESSION_KILLED = "a session was killed"
    SLOTS_TAKEN = "slots were taken away"
    SLOTS_BACK = "the slots were given back"
    ROUTER_CRASHED = "the router crashed"


ROTA: Final = (
    Fault.TOOL_BROKEN,
    Fault.SESSION_KILLED,
    Fault.TOOL_REPLACED,
    Fault.TOOL_BROKEN,
    Fault.SESSION_KILLED,
    Fault.ROUTER_CRASHED,
    Fault.TOOL_BROKEN,
    Fault.SESSION_KILLED,
    Fault.SLOTS_TAKEN,
    Fault.SLOTS_BACK,
)
"""In this order, again and again."""


@attrs.frozen
class Next:
    """Do the next thing."""


@attrs.frozen
class StrayMessage:
    """What the router is told, who takes no messages: it crashes on it."""


class Faults(Actor[Next]):
    """Does it.

    Args:
        plan: how often, and the seed.
        ledger: where it says what it has done, and to whom.
        demo: the supervisor of all.
        chat: the class of the router's sessions.
    """

    def __init__(
        self, plan: Plan, ledger: Ledger, demo: AnyRef, chat: type[Chat]
    ) -> None:
        self.plan = plan
        self.ledger = ledger
        self.demo = demo
        self.chat = chat
        self.chance = random.Random(plan.seed)  # noqa: S311 - a load, not a secret
        self.router: RouterRef[Prompt, int]
        self.acts: dict[Fault, Callable[[], Awaitable[bool]]] = {
            Fault.TOOL_BROKEN: self._break_tool,
            Fault.TOOL_REPLACED: self._replace_tool,
            Fault.SESSION_KILLED: self._kill_session,
            Fault.SLOTS_TAKEN: self._take_slots,
            Fault.SLOTS_BACK: self._restore_slots,
            Fault.ROUTER_CRASHED: self._crash_router,
        }
        self.turn = ledger.rota  # in the rota; a restart goes on

    async def started(self) -> None:
        """Find the router, and begin."""
        self.router = router_ref(await find_child(self.demo, "router"), self.chat)
        self.every(self.plan.fault_every, Next())

    async def receive(self, message: Next) -> None:
        """Do the next thing of the rota, and write it down if it could be done.

        A router that is away, or takes no more prompts because it drains, is let be.
        """
        del message
        router = actor_of(self.router.ref)
        if router is None or not router._house().admission.open:
            return
        fault = ROTA[self.turn % len(ROTA)]
        self.turn += 1
        with trio.move_on_after(_PATIENCE):
            try:
                done = await self.acts[fault]()
            except SupervisionError:  # the victim is away, from the fault before
                return
            if done:
                self.ledger.fault(fault.value)

    async def _break_tool(self) -> bool:
        tool = await find_child(self.demo, "tools", self.chance.choice(NAMES))
        tool.tell_nowait(Break())
        return True

    async def _replace_tool(self) -> bool:
        tools = await find_child(self.demo, "tools")
        name = self.chance.choice(NAMES)
        await stop_child(tools, name)
        await restart_child(tools, name)
        return True

    async def _kill_session(self) -> bool:
        """Kill one that has a turn; the prompts of the turn are its victims."""
        await trio.lowlevel.checkpoint()
        busy = [
            each for each in self.router.list() if each.phase in ("running", "tool")
        ]
        if not busy:
            return False
        victim = self.chance.choice(busy)
        for session in actor_of(self.router.ref).child_refs():
            actor = actor_of(session)
            if actor is not None and actor.key == victim.key:
                if victim.turn is not None:
                    self.ledger.file_turn(victim.key, victim.turn, SESSION_KILLED)
                session.kill()
                return True
        return False

    async def _take_slots(self) -> bool:
        """Leave two thirds of them."""
        await trio.lowlevel.checkpoint()
        limits = self.plan.limits
        fewer = attrs.evolve(limits, turns=max(1, limits.turns * 2 // 3))
        self.router.configure(fewer)
        return True

    async def _restore_slots(self) -> bool:
        await trio.lowlevel.checkpoint()
        self.router.configure(self.plan.limits)
        return True

    async def _crash_router(self) -> bool:
        """Crash it, and wait until its supervisor has put another in its place."""
        router = self.router.ref
        before = actor_of(router)
        begun = trio.current_time()
        with self.ledger.file_all(ROUTER_CRASHED):
            router.tell_nowait(StrayMessage())
            # nothing that an actor may wait for tells of another's restart
            while actor_of(router) in (None, before):  # noqa: ASYNC110
                await trio.sleep(_LOOK_EVERY)
        away = trio.current_time() - begun
        self.ledger.longest_repair = max(self.ledger.longest_repair, away)
        return True
