"""Whether this code can read what a store has: all of it, before it is rolled out.

A key whose state cannot be read is held when somebody speaks to it, which may be weeks
after the release.  Here each is read, with its entries, what waits, and its reminders,
by the types and upcasters of the tree.  Nothing is started, and nothing is written.

Imported only where a file is to be read: it needs what stores need.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import attrs

from supervision._drawing.text import plural, whole
from supervision.client.directory import CommandError
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values, codec_of
from supervision.durable._sealing.seals import Unopened
from supervision.durable._words.errors import CodecError, StoreError
from supervision.durable._words.histories import Read
from supervision.durable._words.looks import Look
from supervision.durable._words.records import Bring
from supervision.durable._words.reminders import Due

from .findings import Found, place_of

# Any in this file: a user's classes and values, and answers of a store

Ask = Callable[[Any], Any]

_PAGE: Final = 500  # keys, or reminders
_ENTRIES: Final = 100
_BYTES: Final = 2**22  # of entries
_SHOWN: Final = 5  # keys
_RIGHT: Final = {
    "is held": "upcasters from what is there; or the code that has written it",
    "fails": "a type of prompts that reads those of the old code, too",
    "cannot be read": "entry_upcasters from what is there",
}
_MOVE: Final = (
    "classes in a module that is imported, also by what is run; for what is there: "
    "count up its version, and an upcaster makes them of dicts with '__class__'"
)


def check_kept(file: Path, router: str | None, target: str, found: Found) -> None:
    """Read a store's file, or a copy, by the code of a tree.

    Args:
        file: which.
        router: whose it is; None: the only one with a store in a file.
        target: for what is said.
        found: what was found of the tree; is told.

    Raises:
        CommandError: it cannot be read, or nobody knows whose it is.
    """
    path, make, store = _whose(router, target, found)
    if not file.is_file():
        raise CommandError(f"--store {file}: there is no such file")
    try:
        reader = store.look_into(file)
        try:
            reading = _Reading(reader.ask, codec_of(make, store.encoding))
            reading.all()
        finally:
            reader.close()
    except StoreError as error:
        raise CommandError(f"--store {file}: {error}") from error
    reading.tell(path, str(file), found)


def _whose(router: str | None, target: str, found: Found) -> tuple[str, Any, Any]:
    stores = {path: (path, make, store) for path, make, store in found.kept}
    if router is None and len(stores) == 1:
        return next(iter(stores.values()))
    names = ", ".join(stores)
    if not stores:
        raise CommandError(f"--store: no router of {target} has a store in a file")
    if router is None:
        raise CommandError(f"say by --router whose store it is: {names}")
    if router not in stores:
        text = f"--router {router}: those with a store in a file are {names}"
        raise CommandError(text)
    return stores[router]


@attrs.define
class _Trouble:
    """What happens to some keys, and why."""

    becomes: str
    why: str
    keys: dict[str, None] = attrs.Factory(dict[str, None])
    times: int = 0


class _Reading:
    """All of one store is read.

    Args:
        ask: asks the store.
        codec: of this code.
    """

    def __init__(self, ask: Ask, codec: Values) -> None:
        self._ask = ask
        self._codec = codec
        self._troubles: dict[tuple[str, str], _Trouble] = {}
        self._older: Counter[int] = Counter()  # {version of states: how many}
        self._counts: Counter[str] = Counter()

    def all(self) -> None:
        """Read it."""
        for row in self._keys():
            self._counts["key"] += 1
            brought = self._ask(Bring(row.key))
            if brought.session is not None:
                self._session(row.key, brought.session)
            for each in brought.rows:
                self._counts["prompt"] += 1
                if self._try("fails", row.key, each.body, Where.PROMPT):
                    self._try("fails", row.key, each.origin, Where.ORIGIN)
        for each in self._reminders():
            self._counts["reminder"] += 1
            self._try("fails", each.key, each.body, Where.PROMPT)

    def _session(self, key: str, row: Any) -> None:
        if row.state is not None:
            body, version = row.state.body, row.state.version
            if not self._try("is held", key, body, Where.STATE, version):
                return
            if version < self._codec.version:
                self._older[version] += 1
        self._try("is held", key, row.token, Where.TOKEN)
        first, end = row.entries
        while first < end:
            stop = min(end, first + _ENTRIES)
            rows = self._ask(Read(key, first, stop, _BYTES)).rows
            for each in rows:
                self._counts["entry"] += 1
                what = "cannot be read"
                self._try(what, key, each.body, Where.ENTRY, each.version)
            first = rows[-1].number + 1 if rows else stop

    def _try(
        self,
        becomes: str,
        key: str,
        body: bytes | None,
        where: Where,
        version: int | None = None,
    ) -> bool:
        if body is None:
            return True
        try:
            if isinstance(body, Unopened):
                raise body.why
            self._codec.decode(body, where, version)
        except CodecError as error:
            why = f"{error}{place_of(error.__cause__)}"
            trouble = self._troubles.setdefault((becomes, why), _Trouble(becomes, why))
            trouble.keys[key] = None
            trouble.times += 1
            return False
        return True

    def _keys(self) -> Iterator[Any]:
        after = ""
        while rows := self._ask(Look(after, _PAGE)).rows:
            yield from rows
            after = rows[-1].key

    def _reminders(self) -> Iterator[Any]:
        after: tuple[float, str, str] | None = None
        while rows := self._ask(Due(math.inf, _PAGE, after)).reminders:
            yield from rows
            last = rows[-1]
            after = last.due, last.key, last.name

    def tell(self, path: str, file: str, found: Found) -> None:
        """Say what was read, and what cannot be."""
        for each in self._troubles.values():
            right = _MOVE if "__main__." in each.why else _RIGHT[each.becomes]
            found.wrong(path, _in_words(each), right)
        counts = [
            plural(self._counts["key"], "key"),
            plural(self._counts["entry"], "entry", "entries"),
            plural(self._counts["prompt"], "prompt that waits", "prompts that wait"),
            plural(self._counts["reminder"], "reminder"),
        ]
        text = f"{path}: read of {file}: {', '.join(counts)}"
        if self._older:
            older = [
                f"{whole(number)} of version {version}"
                for version, number in sorted(self._older.items())
            ]
            text += f"; states brought up to {self._codec.version}: {', '.join(older)}"
        found.read.append(text)


def _in_words(trouble: _Trouble) -> str:
    names = ", ".join(repr(key) for key in list(trouble.keys)[:_SHOWN])
    more = len(trouble.keys) - _SHOWN
    keys = f"{names} and {whole(more)} more" if more > 0 else names
    match trouble.becomes:
        case "is held":
            number = plural(len(trouble.keys), "key")
            return f"{number} would be held: {trouble.why}: {keys}"
        case "fails":
            return (
                f"{plural(trouble.times, 'prompt')} would fail: {trouble.why}: {keys}"
            )
        case _:
            number = plural(trouble.times, "entry", "entries")
            return f"{number} would fail the turn that reads: {trouble.why}: {keys}"
