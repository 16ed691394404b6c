"""The end of a turn that has something to do there: children, a drain window, a hook.

Nearly all turns have nothing of it, and their end is `TurnRun.conclude` alone.  What a
body has begun comes to its end before the turn does (`follow_on`), what has left it is
looked at (`escaped`); children that may
outlive their parent are waited for if it ends in disorder, and `turn_ended` is told
(`end_with_care`), both within the turn's grace.
"""

from __future__ import annotations

from typing import Any

import trio

from actors._engine.crashes import split_crash
from actors._sessions.outcomes import Aborted
from actors._sessions.phase import DRAINING, ENDED, ENDING, RUNNING
from actors.exits import Exit

from .early import say_last_words
from .verdicts import PARENT_ENDED, cancelled_in, completed, failed, refused_to

# Any in this room: a turn's own room stands above this one


async def follow_on(run: Any) -> None:
    """Its body has returned: what that has begun comes to its end."""
    extra = run.need_extra()
    extra.body_over = True
    cut_children(run, critical=False)
    window = run.policy.drain_window
    if window and run.parent is None and run.phase is RUNNING:
        run.phase = DRAINING
        drained = extra.need_drained()
        with trio.move_on_after(window):
            await drained.wait()
    if extra.tasks:
        await run._seat.join_tasks()


def escaped(run: Any, error: BaseException) -> BaseException | None:
    """Something has left its body; returns what must go on."""
    interrupt: BaseException | None = None
    if not isinstance(error, trio.Cancelled):
        crash, interrupt = split_crash(error)
        cause = crash if crash is not None else interrupt
        if cause is not None and not refused_to(run, cause):
            run.returned = failed(cause)
    if run.extra is not None:
        run.extra.body_over = True
        cut_children(run, critical=True)
    return interrupt or cancelled_in(error)


def cut_children(run: Any, *, critical: bool) -> None:
    """End its children; `critical`: those too that may outlive it."""
    family = run.extra.family if run.extra is not None else None
    if family is not None:
        family.cut(Aborted(PARENT_ENDED), critical=critical)


async def end_with_care(run: Any, exit_: Exit) -> None:
    """Wait for critical children, if it ends in disorder; run `turn_ended`.

    Only where there is either: then the engine has the turn by its `careful` props.
    """
    if run.phase is ENDED or (run.extra is not None and run.extra.leaving):
        return
    if not run.has_begun and run.verdict is None:
        return
    family = run.extra.family if run.extra is not None else None
    if family is not None and not completed(run.decided(exit_)):
        cut_children(run, critical=True)
        await family.wait_until_gone()
        if run.turn is None or run.need_extra().leaving:
            return  # it has been given up meanwhile
    run.phase = ENDING
    run.outcome = outcome = run.host.seal(run, run.complete(run.decided(exit_)))
    if run.parent is None and run.session._finalises:
        run.need_clocks().end_within_grace()
        await say_last_words(run, outcome)
