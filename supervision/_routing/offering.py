"""What a sender gives, looked at and made into an offer; and how it is let in."""

from __future__ import annotations

from contextvars import copy_context
from typing import Any

from trio.lowlevel import (
    Abort,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from actors import PromptKind, Receipt, RefusedError, Replay, WhileBusy
from actors.hosting import PROMPT, ChunkLog, More, whole

from .core.core import Core
from .core.waiting import Sender
from .parts.admission import Offer


@enable_ki_protection
async def enter(core: Core, offer: Offer) -> Receipt[Any]:
    """Have a prompt accepted when there is room; cancelled means not sent."""
    try:
        receipt: Receipt[Any] = core.accepting.admit(offer)
    except RefusedError as error:
        return await _stand(core, offer, error)
    return receipt


async def _stand(core: Core, offer: Offer, error: RefusedError) -> Receipt[Any]:
    """It has been refused: stand in line for what it was refused for, if there is."""
    waiting = core.accepting.waiting
    task = current_task()
    sender = Sender(offer, lambda: reschedule(task))
    if not waiting.stand(sender, error):

        def abort(_: object) -> Abort:
            sender.leave()
            return Abort.SUCCEEDED

        try:
            await wait_task_rescheduled(abort)
        except BaseException:
            core.accepting.refuse(offer, None)
            lane = core.lanes.get(offer.key)
            if lane is not None:
                core.reaping.nothing_left(lane)
            raise
    if sender.error is not None:
        raise sender.error
    assert sender.receipt is not None
    return sender.receipt


def log_of(stream: object, offer: Offer) -> ChunkLog[Any]:
    if offer.busy is WhileBusy.STEER:
        msg = "a prompt that steers has no stream: there would be nothing to read"
        raise ValueError(msg)
    if not isinstance(stream, Replay):
        msg = f"stream must be a Replay, got {stream!r}"
        raise TypeError(msg)
    return ChunkLog(stream)


def more_of(
    kind: PromptKind,
    id: object,  # noqa: A002
    origin: object,
    job: object,
    attempts: int,
) -> More:
    """Make what comes with a prompt.  Raises TypeError, ValueError: it is wrong."""
    more = More()
    if kind is not PROMPT:
        more.kind = kind
    more.context = copy_context()
    if origin is not None:
        more.origin = origin
    if id is not None:
        more.message_id = _text("id", id)
    if job is not None:
        more.job = _text("job", job)
    whole("attempts", attempts, least=1)
    if attempts != 1:
        more.attempts = attempts
    return more


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    msg = f"{name} must be a str, got {value!r}"
    raise TypeError(msg)


def offer_of(
    key: str, prompt: Any, more: More, owner: object, busy: object = None
) -> Offer:
    """A prompt for the way in.  Raises TypeError: not an owner, or no WhileBusy."""
    if owner is not None and not isinstance(owner, str):
        msg = f"owner must be a str, got {owner!r}"
        raise TypeError(msg)
    if busy is not None and not isinstance(busy, WhileBusy):
        msg = f"busy must be a WhileBusy, got {busy!r}"
        raise TypeError(msg)
    return Offer(key, prompt, more, owner, busy=busy)
