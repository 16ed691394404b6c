"""A message: statements that the server carries out as one transaction, at once.

A batch goes to the server whole, as one message of its simple protocol.  The server
begins when it has all of it, and waits for nobody in between: a process that is stopped
holds no lock.  So whatever a statement is to know of an earlier one it has to find in
the tables; answers are read when all is over.

The protocol takes no parameters.  What comes from outside stands in the text as
arrays, made in C, between two tags that are not in it.

Nor does it keep a plan, and planning takes as long as carrying out.  So a statement
that is usual stands in a function of the schema, whose plan the server keeps for as
long as a connection lasts, also behind a pooler; the message has a call in its place.
Which ones do is known by their text without the values; see `carrying/usual`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs
import msgspec

from supervision.durable._sharing.words import Lease

STATEMENT: Final = 30_000
"""Milliseconds that a batch may take."""
IDLE: Final = 5_000
"""Milliseconds that a transaction may wait for us, if one ever does."""
# plans by the indexes, whatever is known of the tables, and once; nothing is worth
# compiling
_SETTINGS: Final = (
    "select set_config('statement_timeout', '{0}', true),"
    " set_config('lock_timeout', '{1}', true),"
    f" set_config('idle_in_transaction_session_timeout', '{IDLE}', true),"
    " set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true)"
)


def settings(*, statement: int = STATEMENT, lock: int = 0) -> str:
    """Write as SQL: what holds in this transaction; milliseconds, 0: no limit."""
    return _SETTINGS.format(statement, lock)


Rows: TypeAlias = "list[tuple[Any, ...]]"
"""What a statement has found; Any: each column that it names has its type."""
Read: TypeAlias = Callable[[Rows], None]

_encode: Final = msgspec.json.Encoder().encode


class _Tag:
    """What a text stands between, that is in no text."""

    def __init__(self) -> None:
        self._word = _word()

    def around(self, text: str) -> str:
        while self._word in text:
            self._word = _word()
        return f"${self._word}${text}${self._word}$"


def _word() -> str:
    return "t" + secrets.token_hex(8)


_TAG: Final = _Tag()


def text(value: str | None) -> str:
    """Write text as SQL; it has no zeros in it."""
    return "null" if value is None else f"{_TAG.around(value)}::text"


def data(value: bytes | None) -> str:
    """Write bytes as SQL."""
    return "null" if value is None else f"'\\x{value.hex()}'::bytea"


def number(value: float | None) -> str:
    """Write a number as SQL."""
    return "null" if value is None else f"({value!r})"


def array(values: Iterable[object], kind: str) -> str:
    """Write an array as SQL: of numbers, truths, texts, or bytes as base64."""
    items = _encode([*values]).decode()
    if "\\" in items:
        # what JSON writes otherwise than an array does; these are texts
        return f"array(select json_array_elements_text({_TAG.around(items)}::json))"
    return f"{_TAG.around('{' + items[1:-1] + '}')}::{kind}[]"


def name(value: str) -> str:
    """Write a name of ours or of a user's as SQL."""
    return '"' + value.replace('"', '""') + '"'


@attrs.frozen
class First:
    """What a turn needs: its lease, and its first prompt without another's outcome."""

    lease: Lease | None
    number: int
    """Of the prompt."""
    turn: int | None
    """Whose outcome it may have."""


Need: TypeAlias = "Lease | First | None"
"""What must hold for a record to be carried out; None: nothing."""


def lease_of(need: Need) -> Lease | None:
    """Give the lease that is needed; None: none is."""
    return need.lease if isinstance(need, First) else need


@attrs.frozen
class Place:
    """Whose tables they are, and who writes."""

    schema: str
    """As SQL."""
    node: str
    """The name of this node."""
    partitions: int
    """How many there are."""
    kept: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """{text of a statement without its values: the function that it stands in}."""


@attrs.frozen
class Shape:
    """A statement without its values."""

    text: str
    """`VALUE` stands where a value was."""
    given: tuple[str, ...]
    """The type of each value."""
    found: tuple[str, ...]
    """The type of each column that it finds."""


VALUE: Final = "\0"  # in no text that a server takes
"""What stands in a shape for a value."""


