"""Asking whether what stands behind a session still lives, while a turn of it runs."""

from __future__ import annotations

import contextlib
from typing import Any

import trio

from actors._sessions.errors import NotAliveError
from actors._sessions.outcomes import Failed
from actors.errors import ActorStoppedError

from .early import cut
from .looks import GAP


def probe(run: Any) -> None:  # Any: its room stands above this one
    """Have the session of a turn asked, unless it is being asked already.

    A child task of the session: nothing of the turn's is in its way.
    """
    session = run.session
    mine = run.parent is None and run.open
    extra = run.need_extra()
    if mine and session._probes and not extra.probing:
        with contextlib.suppress(ActorStoppedError):  # it is ending: dead enough
            session._seat.context.run(session.start_soon, _ask, run)
            extra.probing = True


async def _ask(run: Any) -> None:
    alive = False
    with trio.move_on_after(run.policy.alive_every) as scope:
        alive = await run.session.alive()
    run.need_extra().probing = False
    if scope.cancelled_caught and run.host.now() - scope.deadline > GAP:
        return  # the loop stood still: the next question counts
    if not alive and run.verdict is None and run.open:
        error = NotAliveError(run.lane.key)
        cut(run, Failed(error=error))
        run.session._seat.crash(error, None, "in alive")
