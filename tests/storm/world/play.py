"""One storm from its beginning to its end: the tree, the players, and how it is left.

The players are outside of the system's block, so they go on while it is being left:
prompts and messages come at every moment of the way down.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Generator
from contextlib import contextmanager, suppress

import trio

from actors import ClosedToNewError, Lost, open_system
from actors.testing import EventLog, TurnLog, open_tasks, run_seeded
from supervision import router_ref
from tests.storm.checking.checks import SHOWN, check
from tests.storm.checking.rest import come_to_rest
from tests.storm.world.hangs import NEVER_ENDS, StuckError, alarmed, guard, keep_wreck
from tests.storm.world.plan import LONGEST_DEAF, STOP_WITHIN, Plan
from tests.storm.world.players import Player
from tests.storm.world.sessions import make_performer
from tests.storm.world.story import Fault, Handle, StormOverError, Story
from tests.storm.world.tree import Top

LETTERS = 100_000
SLACK = 15.0  # seconds for hooks, which are shielded, after the deadline
ERROR = "nothing leaves the block but what the plan says"
LATE = "the block is left within its deadline"
LEFT = "no task is left behind"
DRAIN = "a drain keeps its time, and tells what is lost"


def play(plan: Plan) -> list[Fault]:
    """Play a storm; returns what is wrong."""
    story = Story(plan, make_performer(plan.cast))
    with quiet(), alarmed(story):
        ended = _run(story)
    broken = [fault for fault in story.faults if fault.promise in (ERROR, NEVER_ENDS)]
    if broken or not ended:  # all else that is wrong follows from it
        return broken or story.faults
    return check(story)


def _run(story: Story) -> bool:
    """Play it; False if it could not be left in order."""
    try:
        run_seeded(carry_out, story, seed=story.plan.order)
    except (StuckError, trio.TrioInternalError) as error:
        if not story.faults:
            story.faults.append(Fault(ERROR, _shown(error)))
        keep_wreck(story.root)
        return False
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        story.faults.append(Fault(ERROR, _shown(error)))
    return story.system is not None and story.system.stop_report is not None


@contextmanager
def quiet() -> Generator[None]:
    """Leave out of the log what a storm is full of."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


async def carry_out(story: Story) -> None:
    """Play it under the eyes of a guard."""
    story.root = trio.lowlevel.current_root_task()
    with trio.CancelScope() as storm:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(guard, story, storm)
            async with trio.open_nursery() as players:
                await live(story, players)
            nursery.cancel_scope.cancel()
    if open_tasks():
        story.faults.append(Fault(LEFT, f"{open_tasks()}"))


async def live(story: Story, players: trio.Nursery) -> None:
    """Open the system, let everybody play, leave it as the plan says."""
    logs: list[EventLog | TurnLog] = []
    left_at = 0.0
    try:
        with trio.CancelScope() as body:
            async with open_system(
                stop_within=STOP_WITHIN, dead_letters=LETTERS
            ) as system:
                story.listen(system)
                if story.hears:
                    logs.append(TurnLog(system))
                if story.plan.heard == "all":
                    logs.append(EventLog(system))
                top = system.start(Top, story, name="top")
                await top.wait_started()
                played = trio.Event()
                players.start_soon(play_all, story, played)
                try:
                    await end(story, played, body)
                finally:
                    left_at = trio.current_time()
    except StormOverError:
        if story.plan.end != "raise":
            raise
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        story.faults.append(Fault(ERROR, _shown(error)))
    look_back(story, trio.current_time() - left_at)
    for log in logs:
        check_log(story, log)


def look_back(story: Story, took: float) -> None:
    """The block has just been left: nothing of it may be there."""
    left = [name for name in open_tasks() if not _is_ours(name)]
    if left:
        story.faults.append(Fault(LEFT, f"{left}"))
    if took > STOP_WITHIN + LONGEST_DEAF + SLACK:
        story.faults.append(Fault(LATE, f"it took {took:g} seconds"))


def check_log(story: Story, log: EventLog | TurnLog) -> None:
    """Have a log of the test kit check itself; a fault for each line of complaint."""
    try:
        log.check()
    except AssertionError as error:
        promise = f"what {type(log).__name__} promises holds"
        what, _, events = str(error).partition("\nthe latest events")
        for line in (what.splitlines()[1:] or [what])[:SHOWN]:
            story.faults.append(Fault(promise, f"{line.strip()}\n{events}"))
            events = ""


async def play_all(story: Story, played: trio.Event) -> None:
    """Play all steps."""
    async with trio.open_nursery() as nursery:
        for step in story.plan.steps:
            nursery.start_soon(Player(story, step).play)
    played.set()


async def end(story: Story, played: trio.Event, body: trio.CancelScope) -> None:
    """Wait for the end, and leave as the plan says."""
    plan = story.plan
    if plan.end == "rest":
        await played.wait()
        await come_to_rest(story, find_handle(story))
        return
    await trio.sleep_until(plan.end_at)
    if plan.end == "raise":
        raise StormOverError
    if plan.end == "cancel":
        body.cancel()
        await trio.sleep_forever()
    if plan.end == "drain":
        await drain(story, find_handle(story))


def find_handle(story: Story) -> Handle | None:
    """Find the router, if it is there."""
    ref = story.router()
    with suppress(TypeError):
        return router_ref(ref, story.performer) if ref is not None else None
    return None


async def drain(story: Story, router: Handle | None) -> None:
    """Stop in order."""
    if router is None:
        return
    story.drained = True
    within = 60.0 if int(story.plan.end_at) % 2 else 2.0
    begun = trio.current_time()
    with suppress(ClosedToNewError):
        report = await router.drain(within)
        took = trio.current_time() - begun
        if took > within + 1e-6:
            story.wrong(DRAIN, f"it took {took:g} of {within:g} seconds")
        for receipt in report.lost:
            if not isinstance(receipt.ended, Lost):
                story.wrong(DRAIN, f"{receipt} is not lost")


def _is_ours(name: str) -> bool:
    """Whether a task is a player, or the guard."""
    rooms = ("hangs", "play", "players", "orders")
    return name.startswith(tuple(f"{__package__}.{room}." for room in rooms))


def _shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-20_000:]
