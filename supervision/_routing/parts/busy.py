"""What a prompt does about what was there before it.  Pure.

    | `WhileBusy` | the turn of the session        | what waits       | this prompt  |
    |-------------|--------------------------------|------------------|--------------|
    | QUEUE       | goes on                        | goes before it   | waits        |
    | STEER       | goes on, and takes it          | is not touched   | is put in    |
    | NEVER_STEER | goes on                        | goes before it   | waits        |
    | REFUSE      | goes on                        | goes on          | is refused   |
    | INTERRUPT   | aborted; what it did is kept   | may *give way*   | is the next  |
    | REPLACE     | aborted; what it did is undone | may *give way*   | is the next  |

A prompt gives way if it is to be the next one for the same reason, or if it is what the
session is about to begin with (it has no turn yet: it starts, say): a moment later it
would have been the turn that is aborted.  All others keep their places behind.  Where
prompts share turns (`Batch`) it takes its place behind those that wait instead, if they
all share turns: the turns to come have them, in their order, and nobody gives way.
"""

from __future__ import annotations

import math
from typing import Any, Final

from actors import Batch, PromptPolicy, Receipt, WhileBusy
from actors.hosting import PROMPT, More

from .lane import Lane, may_share_turn

WAITING: Final = (WhileBusy.QUEUE, WhileBusy.NEVER_STEER)
"""A prompt that does nothing to anybody."""
FIRST: Final = (WhileBusy.INTERRUPT, WhileBusy.REPLACE)
"""One that is to be the next."""


def wish_of(more: More, busy: WhileBusy | None, policy: PromptPolicy) -> WhileBusy:
    """What a prompt is to do if its session is busy: as sent, else by the policy."""
    if more.kind != PROMPT:
        return WhileBusy.QUEUE
    return busy if busy is not None else policy.busy


def is_busy(lane: Lane, more: More, batch: Batch | None) -> bool:
    """Whether a prompt could not be in the very next turn, and that begun at once."""
    if lane.turn is not None:
        return True
    if not lane.waiting:
        return False
    if batch is None or not shares(lane, more, batch):
        return True
    weight = more.weight + sum(each.need_more().weight for each in lane.live())
    return lane.waiting >= batch.prompts or weight > batch.weight


def shares(lane: Lane, more: More, batch: Batch | None) -> bool:
    """Whether a prompt shares turns with all that wait, as far as there is room."""
    if batch is None or more.kind != PROMPT or more.stream is not None:
        return False
    return all(map(may_share_turn, lane.live()))


def giving_way(lane: Lane, more: More, batch: Batch | None) -> list[Receipt[Any]]:
    """The prompts that give way to one that is to be the next, in their order."""
    if shares(lane, more, batch):
        return []
    ahead = lane.coming(batch) if lane.turn is None else []
    return [each for each in lane.live() if each.need_more().preempts or each in ahead]


AT_ONCE: Final = -math.inf


def begins_at(lane: Lane, batch: Batch | None) -> float:
    """The instant at which the first turn of those that wait is to begin; -inf: now.

    With `Batch(window=...)` a session waits a moment, so that what is sent in one
    breath is one turn.  The moment is counted from the latest prompt (as in
    debouncing), and ends at the latest `max_wait` after the first.  It ends at once
    when nothing more could join: the turn is full, or what waits behind it cannot share
    a turn.
    """
    if batch is None or not batch.window:
        return AT_ONCE
    burst = lane.coming(batch)
    if not burst or len(burst) < lane.waiting or len(burst) >= batch.prompts:
        return AT_ONCE
    first, latest = burst[0], burst[-1]
    weight = sum(each.need_more().weight for each in burst)
    if not may_share_turn(first) or weight >= batch.weight:
        return AT_ONCE
    return min(latest.at + batch.window, first.at + batch.longest)
