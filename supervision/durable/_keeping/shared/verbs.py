"""`OtherVerbs`: what is asked of the owner of a key, and done for others.

A question stands in the store until the owner of the key has answered it, or whoever
has asked waits no more.  It is answered when all that it has changed is stored.  An
owner that dies in between has done it, and its successor does it again: what a verb
comes to is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import trio

from actors import CloseReason, Receipt
from supervision._routing.core.draining import passivate
from supervision._routing.core.looking import info
from supervision._routing.nodes.words import elsewhere
from supervision._routing.reports import SessionInfo, VerbResult
from supervision.durable._keeping.ground.bodies import ORIGIN
from supervision.durable._sharing.words import (
    Post,
    Posted,
    Recall,
    Reply,
    VerbRow,
)
from supervision.durable._words.errors import CodecError, StoreAwayError
from supervision.durable._words.looks import Find
from supervision.durable._writing.book import Entry
from supervision.durable._writing.waiter import ENDED, Waiter

_FAILED: Final = "failed"


class OtherVerbs:
    """Verbs for keys of others, and of others for keys of this node.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_asked", "_doing", "_kept")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._asked: dict[int, Waiter] = {}  # {id: who waits for the answer}
        self._doing: set[int] = set()  # those that are done, and not answered

    def asked(self) -> tuple[int, ...]:
        """Which are waited for."""
        return tuple(self._asked)

    async def ask(self, key: str, verb: str, arguments: Mapping[str, Any]) -> Any:
        """See `Elsewhere`."""
        kept = self._kept
        kept.check_text(key, "key", key)
        members = kept.others.members
        body = kept.codec.encode(dict(arguments), ORIGIN)
        if kept.closed or members.sharing is None:
            await trio.lowlevel.checkpoint()
            raise StoreAwayError(ENDED if kept.closed else "it is not open")
        posted, waiter = Waiter(), Waiter()
        number: int | None = None

        def heard(answer: Posted | Exception) -> None:
            if isinstance(answer, Posted):
                self._asked[answer.id] = waiter
                kept.others.following.hint_owner(key)
            posted.told(answer)

        members.sharing.ask(Post(key, verb, body), heard)
        try:
            with trio.move_on_after(members.policy.verb_within):
                number = (await posted.wait()).id
                kept.others.following.soon()
                return self._read(await waiter.wait(), key, verb)
        finally:
            if number is not None:
                self._asked.pop(number, None)
                members.sharing.ask(Recall((number,)), _nothing)
        raise elsewhere(kept.others, key, f"anywhere.{verb}()")

    def withdraw(self, receipt: Receipt[Any], reason: object) -> None:
        """Have a prompt taken back, if it is in time; nobody waits for that."""
        kept = self._kept
        given = {"number": receipt.id, "reason": reason}
        body = kept.codec.encode(given, ORIGIN)
        key = receipt.key

        def heard(answer: Posted | Exception) -> None:
            if isinstance(answer, Posted):
                kept.others.following.hint_owner(key)

        kept.others.members.sharing.ask(Post(key, "withdraw", body), heard)

    def _read(self, body: bytes, key: str, verb: str) -> Any:
        answer: dict[str, Any] | bool | None = self._kept.codec.decode(body, ORIGIN)
        if isinstance(answer, dict) and _FAILED in answer:
            raise elsewhere(self._kept.others, key, f"anywhere.{verb}()")
        if answer is None or isinstance(answer, bool):
            return answer
        if verb == "inspect":
            return SessionInfo(**answer)
        return VerbResult(
            known=answer["known"],
            turn=answer["turn"],
            withdrawn=tuple(answer["withdrawn"]),
            node=answer["node"],
            key=key,
            away=answer.get("away", False),  # an older release has none
            busy=answer.get("busy"),
        )

    def came(
        self, verbs: Sequence[VerbRow], answers: Sequence[tuple[int, bytes]]
    ) -> None:
        """A look has found these."""
        for number, body in answers:
            waiter = self._asked.pop(number, None)
            if waiter is not None:
                waiter.told(body)
        for row in verbs:
            if row.id not in self._doing and self._kept.others.members.has(row.key):
                self._doing.add(row.id)
                self._do(row)

    def _do(self, row: VerbRow) -> None:
        """Do what another node asks, and answer when it is stored."""
        kept = self._kept
        try:
            arguments = kept.codec.decode(row.arguments, ORIGIN)
            answer = self._done(row.key, row.verb, arguments)
        except (CodecError, KeyError, TypeError, ValueError) as error:
            answer = {_FAILED: str(error)}  # of another release, say
        body = kept.codec.encode(answer, ORIGIN)

        def reply() -> None:
            if not kept.closed:
                kept.others.members.sharing.ask(Reply(((row.id, body),)), heard)

        def heard(answer: object) -> None:
            if isinstance(answer, Exception):  # it is done, and not to be done again
                policy = kept.others.members.policy
                kept.at(kept.now() + policy.poll, reply)
            else:
                self._over(row)

        # behind all that it has changed
        kept.submit(Entry(Find(row.key, ""), lambda _: reply()))

    def _over(self, row: VerbRow) -> None:
        self._doing.discard(row.id)
        self._kept.others.following.hint(row.node)

    def _done(self, key: str, verb: str, given: Mapping[str, Any]) -> Any:
        core = self._kept.core
        match verb:
            case "inspect":
                lane = core.lanes.get(key)
                if lane is None:
                    return None
                return attrs.asdict(info(core, lane))
            case "cancel":
                done = core.verbs.cancel(key, **given)
            case "cancel_all":
                done = core.verbs.cancel_all(key, given["reason"])
            case "reset":
                done = core.verbs.end(key, CloseReason.RESET, given["reason"])
            case "close":
                done = core.verbs.end(key, CloseReason.CLOSED, given["reason"])
            case "passivate":
                done = passivate(core, key)
            case "withdraw":
                receipt = self._kept.finding.here(given["number"])
                if receipt is not None:
                    receipt.withdraw(given["reason"])
                return None
            case _:
                raise ValueError(verb)
        node = self._kept.others.members.sharing.node
        return attrs.asdict(attrs.evolve(done, node=node))

    def end(self) -> None:
        """The router ends: nobody will be answered."""
        asked, self._asked = self._asked, {}
        for waiter in asked.values():
            waiter.told(StoreAwayError(ENDED))


def _nothing(_: object) -> None:
    """Nothing follows."""
