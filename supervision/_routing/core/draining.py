"""A router stops in order: what is accepted is finished, within a time.

When four fifths of the time are over, turns that still run are aborted and prompts that
wait are lost; clean-up has the rest.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from actors import CloseReason, Crashed, Exit, Lost, Receipt
from actors.hosting import abort, cut
from supervision._routing.limits import DrainReport
from supervision._routing.parts.lane import Lane

from .core import Core

DRAINING = "shutting down"
_SHARE = 0.8  # of the time, for what runs to end by itself


async def drain(core: Core, within: float) -> DrainReport:
    """See `RouterRef.drain`."""
    begun = core.now()
    deadline = begun + within
    before = core.books.prompts()
    core.accepting.close()
    with trio.CancelScope(deadline=begun + within * _SHARE):
        await _until(core, lambda: not core.unsettled)
    core.finishing = True
    aborted: list[int] = []
    lost = _lose_all(core)
    for run in tuple(core.turns.running.values()):
        if not run.has_begun:  # in line for a slot
            if cut(run, Lost(DRAINING)):
                lost += run.receipts
            continue
        abort(run, hard=True, reason=DRAINING, hint=None, within=None)
        aborted.append(run.id)
    with trio.CancelScope(deadline=deadline):
        await _until(core, lambda: not core.turns.running)
        lost += _lose_all(core)  # steering prompts that came too late
        for lane in tuple(core.lanes.values()):
            core.sessions.close(lane, CloseReason.STOPPED)
        await _until(core, lambda: not core.lanes)
    for run in tuple(core.turns.running.values()):
        if core.turns.running.get(run.id) is run:
            core.leaving.give_up(run)
    lost += _lose_all(core)
    for lane in tuple(core.lanes.values()):
        if lane.session is not None:
            core.world.kill_session(lane.session)
    outcomes = {
        name: number - before.get(name, 0)
        for name, number in core.books.prompts().items()
        if number > before.get(name, 0)
    }
    lost.sort(key=lambda receipt: receipt.id)
    return DrainReport(core.now() - begun, outcomes, tuple(aborted), tuple(lost))


async def _until(core: Core, done: Callable[[], bool]) -> None:
    """Wait until `done()`; a checkpoint."""
    await trio.lowlevel.checkpoint()
    while not done():
        if core.changed is None:
            core.changed = trio.Event()
        await core.changed.wait()


def end_all(core: Core, exit_: Exit) -> None:
    """The router's actor has ended: every prompt that is left gets its outcome.

    Nothing runs any more: its sessions have ended before.
    """
    core.accepting.close()
    core.finishing = True
    core.reaping.stop()
    core.looks.close()
    why = "the router has ended"
    if isinstance(exit_, Crashed):
        why = "the router has crashed"
    for lane in tuple(core.lanes.values()):
        asides = lane.extra.asides if lane.extra is not None else None
        for run in (lane.turn, *tuple((asides or {}).values())):
            if run is not None:  # it never had its first step
                run.conclude(run.verdict or Lost(why))
        _lose(core, lane, why)
        if lane.session is not None:
            lane.session = None
            core.sessions.say_closed(lane, CloseReason.STOPPED)
        core.leaving.forget(lane)


def _lose(core: Core, lane: Lane, why: str) -> list[Receipt[object]]:
    lost = [receipt for receipt in lane.empty() if not core.keeping.kept(receipt)]
    for receipt in lost:
        core.settle(receipt, Lost(why))
    return lost


def _lose_all(core: Core) -> list[Receipt[object]]:
    lost: list[Receipt[object]] = []
    for lane in tuple(core.lanes.values()):
        lost += _lose(core, lane, DRAINING)
    return lost
