"""What is kept of keys beside their states; and how a key is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from supervision.durable._sharing.words import Lease
from supervision.durable._words.journals import GONE
from supervision.durable._words.looks import Hold
from supervision.durable._words.records import Forget

from .message import Message, Rows, array, data, number, text


def keep(
    message: Message,
    column: Literal["token", "crashes"],
    values: Sequence[tuple[str, bytes | None]],
    leases: Sequence[Lease | None],
    partition_of: Callable[[str], int],
) -> None:
    """Keep something of keys, each of another one; None forgets it.

    Args:
        message: it is added to it.
        column: what.
        values: (key, value).
        leases: what each needs.
        partition_of: gives the partition of a key.
    """
    s = message.tables
    given = message.given(
        {
            "key text": [key for key, _ in values],
            "value bytea": [value for _, value in values],
        },
        leases,
        [partition_of(key) for key, _ in values],
    )
    message.say(
        f"insert into {s}.sessions (key, p, {column}, generation)"
        f" select key, p, value, 1 from {given} g"
        " where g.ok and (value is not null"
        f" or (select true from {s}.sessions s where s.key = g.key))"
        f" on conflict (key) do update set {column} = excluded.{column}"
    )


def hold(
    message: Message, record: Hold, lease: Lease | None, told: Callable[[int], None]
) -> None:
    """Keep why a key cannot be read; `told` gets how many keys are held then."""
    message.say(
        f"update {message.tables}.sessions set held = {text(record.why)}"
        f" where key = {text(record.key)} and {message.holds(lease)}"
    )
    held(message, told)


def held(message: Message, told: Callable[[int], None]) -> None:
    """Count the keys that are held; there is an index of those alone."""
    message.say(
        f"select count(*) from {message.tables}.sessions where held is not null",
        lambda found: told(found[0][0]),
    )


def forget(
    message: Message,
    record: Forget,
    lease: Lease | None,
    later: Collection[int],
    told: Callable[[bool, tuple[int, ...], int], None],
) -> None:
    """Forget a key, and end the prompts of it that wait.

    Args:
        message: it is added to it.
        record: which, and how.
        lease: what it needs.
        later: prompts that come behind it: they were not there yet.
        told: called with whether there was something, the numbers of the prompts that
            have ended by it, and how many keys are held then.
    """
    s, key = message.tables, text(record.key)
    ok = message.holds(lease)
    mine = (
        f"key = {key} and number <> all ({array(later, 'int8')}) and {ok}"
        if later
        else f"key = {key} and {ok}"
    )
    known: list[bool] = []
    withdrawn: list[tuple[int, ...]] = []

    def read_known(found: Rows) -> None:
        known.append(found[0][0])

    def read_withdrawn(found: Rows) -> None:
        withdrawn.append(tuple(each for (each,) in found))

    message.say(
        f"with s as (delete from {s}.sessions where key = {key} and {ok} returning 1),"
        f" r as (delete from {s}.reminders where key = {key} and {ok} returning gone),"
        f" h as (delete from {s}.history where key = {key} and {ok})"
        " select exists (select 1 from s)"
        " or exists (select 1 from r where gone is null)",
        read_known,
    )
    message.say(
        f"delete from {s}.chunks where prompt in (select number from {s}.prompts"
        f" where {mine} and stream > 0)"
    )
    message.say(f"update {s}.prompts set stream = {GONE} where {mine} and stream > 0")
    message.say(
        f"update {s}.prompts set outcome = {data(record.withdrawn)}, turn = null,"
        f" ended_at = {number(record.at)}, forgot = {record.mark},"
        " begun = null, body = null, origin = null"
        f" where {mine} and outcome is null"
        f" and begun is distinct from {record.opened}"
        f" and number <> all ({array(record.but, 'int8')})"
    )
    # those of an earlier time count too: its answer was lost
    message.say(
        f"select number from {s}.prompts where key = {key} and forgot = {record.mark}"
        " order by number",
        read_withdrawn,
    )

    def counted(count: int) -> None:
        told(known[0] or bool(withdrawn[0]), withdrawn[0], count)

    held(message, counted)
