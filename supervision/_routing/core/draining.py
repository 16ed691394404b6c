"""A router stops in order: what is accepted is finished, within a time.

When four fifths of the time are over, turns that still run are aborted and prompts that
wait are lost; clean-up has the rest.

With a store what waits is kept, and so are the prompts of turns that are aborted then,
if they may be tried more than once: that is no attempt.  What waits for a key that is
held is not waited for: nothing of it can begin.

And a key alone is put away, if nothing of it is to be finished.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
import trio

from actors import Aborted, CloseReason, Crashed, Exit, Lost, Receipt
from actors.hosting import ENDED, TurnRun, abort, cut
from supervision._routing.errors import NoStoreError
from supervision._routing.parts.lane import CLOSING, Lane
from supervision._routing.reports import DrainReport, VerbResult

from .core import Core
from .keeping import Stored
from .looking import phase_of, why_held

DRAINING = "shutting down"
_SHARE = 0.8  # of the time, for what runs to end by itself


async def drain(core: Core, within: float) -> DrainReport:
    """See `RouterRef.drain`."""
    begun = core.now()
    deadline = begun + within
    before = core.books.prompts()
    core.accepting.close()
    if core.keeping.others is not None:
        core.keeping.others.leave()
    with trio.CancelScope(deadline=begun + within * _SHARE):
        await _until(core, lambda: not core.unsettled or _rest_is_held(core))
    core.finishing = True
    aborted: list[int] = []
    lost = _lose_all(core)
    lost += _empty_line(core, DRAINING)
    for run in tuple(core.turns.running.values()):
        if run.has_begun and run.phase is not ENDED:  # else its end is being kept
            if not core.keeping.plain:  # what no checkpoint has taken is kept
                core.turns.follow_ups(run)
                _take_back(run)
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
    kept = (*core.keeping.left, *_on_their_way(core))
    return DrainReport(core.now() - begun, outcomes, tuple(aborted), tuple(lost), kept)


def _rest_is_held(core: Core) -> bool:
    """Whether all prompts without an outcome are those of keys that are held."""
    if core.keeping.store is None or core.turns.running:
        return False
    held = 0
    for lane in core.lanes.values():
        if lane.waiting and why_held(core, lane) is not None:
            for receipt in lane.live():
                more = receipt._more
                held += 1 + len((more.followers if more is not None else None) or ())
    return bool(held == core.unsettled)


def _on_their_way(core: Core) -> list[Receipt[object]]:
    """Prompts that wait again as soon as the store has answered."""
    found: dict[int, Receipt[object]] = {}
    for run in core.turns.running.values():
        again = run.extra.again if run.extra is not None else None
        if again:
            back = core.keeping.returning(run)
            rest = (each for each in run.receipts if each.id in again)
            found.update((each.id, each) for each in (*rest, *back))
    for each in core.keeping.left:
        found.pop(each.id, None)
    return list(found.values())


def leave_all(core: Core, why: str) -> None:
    """Nobody waits any more: every prompt that is left gets its outcome.

    Turns that run are given up, whatever their code still does.
    """
    core.accepting.close()
    core.finishing = True
    _empty_line(core, why)  # first, or they would get the slots of the others
    for run in tuple(core.turns.running.values()):
        if core.turns.running.get(run.id) is not run:
            continue
        if not run.has_begun:
            run.conclude(run.verdict or Lost(why))
        else:
            if not core.keeping.plain:
                _take_back(run)
            cut(run, run.verdict or run.returned or Aborted(why))
            core.leaving.give_up(run)
    for lane in tuple(core.lanes.values()):
        _lose(core, lane, why)


def _take_back(run: TurnRun) -> None:
    """Its prompts may wait again, unless it was to end before."""
    if run.verdict is None:
        run.need_extra().returns = True


def _empty_line(core: Core, why: str) -> list[Receipt[object]]:
    """End the turns that have not begun; the prompts that are lost by it.

    Those that a store keeps wait again, for the next router.
    """
    lost: list[Receipt[object]] = []
    for run in sorted(core.turns.running.values(), key=lambda each: each.slot):
        if run.has_begun or run.verdict is not None:
            continue
        if not (core.keeping.plain or run.aside):
            core.turns.unbegin(run)
        elif cut(run, Lost(why)):
            lost += run.receipts
    return lost


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
    core.keeping.leave()
    core.reaping.stop()
    core.looks.close()
    why = "the router has ended"
    if isinstance(exit_, Crashed):
        why = "the router has crashed"
    for lane in tuple(core.lanes.values()):
        asides = lane.extra.asides if lane.extra is not None else None
        for run in (lane.turn, *tuple((asides or {}).values())):
            if run is None or run.phase is ENDED:  # or its end is being kept
                continue
            if core.keeping.plain or run.aside or run.verdict is not None:
                run.conclude(run.verdict or Lost(why))  # it never had its first step
            else:
                core.turns.unbegin(run)
        _lose(core, lane, why)
        if lane.turn is None:
            _close(core, lane)
        elif lane.extra is None or lane.extra.gone is None:
            lane.phase = CLOSING  # the end of its turn is being kept, and comes first
            lane.need_extra().gone = partial(_close, core, lane)
    core.readers.close()


def _close(core: Core, lane: Lane) -> None:
    """A lane has nothing left, and its router has ended."""
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


# ------------------------------------------------------------------- one key alone


def passivate(core: Core, key: str) -> VerbResult:
    """See `RouterRef.passivate`: one step, and its session may still be cleaning up."""
    lane = core.verbs.find(key, "passivate()")
    if lane is None:
        return VerbResult(known=False, key=key)
    if not core.reaping.passivate(lane):
        return VerbResult(known=True, key=key, busy=phase_of(core, lane))
    return VerbResult(known=True, key=key, away=True)


async def put_away(core: Core, key: str) -> VerbResult:
    """See `RouterRef.passivate`."""
    store = core.keeping.store
    if store is None:
        forgets = "close() it, which forgets what it has"
        raise NoStoreError(core.ref.path, "passivate()", forgets)
    lane: Lane | None = core.lanes.get(key)
    session = lane.session if lane is not None else None
    done = passivate(core, key)
    await trio.lowlevel.checkpoint()
    if lane is None:
        return await known_to(store, done)
    if done.away and session is not None:
        await session.ref.wait_stopped()
        if session._suspends:
            await store.key(key)  # behind what it has bound
    return done


async def known_to(store: Stored, done: VerbResult) -> VerbResult:
    """Say of a key without a session whether its store has it: it is away then."""
    if done.known or done.key is None:
        return done
    found = await store.key(done.key) is not None
    return attrs.evolve(done, known=found, away=found)