class Message:
    """Statements, and who reads what each of them finds.

    Args:
        place: the tables.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.tables = place.schema
        """What stands before the name of each table, without the dot."""
        self._values: list[tuple[str, str]] = []  # (as SQL, its type)
        self._statements: list[tuple[str, str]] = []  # (as SQL, types that it finds)
        self._reads: list[Read | None] = []

    def say(self, statement: str, read: Read | None = None, found: str = "") -> None:
        """Add a statement.

        Args:
            statement: as SQL; values of this message may stand in it.
            read: gets the rows that it has found, when all is over.
            found: the type of each column of them; without it, it stands in no
                function if it finds anything.
        """
        self._statements.append((statement, found))
        self._reads.append(read)

    def written(self) -> bytes:
        """Give all of it."""
        return ";\n".join(self._written(each) for each, _ in self._statements).encode()

    def _written(self, statement: str) -> str:
        parts = statement.split(VALUE)
        if len(parts) == 1:
            return statement
        values = [self._values[int(each)][0] for each in parts[1::2]]
        kept = self.place.kept.get(VALUE.join(parts[::2]))
        if kept is not None:
            return f"select * from {kept}({', '.join(values)})"
        parts[1::2] = values
        return "".join(parts)

    def shapes(self) -> list[Shape]:
        """Give the statements that may stand in functions."""
        shapes: list[Shape] = []
        for (statement, found), read in zip(self._statements, self._reads, strict=True):
            parts = statement.split(VALUE)
            if len(parts) > 1 and (found or read is None):
                kinds = [self._values[int(each)][1] for each in parts[1::2]]
                text = VALUE.join(parts[::2])
                shapes.append(Shape(text, (*kinds,), (*found.split(),)))
        return shapes

    def heard(self, found: Sequence[Rows]) -> None:
        """Tell each statement's rows."""
        for read, rows in zip(self._reads, found, strict=True):
            if read is not None:
                read(rows)

    # ------------------------------------------------------------- what is given to it

    def array(self, values: Iterable[object], kind: str) -> str:
        """Put an array in, for one of its statements; see `array` for its items."""
        return self.value(array(values, kind), f"{kind}[]")

    def value(self, written: str, kind: str) -> str:
        """Put a value in, for one of its statements.

        Args:
            written: as SQL.
            kind: its type.
        """
        self._values.append((written, kind))
        return f"{VALUE}{len(self._values) - 1}{VALUE}"

    def mine(self, partition: str, epoch: str) -> str:
        """Write as SQL: a partition is this node's, in this epoch."""
        return (
            f"exists (select 1 from {self.tables}.partitions f"
            f" where f.p = {partition} and f.epoch = {epoch}"
            f" and f.owner = {self.value(text(self.place.node), 'text')})"
        )

    def holds(self, lease: Lease | None) -> str:
        """Write as SQL: what a record needs is this node's."""
        if lease is None:
            return "true"
        return self.mine(str(lease.partition), str(lease.epoch))

    def given(
        self,
        columns: Mapping[str, Sequence[object]],
        needs: Sequence[Need],
        partitions: Sequence[int] | None = None,
    ) -> str:
        """Write rows as SQL, to be selected from: these columns, and some more.

        `ord` is their order from 1 on, `ok` whether what each needs holds, `p` its
        partition, if they are given.

        Args:
            columns: {"name type": a value for each row}.
            needs: what each needs.
            partitions: of each.
        """
        names: list[str] = []
        found: list[str] = []
        arrays: list[str] = []
        for column, values in columns.items():
            name, kind = column.split()
            names.append(name)
            is_bytes = kind == "bytea"
            found.append(f"decode(g.{name}, 'base64') {name}" if is_bytes else name)
            arrays.append(self.array(values, "text" if is_bytes else kind))
        conditions: list[str] = []
        leases = [*map(lease_of, needs)]
        firsts = [need if isinstance(need, First) else None for need in needs]
        if partitions is not None:
            names.append("p")
            found.append("p")
            arrays.append(self.array(partitions, "int4"))
        if any(each is not None for each in leases):
            names += ["lp", "le"]
            arrays.append(
                self.array([it.partition if it else None for it in leases], "int4")
            )
            arrays.append(
                self.array([it.epoch if it else None for it in leases], "int8")
            )
            conditions.append(f"(g.le is null or {self.mine('g.lp', 'g.le')})")
        if any(each is not None for each in firsts):
            names += ["fn", "ft"]
            arrays.append(self.array([it and it.number for it in firsts], "int8"))
            arrays.append(self.array([it and it.turn for it in firsts], "int8"))
            conditions.append(
                f"not exists (select 1 from {self.tables}.prompts q where q.number"
                " = g.fn and q.outcome is not null and q.turn is distinct from g.ft)"
            )
        ok = " and ".join(conditions) or "true"
        return (
            f"(select {', '.join(found)}, ord, {ok} as ok from unnest("
            f"{', '.join(arrays)}) with ordinality as g ({', '.join(names)}, ord))"
        )
