"""What a sender gives, looked at and made into an offer; and how it is let in."""

from __future__ import annotations

from contextvars import copy_context
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeAlias

from trio.lowlevel import (
    Abort,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from actors import (
    BadInputError,
    Bounded,
    Journal,
    Latest,
    Leave,
    PromptKind,
    Receipt,
    RefusedError,
    Replay,
    WhileBusy,
)
from actors.hosting import PROMPT, ChunkLog, Chunks, More, Place, whole

from .core.core import Core
from .core.waiting import Sender
from .errors import NoStoreError
from .parts.admission import Offer
from .parts.lane import check_key, check_text

Policy: TypeAlias = Bounded | Latest | Replay | Journal
"""How the chunks of an answer are kept until they are read."""


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


def log_of(core: Core, stream: object, offer: Offer) -> ChunkLog[Any]:
    """Make the stream of a prompt whose chunks are kept.

    Raises:
        NoStoreError: a `Journal`, and its router has no store.
        BadInputError: the prompt may have none.
        TypeError: it is no such stream.
    """
    if offer.busy is WhileBusy.STEER:
        why = "a prompt that steers has no stream: there would be nothing to read"
        raise BadInputError(offer.key, "busy", why)
    if not isinstance(stream, (Replay, Journal)):
        msg = f"stream must be a Replay or a Journal, got {stream!r}"
        raise TypeError(msg)
    made = stream_of(core, stream, stays=True)
    assert isinstance(made, ChunkLog)
    return made


def asked(stream: object, leave: object, attempts: int) -> tuple[Policy, bool]:
    """How chunks are kept, and whether the turn goes on when its reader leaves.

    Raises:
        TypeError: an argument that is not what it should be.
        ValueError: more attempts than such a stream can tell its reader of.
    """
    given: object = Bounded() if stream is None else stream
    if not isinstance(given, (Bounded, Latest, Replay, Journal)):
        kinds = "a Bounded, a Latest, a Replay or a Journal"
        msg = f"stream must be {kinds}, got {stream!r}"
        raise TypeError(msg)
    kept = isinstance(given, (Replay, Journal))
    if attempts > 1 and not kept:
        msg = "attempts above 1 need stream=Replay() or Journal(): no other tells its"
        msg = f"{msg} reader that the answer begins anew, got {given!r}"
        raise ValueError(msg)
    if leave is None:
        leave = Leave.DETACH if kept else Leave.ABORT
    if not isinstance(leave, Leave):
        msg = f"leave must be a Leave, got {leave!r}"
        raise TypeError(msg)
    return given, leave is Leave.DETACH


def stream_of(
    core: Core, policy: Policy, *, stays: bool
) -> Chunks[Any] | ChunkLog[Any]:
    """Make the stream of a prompt.

    Args:
        core: the house.
        policy: how chunks are kept.
        stays: whether the turn goes on when its reader leaves.

    Raises:
        NoStoreError: a `Journal`, and its router has no store.
    """
    if isinstance(policy, Replay):
        return ChunkLog(policy, stays=stays)
    if not isinstance(policy, Journal):
        return Chunks(policy, stays=stays)
    journals = core.keeping.journals
    if journals is None:
        raise NoStoreError(core.ref.path, "a Journal")
    log = journals.make(policy)
    log.stays = stays
    return log


def attached(core: Core, key: str, log: ChunkLog[Any], after: int) -> Place[Any]:
    """Attach a reader to the answer of a prompt; see `ChunkLog.open`."""
    others = core.keeping.others
    if others is not None and (others.has(key) or not others.ready):
        # what its owner says comes here a little later; if this node has not been
        # heard of for long, that may be another one by now
        log.uncertain = True
    return log.open(after)


def more_of(
    kind: PromptKind,
    id: str | None,  # noqa: A002
    origin: object,
    job: str | None,
    attempts: int,
) -> More:
    """Make what comes with a prompt, in the sender's context; `check` looks at texts.

    Raises:
        TypeError, ValueError: no number of attempts.
    """
    more = More()
    if kind is not PROMPT:
        more.kind = kind
    more.context = copy_context()
    if origin is not None:
        more.origin = origin
    if id is not None:
        more.message_id = id
    if job is not None:
        more.job = job
    whole("attempts", attempts, least=1)
    if attempts != 1:
        more.attempts = attempts
    return more


def offer_of(
    key: str,
    prompt: Any,
    more: More,
    tenant: str | None,
    busy: WhileBusy | None = None,
) -> Offer:
    """A prompt for the way in.  Raises BadInputError, TypeError, ValueError: wrong."""
    offer = Offer(key, prompt, more, tenant, busy=busy)
    check(offer)
    return offer


def check(offer: Offer) -> None:
    """Look at what a sender has given.

    Raises:
        BadInputError: the key or the id is empty, say.
        TypeError, ValueError: something is not what it should be.
    """
    key, more = offer.key, offer.more
    check_key(key)
    if more.message_id is not None:
        check_text(key, "id", more.message_id)
    if more.job is not None:
        check_text(key, "job", more.job)
    tenant: object = offer.tenant
    if tenant is not None and not isinstance(tenant, str):
        msg = f"tenant must be a str, got {tenant!r}"
        raise TypeError(msg)
    busy: object = offer.busy
    if busy is not None and not isinstance(busy, WhileBusy):
        msg = f"busy must be a WhileBusy, got {busy!r}"
        raise TypeError(msg)


def file_of(path: str | PathLike[str]) -> Path:
    """Make an absolute path of what a user gave.

    Raises:
        TypeError, ValueError: it cannot be one.
    """
    try:
        text: object = fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str):
        msg = f"path must be a str or a Path, got {path!r:.100}"
        raise TypeError(msg)
    if not text or "\0" in text:
        msg = f"path must be the path of a file, got {text!r:.100}"
        raise ValueError(msg)
    return Path(text).absolute()
