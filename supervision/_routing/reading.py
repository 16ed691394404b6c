"""The part of a router's handle through which answers are read, and conversations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeVar

from trio.lowlevel import checkpoint

from actors import (
    BadInputError,
    Bounded,
    Journal,
    Latest,
    Leave,
    Receipt,
    Replay,
    StreamNotKeptError,
    UnknownPromptError,
    WhileBusy,
)
from actors.hosting import PROMPT, ChunkLog, Chunks, Place, actor_of, whole

from .core.core import Core
from .core.looking import remembered
from .errors import NoStoreError, StoreAwayError
from .offering import attached, more_of
from .parts.admission import Offer
from .parts.lane import check_key
from .reports import KeyInfo, Remembered
from .router import Router, is_stored
from .sending import Sending
from .stream import Opening, TurnStream

P = TypeVar("P")
C = TypeVar("C")

_MOST: Final = 10_000  # entries that are read at once
_MOST_KEYS: Final = 1000


class Reading(Sending[P, C]):
    """How answers and conversations are read; the rest is `RouterRef`."""

    __slots__ = ()

    async def read(
        self, key: str, *, newest: int = 20, before: int | None = None
    ) -> Remembered | None:
        """Read what is remembered of a conversation: for a page, say.

        Takes no place and no slot, starts no session, waits for no turn, and is no sign
        of life.  While a turn runs it gives what was before that turn; behind an
        outcome that has been told, what that turn has left.  It works for a key that
        only the store has, and on every node that shares the store.  A checkpoint.

        With a store state and entries are made anew of what is stored, so what is done
        with them changes nothing; a large state takes as long in Trio's thread as it
        does when its session begins.  Without a store they are the session's own: the
        state is given if nobody can change it in place, nor what it holds, and entries
        as `History.window` gives them: not to be changed.

        Args:
            key: the session's.
            newest: so many entries of the history, at most 10,000; or fewer: no more
                are read in front of the one that comes to a mebibyte.  Default 20.
            before: only those in front of this number, which is `Remembered.before` of
                the page behind.  Default None: from the end.

        Returns:
            None: unknown: nothing is kept of it, no reminder either.

        Raises:
            CodecError: an entry cannot be read, and the key is not held.
            NoStoreError: without a store: its state can be changed in place, so that
                nobody knows what it was before the turn that may be running.
            ClosedToNewError: the router has ended for good.
            StoreError: the store does not answer, or the router is ending.
            TypeError, ValueError: an argument that is not what it should be.
        """
        check_key(key)
        whole("newest", newest, least=0)
        if newest > _MOST:
            msg = f"newest must be at most {_MOST}, got {newest}: read on with before="
            raise ValueError(msg)
        if before is not None:
            whole("before", before, least=0)
        core = self._house(key)
        store = core.keeping.store
        if store is not None:
            return await store.remembered(key, newest, before)
        await checkpoint()
        return remembered(self._house(key), key, newest, before)

    async def keys(
        self, prefix: str = "", *, after: str = "", most: int = 100
    ) -> tuple[KeyInfo, ...]:
        """Look at the keys that the store has, in their order: of one tenant, say.

        All of them, also those that have no session: the conversations of a user, where
        keys begin with whose they are.  On every node that shares the store.  Starts
        nothing, and is no sign of life.  A key is there as soon as its first prompt is
        stored, and until `close`.  A checkpoint.

        Args:
            prefix: only those that begin with it.  Default `""`: all.
            after: only those behind this key; the next page begins behind the last one
                of this.  Default `""`: from the first.
            most: how many, from 1 to 1000.  Default 100.

        Returns:
            Fewer than `most`: there are no more.

        Raises:
            NoStoreError: this router has no store.
            ClosedToNewError: the router has ended for good.
            StoreError: the store does not answer, or the router is ending.
            TypeError, ValueError: an argument that is not what it should be.
        """
        for name, given in (("prefix", prefix), ("after", after)):
            text: object = given
            if not isinstance(text, str):
                msg = f"{name} must be a str, got {given!r}"
                raise TypeError(msg)
        whole("most", most, least=1)
        if most > _MOST_KEYS:
            msg = f"most must be at most {_MOST_KEYS}, got {most}: read on with after="
            raise ValueError(msg)
        store = self._house().keeping.store
        if store is None:
            raise NoStoreError(self.ref.path, "keys()", "list(), what is in memory")
        own: KeyInfo | None = None
        if after < prefix:
            own = await store.key(prefix)
            after = prefix
        found = [own] if own is not None else []
        if len(found) < most:
            found += await store.keys(after, most - len(found))
        return tuple(each for each in found if each.key.startswith(prefix))

    def open_turn(
        self,
        key: str,
        prompt: P,
        *,
        stream: Bounded | Latest | Replay | Journal | None = None,
        leave: Leave | None = None,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        busy: WhileBusy | None = None,
    ) -> AbstractAsyncContextManager[TurnStream[P, C]]:
        """Send a prompt and read its answer: `async with router.open_turn(...) as s:`.

        Leaving the block before the end aborts the turn (or takes the prompt back) and
        waits until its outcome is there, or its router has ended and a store keeps it;
        unless it is to go on (`leave`).  An error of the block comes out as it is.  It
        is sent when the block is entered, with the context variables of this call.

        Args:
            key: as `send`, and so are `prompt`, `id`, `origin`, `tenant`.
            prompt: see there.
            stream: how chunks are kept until they are read.  Default `Bounded()`: the
                turn waits for its reader.  With `Replay()` they are kept for readers
                who come back, or come later: `reopen_turn`; with `Journal()` in the
                router's store, where they outlive the process.
            leave: what leaving the block before the end does.  Default
                `Leave.DETACH` with a `Replay` or a `Journal`, else `Leave.ABORT`.
            id: see there; sent again, leaving the block aborts nothing, and the answer
                is read from its beginning, if the first one was sent with `Replay` or
                `Journal`.  Of an earlier process: if both were sent with a `Journal`.
                Else there is the outcome, and reading raises StreamNotKeptError where
                a whole answer would end; UnknownPromptError if a `Journal` of both was
                kept, and is not any more.
            origin: see there.
            tenant: see there.
            busy: see there; not STEER, for then there is nothing to read.

        Raises:
            NoStoreError, RefusedError, TypeError, ValueError: as `send`.
            StreamGapError: sent again, and the beginning is not kept any more.
            StoreError: sent again, and the store, which has it, does not answer.
        """
        offer = Offer(
            key, prompt, more_of(PROMPT, id, origin, None, 1), tenant, busy=busy
        )
        return Opening[P, C](self._house, self.steer, offer, stream, leave)

    @asynccontextmanager
    async def reopen_turn(
        self,
        key: str,
        id: str | int,  # noqa: A002
        *,
        after: int = 0,
    ) -> AsyncGenerator[TurnStream[P, C]]:
        """Read the answer to a prompt that was sent with `Replay`, again or too.

        Any number of readers may; each gets all chunks behind `after`, in their order:
        those that there are, and those to come.  Leaving the block aborts nothing.  An
        answer can be read for `Replay.keep` seconds after its end.

        Or with `Journal`: then also after the process has been killed, and another one
        has its store; for `StorePolicy.journal_keep` seconds.  Numbers of what is tried
        again there are far above those before.

        Args:
            key: the session's.
            id: the prompt's own id, as it was sent, or its `Receipt.id`.
            after: the number of the latest chunk that is not needed, for one who has
                read before: `TurnStream.number`.  Default 0: from the beginning.

        Raises:
            UnknownPromptError: no such prompt, or its answer is not kept any more.
            StreamNotKeptError: it was sent without `Replay` or `Journal`, and has not
                ended.  If it has, the block is entered for the outcome, as long as the
                prompt's own id is remembered (`PromptPolicy.dedupe`), and reading
                raises this, as what a turn has said is not known; one without is
                unknown then.
            StreamGapError: what comes behind `after` is not there (any more).
            StreamRestartedError: `after` was said by a try of the turn that crashed.
            StoreAwayError: the router has a store, which does not answer, or has ended:
                the next router with that store is to be asked.
            BadInputError: an empty key, an `after` below 0.
            TypeError: an argument that is not what it should be.
        """
        check_key(key)
        given: object = id
        if isinstance(given, bool) or not isinstance(given, str | int):
            msg = f"id must be a str, or an int: Receipt.id, got {id!r}"
            raise TypeError(msg)
        if isinstance(after, int) and after < 0:
            why = f"after must be the number of a chunk, or 0, got {after!r}"
            raise BadInputError(key, "after", why)
        whole("after", after, least=0)
        router: Router | None = actor_of(self._cell)
        if router is None:
            if is_stored(self._cell):  # the next router with that store has it
                why = "the router has ended"
                raise StoreAwayError(why)
            raise UnknownPromptError(key, id)
        core = router._house()
        reader: Chunks[C] | Place[C]
        receipt, log = await _kept(core, key, id)
        if log is not None:
            reader = attached(core, key, log, after)
        else:
            reader = Chunks(Bounded())
            reader.close()
        unkept = id if log is None else None
        opened = TurnStream[P, C](
            core,
            receipt,
            reader,
            self.steer,
            aborts=False,
            unkept=unkept,
            after=after,
        )
        try:
            yield opened
        finally:
            await opened.close()  # noqa: ASYNC102 - it does not wait


async def _kept(
    core: Core,
    key: str,
    id: str | int,  # noqa: A002
) -> tuple[Receipt[Any], ChunkLog[Any] | None]:
    """A prompt whose answer may be read again; without a stream: it has ended.

    Raises:
        UnknownPromptError, StreamNotKeptError: it may not.
        StoreError: the store does not answer.
    """
    kept = core.readers.find(key, id)
    journals = core.keeping.journals
    if kept is None and journals is not None:
        found = await journals.find(key, id)
        kept = core.readers.find(key, id)  # it may have come meanwhile
        if kept is None and found is None:
            here = _here(core, key, id)
            first = journals.repeated(here) if here is not None else None
            if first is not None:  # what is kept is that one's, if anything is
                found = await journals.find(key, first)
                kept = core.readers.find(key, first)
                if kept is None and found is None:
                    raise UnknownPromptError(key, id)
        if kept is None and found is not None:
            receipt, log = found
            if log is None:
                if receipt.ended is None:
                    raise StreamNotKeptError(key, id)
                here = _here(core, key, id)
                if here is not None and _had_stream(here):  # a Replay, not the store's
                    raise UnknownPromptError(key, id)
            return receipt, log
    if kept is not None:
        return kept.receipt, kept.log
    return _not_kept(core, key, id), None


def _not_kept(core: Core, key: str, id: str | int) -> Receipt[Any]:  # noqa: A002
    """The receipt of a prompt whose answer is not kept, if it has its outcome.

    Raises:
        UnknownPromptError, StreamNotKeptError: it has not.
    """
    receipt = _here(core, key, id)
    if receipt is None:
        raise UnknownPromptError(key, id)
    if _had_stream(receipt):  # its time is over
        raise UnknownPromptError(key, id)
    if receipt.ended is None:
        raise StreamNotKeptError(key, id)
    return receipt


def _had_stream(receipt: Receipt[Any]) -> bool:
    """Whether it was sent for readers who come back."""
    more = receipt._more
    return more is not None and isinstance(more.stream, ChunkLog)


def _here(core: Core, key: str, id: str | int) -> Receipt[Any] | None:  # noqa: A002
    """The receipt of a prompt that this process remembers."""
    lane = core.lanes.get(key)
    if lane is None:
        memory = core.past.get(key, core.now())
    else:
        memory = lane.extra.known if lane.extra is not None else None
    receipt: Receipt[Any] | None = memory.find(id) if memory is not None else None
    if receipt is None and lane is not None:  # it has no id of its own
        receipt = next((each for each in lane.receipts() if each.id == id), None)
    return receipt
