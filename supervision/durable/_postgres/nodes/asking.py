"""Each question of a node as one message, and what the server says as a reaction.

Pure.  A message is a transaction; it waits for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias, assert_never

import msgspec

from supervision.durable._postgres.rows import prompts
from supervision.durable._postgres.rows.message import (
    Message,
    Place,
    Rows,
    array,
    data,
    settings,
    text,
)
from supervision.durable._sharing.words import (
    Beat,
    EndedRow,
    Give,
    Given,
    Hint,
    Lease,
    Leave,
    NodeRow,
    PartitionRow,
    Poll,
    Polled,
    Post,
    Posted,
    Question,
    Reaction,
    Recall,
    Reply,
    Take,
    Taken,
    VerbRow,
    View,
    numbers_of,
    partition_of,
)
from supervision.durable._words.records import Row

Heard: TypeAlias = Callable[[], Reaction]
"""Makes the reaction, when the message's rows have been read."""

LOCK: Final = 1_000
"""Milliseconds that a take over waits for a batch of the owner before."""
_decode: Final = msgspec.json.Decoder(
    tuple[
        list[tuple[str, str | None, int, int, int, bool]] | None,
        list[tuple[int, str | None, int, int]],
        float,
    ]
).decode


class Asking:
    """Messages of a node.

    Args:
        place: the tables, and its name.
        address: where its clients find it.
        release: of its code.
        opened: its opening.
        channel: of hints.
    """

    def __init__(
        self,
        place: Place,
        *,
        address: str | None,
        release: int,
        opened: int,
        channel: str,
    ) -> None:
        self._place = place
        self._address = address
        self._release = release
        self._opened = opened
        self._channel = channel

    def asked(self, question: Question) -> tuple[Message, Heard]:
        """Give the message for a question, and what makes its reaction."""
        message = Message(self._place)
        message.say(settings())
        match question:
            case Beat():
                return message, self._beat(message, question)
            case Take(leases=leases):
                return message, self.take(message, leases, wait=False)
            case Give(leases=leases):
                self._give(message, leases)
            case Leave():
                self._leave(message)
            case Poll():
                return message, self._poll(message, question)
            case Post():
                return message, self._post(message, question)
            case Reply(answers=answers):
                self._reply(message, answers)
            case Recall(ids=ids):
                s = message.tables
                message.say(
                    f"delete from {s}.verbs where id = any ({array(ids, 'int8')})"
                )
            case Hint(nodes=nodes):
                self.notify(message, nodes)
            case _:
                assert_never(question)
        return message, Given

    def _beat(self, message: Message, beat: Beat) -> Heard:
        s, me = message.tables, text(self._place.node)
        message.say(
            f"insert into {s}.nodes as n"
            " (node, address, release, opened, beat, leaving, at)"
            f" values ({me}, {text(self._address)}, {self._release}, {self._opened},"
            f" {beat.beat}, {beat.leaving}, clock_timestamp())"
            " on conflict (node) do update set"
            " address = excluded.address, release = excluded.release,"
            " opened = excluded.opened,"
            " beat = excluded.beat, leaving = excluded.leaving, at = excluded.at"
            " where n.opened <= excluded.opened"
        )
        rows: Rows = []
        # one statement: one moment
        message.say(
            "select json_build_array("
            "(select json_agg(json_build_array(node, address, release, opened, beat,"
            f" leaving) order by node) from {s}.nodes),"
            "(select json_agg(json_build_array(p, owner, epoch, release) order by p)"
            f" from {s}.partitions),"
            " extract(epoch from clock_timestamp())::float8)::text",
            rows.extend,
        )

        def heard() -> View:
            nodes, partitions, now = _decode(rows[0][0])
            return View(
                tuple(NodeRow(*each) for each in nodes or ()),
                tuple(PartitionRow(*each) for each in partitions),
                now,
            )

        return heard

    def take(
        self, message: Message, leases: tuple[Lease, ...], *, wait: bool
    ) -> Callable[[], Taken]:
        """Make partitions this node's; without `wait` none whose row is locked."""
        s = message.tables
        rows: Rows = []
        given = self._leases(message, leases)
        message.say(
            f"with free as materialized (select q.p from {given} g"
            f" join {s}.partitions q on q.p = g.p and q.epoch = g.epoch"
            f" where not {self._is_replaced(s)}"
            f" order by q.p for update of q {'' if wait else 'skip locked'})"
            f" update {s}.partitions q set owner = {text(self._place.node)},"
            f" epoch = q.epoch + 1, release = greatest(q.release, {self._release})"
            " from free where q.p = free.p returning q.p, q.epoch",
            rows.extend,
        )
        return lambda: Taken(tuple(Lease(*each) for each in sorted(rows)))

    @staticmethod
    def _leases(message: Message, leases: tuple[Lease, ...]) -> str:
        columns = {
            "p int4": [each.partition for each in leases],
            "epoch int8": [each.epoch for each in leases],
        }
        return message.given(columns, ())

    def _give(self, message: Message, leases: tuple[Lease, ...]) -> None:
        message.say(
            f"update {message.tables}.partitions q set owner = null"
            f" from {self._leases(message, leases)} g where q.p = g.p"
            f" and q.epoch = g.epoch and q.owner = {text(self._place.node)}"
        )

    def _leave(self, message: Message) -> None:
        s, me = message.tables, text(self._place.node)
        stays = f"not {self._is_replaced(s)}"
        message.say(
            f"update {s}.partitions set owner = null where owner = {me} and {stays}"
        )
        message.say(f"delete from {s}.verbs where node = {me} and {stays}")
        message.say(
            f"delete from {s}.nodes where node = {me} and opened <= {self._opened}"
        )

    def _is_replaced(self, s: str) -> str:
        """Whether a younger node has this one's name."""
        return (
            f"exists (select from {s}.nodes where node = {text(self._place.node)}"
            f" and opened > {self._opened})"
        )

    # -------------------------------------------------------------------- what is new

    def _poll(self, message: Message, poll: Poll) -> Heard:
        rows: list[Row] = []
        ended: list[EndedRow] = []
        verbs: list[VerbRow] = []
        answers: list[tuple[int, bytes]] = []

        def read(made: Callable[..., Any], into: list[Any]) -> Callable[[Rows], None]:
            return lambda found: into.extend(made(*each) for each in found)

        s = message.tables
        mine = f"any ({array(poll.partitions, 'int4')})"
        if poll.partitions:
            self._new(message, poll, read(Row, rows))
            message.say(
                f"select id, key, verb, arguments, node from {s}.verbs"
                f" where p = {mine} and answer is null order by id",
                read(VerbRow, verbs),
            )
        if poll.follows:
            message.say(
                "select f.number, q.outcome, q.turn, coalesce(q.key, '')"
                f" from unnest({array(poll.follows, 'int8')}) as f (number)"
                f" left join {s}.prompts q on q.number = f.number"
                " where q.number is null or q.outcome is not null order by f.number",
                read(EndedRow, ended),
            )
        if poll.asked:
            message.say(
                f"select id, answer from {s}.verbs"
                f" where id = any ({array(poll.asked, 'int8')})"
                f" and node = {text(self._place.node)} and answer is not null",
                read(lambda *each: each, answers),
            )
        return lambda: Polled(
            tuple(rows), tuple(ended), tuple(verbs), tuple(sorted(answers))
        )

    @staticmethod
    def _new(message: Message, poll: Poll, read: Callable[[Rows], None]) -> None:
        """Prompts of others: their numbers are below or above those of this opening."""
        columns = prompts.COLUMNS
        first, last = numbers_of(poll.opened)
        known = (
            f" and number <> all ({array(poll.known, 'int8')})" if poll.known else ""
        )
        parts = [
            f"(select seq, {columns} from {message.tables}.prompts"
            f" where p = any ({array(poll.partitions, 'int4')})"
            f" and outcome is null and {which}{known} order by seq limit {poll.most})"
            for which in (f"number < {first}", f"number > {last}")
        ]
        message.say(
            f"select {columns} from ({' union all '.join(parts)}) q"
            f" order by seq limit {poll.most}",
            read,
        )

    def _post(self, message: Message, post: Post) -> Heard:
        rows: Rows = []
        p = partition_of(post.key, self._place.partitions)
        message.say(
            f"insert into {message.tables}.verbs (p, key, verb, arguments, node)"
            f" values ({p}, {text(post.key)}, {text(post.verb)},"
            f" {data(post.arguments)}, {text(self._place.node)}) returning id",
            rows.extend,
        )
        return lambda: Posted(rows[0][0])

    @staticmethod
    def _reply(message: Message, answers: tuple[tuple[int, bytes], ...]) -> None:
        columns: dict[str, Sequence[object]] = {
            "id int8": [each for each, _ in answers],
            "answer bytea": [answer for _, answer in answers],
        }
        given = message.given(columns, ())
        message.say(
            f"update {message.tables}.verbs v set answer = g.answer"
            f" from {given} g where v.id = g.id"
        )

    def notify(self, message: Message, payloads: tuple[str, ...]) -> None:
        """Say something to all who listen."""
        message.say(
            f"select pg_notify({text(self._channel)}, each)"
            f" from unnest({array(payloads, 'text')}) each"
        )
