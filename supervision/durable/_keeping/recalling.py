"""`Recalling`: what is remembered of a key, for whoever only reads it.

It comes out of the store as one instant's, behind what was submitted before: what a
running turn has changed is not there yet.  Nothing is brought, and nothing is noted: a
key that cannot be read is held when somebody sends to it, not when somebody looks.

Values are made in Trio's thread, as all are: what makes them is the user's code.  So a
look makes few, and others have their turn in between.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import trio

from supervision._routing.core.looking import HELD, whereabouts
from supervision._routing.parts.lane import Lane
from supervision._routing.reports import Remembered
from supervision.durable._histories.log import PAGE_BYTES
from supervision.durable._words.errors import CodecError
from supervision.durable._words.histories import HistoryRow, Show, Shown
from supervision.durable._words.records import Record

from .ground.bodies import ENTRY, STATE

_AT_ONCE: Final = 64 * 1024  # bytes that are read before others have their turn
_MORE: Final = 64  # bytes that an entry counts besides


class Ask(Protocol):
    """Asks the store; `then` is called in the step of the answer."""

    # Any: the answer to this record, or what `then` makes of it
    def __call__(
        self, record: Record, then: Callable[[Any], object] | None = None
    ) -> Awaitable[Any]: ...


class Recalling:
    """See `Stored`.

    Args:
        kept: the other parts.
        ask: asks the store, if it answers.
    """

    __slots__ = ("_ask", "_kept")

    def __init__(self, kept: Any, ask: Ask) -> None:  # Any: it stands above this one
        self._kept = kept
        self._ask = ask

    async def remembered(
        self, key: str, newest: int, before: int | None
    ) -> Remembered | None:
        """See `RouterRef.read`."""
        core = self._kept.core
        if not self._kept.can_write(key):  # nor is there anything of it
            await trio.lowlevel.checkpoint()
            return None

        def there(shown: Shown) -> tuple[Shown, dict[str, Any]] | None:
            lane: Lane | None = core.lanes.get(key)
            if shown.row is None and (lane is None or core.sessions.forgets(lane)):
                return None
            return shown, whereabouts(core, key)

        until = min(before, sys.maxsize) if before is not None else None
        found = await self._ask(Show(key, newest, PAGE_BYTES, until), there)
        if found is None:
            return None
        shown, fields = found
        row = shown.row
        if row is not None:
            fields["tenant"] = fields["tenant"] or row.tenant
            fields["generation"] = max(fields["generation"], row.generation)
            fields["held"] = fields["held"] or row.held
        state = await self._state(shown, fields)
        if fields["held"] is not None:
            fields["live"], fields["phase"] = False, HELD
        history = await self._entries(shown.entries, fields["held"])
        return Remembered(
            key=key,
            state=state,
            version=shown.version,
            history=history,
            entries=row.entries if row is not None else 0,
            before=_before(shown, before),
            waiting=row.waiting if row is not None else 0,
            **fields,
        )

    async def _state(self, shown: Shown, fields: dict[str, Any]) -> Any:
        """Its state; what cannot be read is held, or will be."""
        if shown.state is None:
            return None
        try:
            state = self._kept.codec.decode(shown.state, STATE, shown.version)
        except CodecError as error:
            fields["held"] = str(error)
            return None
        if len(shown.state) > _AT_ONCE:
            await trio.lowlevel.checkpoint()
        return state

    async def _entries(
        self, rows: Sequence[HistoryRow], held: str | None
    ) -> tuple[Any, ...]:
        """Its entries; none if they cannot be read, and it is held.

        Raises:
            CodecError: one cannot be read, of a key that is not held.
        """
        entries: list[Any] = []
        size = 0
        for row in rows:
            size += len(row.body) + _MORE
            if size > _AT_ONCE:
                await trio.lowlevel.checkpoint()
                size = 0
            try:
                entry = self._kept.codec.decode(row.body, ENTRY, row.version)
            except CodecError:
                if held is None:
                    raise
                return ()
            entries.append(entry)
        return tuple(entries)


def _before(shown: Shown, before: int | None) -> int | None:
    """The number behind the entries that are in front of these; None: none are."""
    if shown.row is None:
        return None
    if shown.entries:
        stop = shown.entries[0].number
    else:
        stop = shown.end if before is None else min(before, shown.end)
    return stop if stop > shown.end - shown.row.entries else None
