"""`Anywhere`: the verbs of a router for a key wherever its owner is.

Where the store is shared a verb stands in it until the owner of the key has done it;
`RouterRef` itself only does what concerns this node's keys.  Without other nodes both
come to the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import trio

from actors import CloseReason, Journal, Receipt, Replay
from supervision._routing.core.core import Core
from supervision._routing.core.draining import known_to, put_away
from supervision._routing.core.looking import info
from supervision._routing.parts.lane import check_key
from supervision._routing.reports import SessionInfo, VerbResult

P = TypeVar("P")
R = TypeVar("R")


class Anywhere(Generic[P]):
    """What can be done about a session of any node; `RouterRef.anywhere`.

    Each waits until the owner of the key has done it, and says what was done; of
    another node's key when all that it changes is stored.  Cancelled: it may be done
    all the same.  If the owner dies after it has done it and before it has answered,
    its successor does it again.  Checkpoints.

    Raises:
        ElsewhereError: no owner has done it within `SharingPolicy.verb_within`.
        StoreError: the store does not answer.
        ClosedToNewError: the router has ended for good.
        TypeError, BadInputError: not a key.
    """

    __slots__ = ("_house", "_steer")

    def __init__(
        self,
        house: Callable[[str], Core],
        steer: Callable[..., Receipt[P]],
    ) -> None:
        self._house = house
        self._steer = steer

    async def cancel(
        self,
        key: str,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
    ) -> VerbResult:
        """As `RouterRef.cancel`: abort the turn that runs.

        `VerbResult.node` says which node has done it; None: this one.
        """
        given = {"hard": hard, "reason": reason, "hint": hint}

        def cancel(core: Core) -> VerbResult:
            return core.verbs.cancel(key, hard=hard, reason=reason, hint=hint)

        return await self._do(key, "cancel", given, cancel)

    async def cancel_all(self, key: str, reason: object = None) -> VerbResult:
        """As `RouterRef.cancel_all`: what waits is taken back too."""
        given = {"reason": reason}
        return await self._do(
            key, "cancel_all", given, lambda core: core.verbs.cancel_all(key, reason)
        )

    async def reset(self, key: str, reason: object = None) -> VerbResult:
        """As `RouterRef.reset`: and begin anew."""
        return await self._end(key, CloseReason.RESET, reason)

    async def close(self, key: str, reason: object = None) -> VerbResult:
        """As `RouterRef.close`: and forget the key."""
        return await self._end(key, CloseReason.CLOSED, reason)

    async def passivate(self, key: str) -> VerbResult:
        """As `RouterRef.passivate`; of another node's key its clean-up may go on."""
        check_key(key)
        core = self._house(key)
        others, store = core.keeping.others, core.keeping.store
        if others is None or store is None or key in core.lanes or not others.has(key):
            return await put_away(core, key)
        done: VerbResult = await others.ask(key, "passivate", {})
        return await known_to(store, done)

    async def _end(self, key: str, how: CloseReason, reason: object) -> VerbResult:
        return await self._do(
            key,
            "reset" if how is CloseReason.RESET else "close",
            {"reason": reason},
            lambda core: core.verbs.end(key, how, reason),
        )

    async def inspect(self, key: str) -> SessionInfo | None:
        """As `RouterRef.inspect`; None: its owner has no session of it."""

        def look(core: Core) -> SessionInfo | None:
            lane = core.lanes.get(key)
            return info(core, lane) if lane is not None else None

        return await self._do(key, "inspect", {}, look)

    async def steer(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        tenant: str | None = None,
        attempts: int = 1,
        stream: Replay | Journal | None = None,
    ) -> Receipt[P]:
        """As `RouterRef.steer`, which takes prompts for keys of other nodes too.

        With a store it returns when the store has the prompt.
        """
        receipt = self._steer(
            key,
            prompt,
            id=id,
            origin=origin,
            tenant=tenant,
            attempts=attempts,
            stream=stream,
        )
        if receipt._more is not None and receipt._more.row is not None:
            await receipt.durable()
        else:
            await trio.lowlevel.checkpoint()
        return receipt

    async def _do(
        self,
        key: str,
        verb: str,
        given: dict[str, Any],  # Any: arguments of the verb
        here: Callable[[Core], R],
    ) -> R:
        check_key(key)
        core = self._house(key)
        others = core.keeping.others
        if others is not None and key not in core.lanes and others.has(key):
            there: R = await others.ask(key, verb, given)
            return there
        done = here(core)
        await trio.lowlevel.checkpoint()
        return done
