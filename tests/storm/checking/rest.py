"""What must be true of a service at rest, and that it has all that it began with.

A leak is not looked for inside: whoever has lost a slot, a place or a tenant's share
cannot give as many as its limits say, so the router is asked for all of them at once.
"""

from __future__ import annotations

import trio

from actors import RefusedError
from supervision import Limits, RestartLimit
from tests.storm.world.players import look
from tests.storm.world.story import Handle, Limited, Offered, Prompt, Story, tenant_of

LONGEST = 4_000.0
"""Seconds after which every prompt has its outcome."""
LIMITS = Limits(
    sessions=4,
    sessions_per_tenant=1,
    turns=3,
    turns_per_tenant=1,
    idle=500.0,
    restarts=RestartLimit(5, within=30.0),
)
FIRST = 2_000_000  # numbers of prompts that are sent here begin here
SETTLED = "every prompt gets its outcome in time"
QUIET = "a router at rest has nothing left to do"
WHOLE = "a router at rest gives all that its limits say"


async def come_to_rest(story: Story, router: Handle | None) -> None:
    """Wait until nothing goes on any more, and look."""
    begun = trio.current_time()
    while any(o.receipt is not None and o.receipt.ended is None for o in _open(story)):
        if trio.current_time() > begun + LONGEST:
            left = [o.receipt for o in _open(story) if o.receipt]
            infos = router.list() if router is not None else []
            story.wrong(SETTLED, f"{left[:5]} of {infos}")
            break
        await trio.sleep(10)
    await trio.sleep(60)  # critical children, backoffs, watchers
    check_watcher(story)
    if router is not None and router.ref.exit is None:
        look(story, router)
        await check_quiet(story, router)
        if not story.drained:
            await check_whole(story, router)


def _open(story: Story) -> list[Offered]:
    return [o for o in story.offers() if o.receipt and o.receipt.ended is None]


def check_watcher(story: Story) -> None:
    """Look for whom the watcher still waits, and who has ended."""
    for ref, watches in story.watched.items():
        if watches > 0 and ref.exit is not None:
            story.wrong("who watches is told once", f"{ref.path} has ended")


async def check_quiet(story: Story, router: Handle) -> None:
    """Look for what is left; what just goes on gets a moment to end.

    So does what begins meanwhile by itself: a session is reaped, and takes its leave.
    """
    for last in (False, False, True):
        left = what_is_left(router)
        if not left:
            return
        if last:
            story.wrong(QUIET, f"{left} of {router.statistics()}, {router.list()}")
        await trio.sleep(7.25)


def what_is_left(router: Handle) -> str:
    """What the router has still to do."""
    figures = router.statistics()
    left = {
        "queued": figures.queued,
        "answering": figures.answering,
        "turns running": figures.turns_running,
        "turns waiting": figures.turns_waiting,
        "not idle": figures.sessions - figures.idle,
        "without outcome": figures.accepted - sum(figures.outcomes.values()),
    }
    return ", ".join(f"{what}: {number}" for what, number in left.items() if number)


async def check_whole(story: Story, router: Handle) -> None:
    """Ask for all slots, all places and all shares at once."""
    for info in router.list():
        router.close(info.key, "rest")
    await trio.sleep(60)
    if router.list():
        story.wrong(QUIET, f"closed, and still there: {router.list()}")
    story.note(Limited(trio.current_time(), router.ref, LIMITS))
    router.configure(LIMITS)
    keys = ("one", "two", "rest-x", "rest-y")  # the last two have tenants
    for number, key in enumerate(keys):
        _send(story, router, key, number)
    await trio.sleep(0.5)
    figures = router.statistics()
    wanted = (4, LIMITS.turns)
    if (figures.sessions, figures.turns_running + figures.turns_waiting) != (4, 4):
        starting = [i for i in router.list() if i.phase == "starting"]
        if not starting:
            story.wrong(WHOLE, f"not {wanted}: {figures}, {router.list()}")
    elif figures.turns_running != LIMITS.turns:
        story.wrong(WHOLE, f"not {wanted}: {figures}, {router.list()}")
    await trio.sleep(60)
    for key in keys:
        router.close(key)
    await trio.sleep(10)
    await check_quiet(story, router)


def _send(story: Story, router: Handle, key: str, number: int) -> None:
    origin = FIRST + number
    now, prompt = trio.current_time(), Prompt(origin, "sleep:2")
    try:
        receipt = router.send(key, prompt, origin=origin, tenant=tenant_of(key))
    except RefusedError as error:
        story.wrong(WHOLE, f"{key} was refused: {error!r}, {router.statistics()}")
    else:
        offer = Offered(now, key, router.ref, "send", origin, receipt, None)
        story.note(offer)
