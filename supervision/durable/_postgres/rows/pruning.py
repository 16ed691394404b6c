"""What is no longer kept: it is deleted some at a time, by any node.

What another node is deleting in this instant is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from supervision.durable._words.journals import GONE
from supervision.durable._words.records import Prune

from .message import Message, Rows, number

VERBS: Final = "1 hour"
"""For so long a verb is kept that nobody answers, or whose answer nobody takes."""
NODES: Final = "1 hour"
"""For so long a node is remembered that is silent."""


def prune(message: Message, record: Prune, told: Callable[[int], None]) -> None:
    """Delete what ended; `told` gets how many."""
    s, most = message.tables, record.most
    count: list[int] = []

    def read(found: Rows) -> None:
        count.append(found[0][0])

    message.say(
        f"with old as materialized (select number from {s}.prompts where stream > 0"
        f" and outcome is not null and ended_at < {number(record.journals)}"
        f" order by ended_at, number limit {most} for update skip locked),"
        f" c as (delete from {s}.chunks where prompt in (select number from old)),"
        f" gone as (update {s}.prompts set stream = {GONE}"
        " where number in (select number from old) returning 1)"
        " select count(*) from gone",
        read,
    )
    message.say(
        f"with old as materialized (select number from {s}.prompts q"
        f" where outcome is not null and ended_at < {number(record.before)}"
        f" and not exists (select 1 from {s}.sessions s where s.key = q.key"
        f" and s.held is not null) order by ended_at, number limit {most}"
        " for update skip locked),"
        f" gone as (delete from {s}.prompts"
        " where number in (select number from old) returning 1)"
        " select count(*) from gone",
        read,
    )
    message.say(
        f"with old as materialized (select key, name from {s}.reminders"
        f" where gone is not null and gone_at < {number(record.before)}"
        f" order by gone_at, key, name limit {most} for update skip locked),"
        f" gone as (delete from {s}.reminders"
        " where (key, name) in (select key, name from old) returning 1)"
        " select count(*) from gone",
        read,
    )
    message.say(
        f"delete from {s}.nodes where at < clock_timestamp() - interval '{NODES}'"
    )
    message.say(
        f"delete from {s}.verbs where at < clock_timestamp() - interval '{VERBS}'"
        " returning 1",
        lambda _: told(sum(count)),
    )
