"""Journals: the statements that write and read blocks of chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from supervision.durable._sharing.words import Lease
from supervision.durable._words.journals import GONE, ChunkPage, Chunks, ReadChunks

from .message import Message, Rows


def write(
    message: Message, records: Sequence[Chunks], leases: Sequence[Lease | None]
) -> None:
    """Keep blocks, in their order: a try may have begun anew among them."""
    s = message.tables
    blocks: list[tuple[Chunks, Lease | None]] = []
    for each, lease in zip(records, leases, strict=True):
        if each.body:
            blocks.append((each, lease))
            continue
        _blocks(message, blocks)
        blocks.clear()
        ok = message.holds(lease)
        if each.lost:
            message.say(f"delete from {s}.chunks where prompt = {each.number} and {ok}")
            message.say(
                f"update {s}.prompts set stream = {GONE}"
                f" where number = {each.number} and stream > 0 and {ok}"
            )
            continue
        message.say(
            f"update {s}.prompts set base = {each.base}"
            f" where number = {each.number} and stream > 0 and {ok}"
        )
        message.say(
            f"delete from {s}.chunks where prompt = {each.number}"
            f" and last <= {each.base} and {ok}"
        )
    _blocks(message, blocks)


def _blocks(message: Message, blocks: Sequence[tuple[Chunks, Lease | None]]) -> None:
    if not blocks:
        return
    s = message.tables
    columns: dict[str, Sequence[object]] = {
        "number int8": [each.number for each, _ in blocks],
        "last int8": [each.last for each, _ in blocks],
        "body bytea": [each.body for each, _ in blocks],
    }
    given = message.given(columns, [lease for _, lease in blocks])
    message.say(
        f"insert into {s}.chunks (prompt, last, body)"
        " select distinct on (g.number, g.last) g.number, g.last, g.body"
        f" from {given} g join {s}.prompts q"
        " on q.number = g.number and q.stream > 0 and q.base < g.last where g.ok"
        " order by g.number, g.last, g.ord desc"
        " on conflict (prompt, last) do update set body = excluded.body"
    )


def read(
    message: Message, record: ReadChunks, told: Callable[[ChunkPage], None]
) -> None:
    """Read blocks, up to a size."""

    def heard(found: Rows) -> None:
        told(ChunkPage(tuple((last, body) for last, body in found)))

    message.say(
        "select last, body from (select last, body,"
        " sum(length(body)) over (order by last) - length(body) as before"
        f" from {message.tables}.chunks where prompt = {record.number}"
        f" and last > {record.after}) c where before < {record.most} order by last",
        heard,
    )
