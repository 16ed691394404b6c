"""The tables, their version, and how they are made and brought up beside other nodes.

A prompt that has ended keeps its row, without its body, for as long as its id is to be
known: that an address is there once is an index, and nothing else.  `seq` says in which
order prompts were accepted; numbers of prompts rise on each node only.  Texts that are
ordered are so by their characters, as everywhere else (`collate "C"`).

With them come functions for statements that are usual (`carrying/usual`).  Whoever
changes one of these statements raises the revision: then its function is made.

Every statement may be carried out twice, and by two nodes at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from supervision.durable._words.errors import (
    StoreAwayError,
    StoreError,
    StoreTooNewError,
)

from .carrying.usual import functions
from .link import Link, RefusedByServerError
from .rows.message import Place, settings, text

TABLES: Final = """
create table if not exists @nodes (
    node text collate "C" primary key, address text, release int8 not null,
    opened int8 not null, beat int8 not null, leaving boolean not null,
    at timestamptz not null
);
create table if not exists @partitions (
    p int4 primary key, owner text, epoch int8 not null, release int8 not null
);
create table if not exists @sessions (
    key text collate "C" primary key, p int4 not null,
    state bytea, state_version int8, token bytea, generation int8 not null,
    crashes bytea, tenant text, held text
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
    toast.autovacuum_vacuum_scale_factor = 0.02);
create table if not exists @prompts (
    number int8 primary key, seq int8 not null generated always as identity,
    p int4 not null, key text collate "C" not null, id text collate "C" not null,
    kind text not null, tenant text, job text, origin bytea,
    attempts int8 not null, tried int8 not null, begun int8,
    steers int8, body bytea, at float8 not null,
    outcome bytea, turn int8, ended_at float8, forgot int8,
    stream int8, base int8 not null,
    unique (key, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
    toast.autovacuum_vacuum_scale_factor = 0.02);
create table if not exists @history (
    key text collate "C" not null, n int8 not null, turn int8 not null,
    version int8 not null, body bytea not null, primary key (key, n)
);
create table if not exists @chunks (
    prompt int8 not null, last int8 not null, body bytea not null,
    primary key (prompt, last)
);
create table if not exists @reminders (
    key text collate "C" not null, name text collate "C" not null, p int4 not null,
    due float8 not null, every float8, body bytea not null, gone int8, gone_at float8,
    primary key (key, name)
);
create table if not exists @verbs (
    id int8 generated always as identity primary key, p int4 not null,
    key text not null, verb text not null, arguments bytea not null,
    node text not null, answer bytea,
    at timestamptz not null default clock_timestamp()
);
create index if not exists prompts_open on @prompts (p, key, seq, number)
    where outcome is null;
create index if not exists prompts_ended on @prompts (ended_at)
    where outcome is not null;
create index if not exists prompts_streams on @prompts (ended_at)
    where stream > 0 and outcome is not null;
create index if not exists sessions_held on @sessions (key) where held is not null;
create index if not exists reminders_due on @reminders (due, key, name)
    where gone is null;
create index if not exists reminders_gone on @reminders (gone_at)
    where gone is not null;
create index if not exists verbs_open on @verbs (p, id) where answer is null
"""


@attrs.frozen
class Schema:
    """A version of the tables, and what brings older ones up to it."""

    version: int
    tables: str
    """Makes what there is not of them; `@` stands for the schema.

    A column that is new within a version is nullable, and added at the end of this, if
    it is not there: nodes of older releases go on beside it.
    """
    revision: int = 1
    """Of the tables within a version: rises with each such column, and function."""
    steps: Mapping[int, str] = attrs.field(factory=dict[int, str])
    """{version: what makes the next one of it}; it may be carried out twice."""


SCHEMA: Final = Schema(1, f"{TABLES};\n{functions()}")
"""What this release writes."""
_META: Final = "create table if not exists @meta (name text primary key, value int8)"
_KEEP: Final = (
    "insert into @meta as meta values ('{}', {})"
    " on conflict (name) do update set value = {}"
)
_TRIES: Final = 10


def bring_up(link: Link, place: Place, path: str, schema: Schema) -> None:
    """Make the tables, or bring older ones up; other nodes may do the same meanwhile.

    Args:
        link: to the server.
        place: whose tables, and how many partitions there are to be.
        path: of the store, for what is said.
        schema: as it should be.

    Raises:
        StoreTooNewError: a newer release's.
        StoreAwayError: not now.
        StoreError: it cannot be, or it has another number of partitions.
    """
    (((encoding,),),) = link.carry(b"select current_setting('server_encoding')")
    if encoding != "UTF8":
        msg = f"{path} is a database in {encoding}: a store is in UTF8"
        raise StoreError(msg)
    tries = 0
    while _is_older(found := _meta(link, place), path, schema):
        tries += 1
        try:
            link.carry(_making(link, place, schema, found.get("version", 0)))
        except (RefusedByServerError, StoreError) as error:
            # most likely another node has made the same a moment before
            if isinstance(error, StoreAwayError):
                raise
            if tries == _TRIES:
                msg = f"the tables in {path} cannot be made: {error}"
                raise StoreError(msg) from error
    if found.get("partitions") != place.partitions:
        msg = (
            f"{path} has {found.get('partitions')} partitions, and this node says"
            f" partitions={place.partitions}: all nodes of a store have the same"
        )
        raise StoreError(msg)


def _is_older(found: Mapping[str, int], path: str, schema: Schema) -> bool:
    """Whether tables are to be made, or brought up.  Raises StoreTooNewError."""
    version, revision = found.get("version", 0), found.get("revision", 0)
    if version > schema.version:
        raise StoreTooNewError(path, version, schema.version)
    return (version, revision) < (schema.version, schema.revision)


def next_opening(link: Link, place: Place) -> int:
    """Say which opening this is; no other one gets this number."""
    (((opened,),),) = link.carry(
        f"insert into {place.schema}.meta values ('opened', 1) on conflict (name)"
        " do update set value = meta.value + 1 returning value".encode()
    )
    return int(opened)


def _meta(link: Link, place: Place) -> dict[str, int]:
    """Read what the store says of itself; nothing if there is none."""
    table = f"{place.schema}.meta"
    ((row,),) = link.carry(f"select to_regclass({text(table)}) is not null".encode())
    if not row[0]:
        return {}
    (rows,) = link.carry(f"select name, value from {table}".encode())
    return dict(rows)


def _making(link: Link, place: Place, schema: Schema, version: int) -> bytes:
    """Give what makes the tables, or brings them up: one message, one transaction."""
    s = place.schema
    # who may not make a schema may have been given one
    ((row,),) = link.carry(f"select to_regnamespace({text(s)}) is null".encode())
    first = f"create schema if not exists {s};\n" if row[0] else ""
    first = f"{settings()};\n{first}"
    say = [_META, "lock table @meta in share row exclusive mode"]
    if version:
        say += [schema.steps[each] for each in range(version, schema.version)]
    partitions = "(select value::int4 - 1 from @meta where name = 'partitions')"
    say += [
        schema.tables,
        _KEEP.format("partitions", place.partitions, "meta.value"),
        (
            "insert into @partitions (p, epoch, release) select each, 0, 0"
            f" from generate_series(0, {partitions}) each on conflict do nothing"
        ),
        _KEEP.format("version", schema.version, "excluded.value"),
        _KEEP.format("revision", schema.revision, "excluded.value"),
    ]
    return (first + ";\n".join(say).replace("@", f"{s}.")).encode()
