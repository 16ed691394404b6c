"""A message: statements that the server carries out as one transaction, at once.

A batch goes to the server whole, as one message of its simple protocol.  The server
begins when it has all of it, and waits for nobody in between: a process that is stopped
holds no lock.  So whatever a statement is to know of an earlier one it has to find in
the tables; answers are read when all is over.

The protocol takes no parameters.  What comes from outside stands in the text as JSON,
made in C, between two tags that are not in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

import attrs
import msgspec

from supervision.durable._sharing.words import Lease

STATEMENT: Final = 30_000
"""Milliseconds that a batch may take."""
IDLE: Final = 5_000
"""Milliseconds that a transaction may wait for us, if one ever does."""
# plans by the indexes, whatever is known of the tables; nothing is worth compiling
_SETTINGS: Final = (
    "select set_config('statement_timeout', '{0}', true),"
    " set_config('lock_timeout', '{1}', true),"
    f" set_config('idle_in_transaction_session_timeout', '{IDLE}', true),"
    " set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"
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


def numbers(values: Iterable[int | None], kind: str = "int8") -> str:
    """Write an array of whole numbers as SQL."""
    items = ",".join(["null" if each is None else str(each) for each in values])
    return f"'{{{items}}}'::{kind}[]"


def json(value: object) -> str:
    """Write JSON as SQL; bytes in it are base64."""
    return f"{_TAG.around(_encode(value).decode())}::json"


def texts(values: Sequence[str]) -> str:
    """Write an array of texts as SQL."""
    return f"array(select json_array_elements_text({json(values)}))"


def name(value: str) -> str:
    """Write a name of ours or of a user's as SQL."""
    return '"' + value.replace('"', '""') + '"'


@attrs.frozen
class Place:
    """Whose tables they are, and who writes."""

    schema: str
    """As SQL."""
    node: str
    """The name of this node."""
    partitions: int
    """How many there are."""


class Message:
    """Statements, and who reads what each of them finds.

    Args:
        place: the tables.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.tables = place.schema
        """What stands before the name of each table, without the dot."""
        self._statements: list[str] = []
        self._reads: list[Read | None] = []

    def say(self, statement: str, read: Read | None = None) -> None:
        """Add a statement; `read` gets the rows that it has found, when all is over."""
        self._statements.append(statement)
        self._reads.append(read)

    def written(self) -> bytes:
        """Give all of it."""
        return ";\n".join(self._statements).encode()

    def heard(self, found: Sequence[Rows]) -> None:
        """Tell each statement's rows."""
        for read, rows in zip(self._reads, found, strict=True):
            if read is not None:
                read(rows)

    # ------------------------------------------------------------- what is given to it

    def mine(self, partition: str, epoch: str) -> str:
        """Write as SQL: a partition is this node's, in this epoch."""
        return (
            f"exists (select 1 from {self.tables}.partitions f"
            f" where f.p = {partition} and f.epoch = {epoch}"
            f" and f.owner = {text(self.place.node)})"
        )

    def holds(self, lease: Lease | None) -> str:
        """Write as SQL: what a record needs is this node's."""
        if lease is None:
            return "true"
        return self.mine(str(lease.partition), str(lease.epoch))

    def given(
        self,
        columns: str,
        values: Sequence[object],
        leases: Sequence[Lease | None],
        partitions: Sequence[int] | None = None,
    ) -> str:
        """Write rows as SQL, to be selected from: as `columns` say, and some more.

        `ord` is their order from 1 on, `ok` whether what each needs is this node's, `p`
        its partition, if they are given.

        Args:
            columns: "name type, name type".
            values: an object of JSON for each.
            leases: what each needs.
            partitions: of each.
        """
        names = ", ".join(each.split()[0] for each in columns.split(","))
        parts = [f"json_to_recordset({json(values)}) as ({columns})"]
        ok = "true"
        if partitions is not None:
            parts.append(f"unnest({numbers(partitions, 'int4')})")
            names += ", p"
        if any(each is not None for each in leases):
            needs = [each.partition if each else None for each in leases]
            epochs = [each.epoch if each else None for each in leases]
            parts += [f"unnest({numbers(needs, 'int4')})", f"unnest({numbers(epochs)})"]
            names += ", lp, le"
            ok = f"(g.le is null or {self.mine('g.lp', 'g.le')})"
        return (
            f"(select g.*, {ok} as ok from rows from ({', '.join(parts)})"
            f" with ordinality as g({names}, ord))"
        )
