"""The tables, their version, and how an older file is brought up.

A prompt that has ended keeps its row, without its body, for as long as its id is to be
known: that an address is there once is an index, and nothing else.  It begins with the
id: those that a router makes rise, so that a batch of 512 keys writes a few pages of it
and not one for each key.  Chunks have rows of their own, and their key is an index: in
a table that is one, a block of more than a kilobyte would take pages of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import apsw
import attrs

from supervision.durable._words.errors import StoreDamagedError, StoreTooNewError

from .sql import Connection, connect

APPLICATION: Final = 0x7472_6163
"""What `pragma application_id` says of a store."""

_TABLES: Final = """
create table meta     (name text primary key, value) without rowid;
create table sessions (
    key text primary key, state blob, state_version integer, token blob,
    generation integer not null, crashes blob, tenant text, held text
);
create table prompts (
    number integer primary key, key text not null, id text not null,
    kind text not null, tenant text, job text, origin blob,
    attempts integer not null, tried integer not null, begun integer,
    steers integer, body blob, at real not null,
    outcome blob, turn integer, ended_at real, forgot integer,
    stream integer, base integer not null,
    unique (id, key)
);
create table history  (
    key text not null, n integer not null, turn integer not null,
    version integer not null, body blob not null, primary key (key, n)
) without rowid;
create table chunks   (
    prompt integer not null, last integer not null, body blob not null,
    primary key (prompt, last)
);
create table reminders (
    key text not null, name text not null, due real not null, every real,
    body blob not null, gone integer, gone_at real, primary key (key, name)
) without rowid;
create index reminders_due  on reminders (due, key, name) where gone is null;
create index reminders_gone on reminders (gone_at) where gone is not null;
create index sessions_held on sessions (key) where held is not null;
create index prompts_open  on prompts (key) where outcome is null;
create index prompts_ended on prompts (ended_at) where outcome is not null;
create index prompts_streams on prompts (ended_at)
    where stream > 0 and outcome is not null;
create index prompts_journals on prompts (key) where stream > 0;
"""


@attrs.frozen
class Schema:
    """A version of the tables, and what brings older ones up to it."""

    version: int
    tables: str
    """Makes them in an empty file."""
    steps: Mapping[int, str] = attrs.field(factory=dict[int, str])
    """{version: what makes the next one of it}"""


SCHEMA: Final = Schema(1, _TABLES)
"""What this release writes."""


def bring_up(
    connection: Connection,
    path: str,
    schema: Schema,
    keep: Callable[[int], None],
) -> None:
    """Make the tables, or bring older ones up; nothing is written to any other file.

    Args:
        connection: in no transaction.
        path: of the store, for what is said.
        schema: as it should be.
        keep: makes a copy of a file of this version, before it is changed.

    Raises:
        StoreDamagedError: it is no store.
        StoreTooNewError: a newer release's.
        apsw.Error: it cannot be read or written.
    """
    found = version_of(connection, path)
    if found == schema.version:
        return
    if found > schema.version:
        raise StoreTooNewError(path, found, schema.version)
    if found:
        keep(found)
    with connection:  # one transaction
        if found:
            for version in range(found, schema.version):
                connection.execute(schema.steps[version])
        else:
            connection.execute(f"pragma application_id = {APPLICATION}")
            connection.execute(schema.tables)
        connection.execute(
            "insert or replace into meta values ('version', ?)", (schema.version,)
        )


def version_of(connection: Connection, path: str) -> int:
    """Give the version of a file's tables; 0: it is empty.

    Raises:
        StoreDamagedError: it is no store.
    """
    (tables,) = connection.execute("select count(*) from sqlite_schema").fetchall()[0]
    if connection.pragma("application_id") == APPLICATION:
        rows = connection.execute("select value from meta where name = 'version'")
        for (version,) in rows.fetchall():
            if isinstance(version, int):
                return version
    elif not tables:
        return 0
    raise StoreDamagedError(path, "it is a database, and not one of a store")


def next_opening(connection: Connection, least: int) -> int:
    """Say which opening this is, and write it down."""
    with connection:
        connection.execute(
            "insert into meta values ('opened', ?) on conflict (name)"
            " do update set value = max(value + 1, excluded.value)",
            (least,),
        )
    rows = connection.execute("select value from meta where name = 'opened'")
    ((opened,),) = rows.fetchall()
    if not isinstance(opened, int):  # pragma: no cover - we wrote it
        raise TypeError(opened)
    return opened


def opened_of(path: Path) -> int:
    """Say which opening of a file was the latest; 0: it is new, or none of ours.

    For a file that is a router's own and not open yet.  Never an error: what is wrong
    with it is told when it is opened.
    """
    try:
        if not path.stat().st_size:
            return 0
        connection = connect(path)
        try:
            rows = connection.execute("select value from meta where name = 'opened'")
            ((opened,),) = rows.fetchall()
        finally:
            connection.close()
    except (OSError, apsw.Error, ValueError):
        return 0
    return opened if isinstance(opened, int) else 0
