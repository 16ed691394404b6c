"""Many agents in parallel: each session in its own order, steered, stopped, continued.

What a person types is one plain call on the router's handle.  It waits for nobody, so
no session holds up another, and what it does it does at once, so a stop can never hit
the turn that comes after.  Two agents work at a time here, the others are in line for
their slots; each message that is accepted has one outcome, told to who has sent it.
Run it: `python examples/parallel_agents.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import trio

from actors import (
    Actor,
    AnyRef,
    PromptPolicy,
    Receipt,
    RefusedError,
    Session,
    ToolSkippedError,
    Turn,
    open_system,
)
from supervision import ChildSpec, Limits, Router, Supervisor, find_child, router_ref

Log = Callable[[str], None]
STEP = 0.5  # seconds
SCRIPT = (  # when, who, what
    (0.00, "ann", "read, plan, write"),
    (0.05, "bob", "fetch, parse, plot"),
    (0.10, "cat", "search"),
    (0.15, "ann", "send"),
    (0.20, "ann", "tidy up"),
    (0.25, "ann", "sleep"),
    (0.35, "bob", "/stop"),
    (0.75, "ann", "/also cite"),
    (1.25, "dan", "explode"),
    (1.30, "dan", "explain"),
    (2.35, "bob", "continue"),
    (3.20, "eve", "dream, dream, dream"),
    (4.00, "eve", "/cancel"),
)


class Agent(Session[str, str]):
    """Works off a list of steps; each is a tool."""

    initial_state = ()  # the steps that are left
    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=2)

    def __init__(self, log: Log) -> None:
        self.log = log

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Do the steps, in rounds: each new message begins another."""
        steps = turn.state if turn.prompt == "continue" else turn.prompt.split(", ")
        while steps and turn.interrupted is None:
            for step in steps:
                try:
                    with turn.tool(step):
                        await trio.sleep(STEP)
                except ToolSkippedError as skipped:
                    self.log(f"{turn.key}: not yet {step}: {skipped.reason}")
                    break
                if step == "explode":
                    raise RuntimeError("boom")
                self.log(f"{turn.key}: {step}")
                steps = steps[1:]
            for more in await turn.checkpoint():
                steps = [more.prompt, *steps]
        turn.state = tuple(steps)  # a value: the next turn may fail
        return f"left: {', '.join(steps)}" if steps else "all done"


class Desk(Actor[tuple[str, str]]):
    """Where the lines come in."""

    def __init__(self, office: AnyRef, log: Log) -> None:
        self.office = office
        self.log = log

    async def started(self) -> None:
        """Find the router, which was started before."""
        self.router = router_ref(await find_child(self.office, "router"), Agent)

    def receive(self, message: tuple[str, str]) -> None:
        """Do what the line says; wait for nothing."""
        who, text = message
        self.log(f"{who}> {text}")
        try:
            match text.split(maxsplit=1):
                case ["/stop"]:  # softly: the step that runs is finished
                    self.router.cancel(who, hard=False, hint="stopped")
                case ["/cancel"]:  # at once
                    self.router.cancel(who, reason="cancelled")
                case ["/also", more]:  # into the turn that runs
                    self.start_soon(self._tell, self.router.steer(who, more))
                case _:  # a turn of its own, behind those that wait
                    self.start_soon(self._tell, self.router.send(who, text))
        except RefusedError as error:
            self.log(f"{who}: {text!r} is refused: {error}")

    async def _tell(self, receipt: Receipt[str]) -> None:
        outcome = await receipt.outcome()
        self.log(f"{receipt.key}: {receipt.prompt!r} is {outcome}")


class Office(Supervisor):
    """The router and the desk, each restarted when it crashes."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def declare(self) -> list[ChildSpec[Any]]:
        """Two agents at once."""
        return [
            ChildSpec(Router, Agent, (self.log,), Limits(turns=2), id="router"),
            ChildSpec(Desk, self.ref, self.log, id="desk"),
        ]


async def main() -> None:
    """Play the script."""
    began = trio.current_time()

    def log(text: str) -> None:
        print(f"{trio.current_time() - began:.2f} {text}")

    async with open_system() as system:
        office = system.start(Office, log, name="office")
        await office.wait_started()
        desk = await find_child(office, "desk")
        for at, who, text in SCRIPT:
            await trio.sleep_until(began + at)
            await desk.tell((who, text))
        router = router_ref(await find_child(office, "router"), Agent)
        await router.drain(within=10)
        counts = router.statistics()
        print(f"{counts.accepted} accepted: {dict(counts.outcomes)}")


if __name__ == "__main__":
    trio.run(main)
