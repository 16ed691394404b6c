"""`PostgresStore`: a store on a server, as a value that describes it.

The server is spoken to by the router that has it.  psycopg is imported when one is
made.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from supervision.durable._keeping.making import make_keeping
from supervision.durable._sealing.sealing import sealing_of
from supervision.durable._sealing.seals import InTurn
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._sharing.words import PARTITIONS
from supervision.durable._words.encoding import Encoding
from supervision.durable._words.errors import StoreInUseError
from supervision.durable._words.opened import Claimed
from supervision.durable._words.policy import StorePolicy, policy_of

_NAME: Final = 63  # bytes that a name in PostgreSQL may have
_HINT: Final = 1000  # bytes that a name of a node may have: it is what a hint says
_MOST: Final = 10_000


class PostgresStore:
    """A store on a PostgreSQL server, which routers on many machines may share.

    Each router that opens it is a node: what is accepted by any of them survives all of
    them.  The tables are made by the first one, in a schema of their own.  A pooler in
    transaction mode may stand before the server; a database has to be in UTF8.

    Args:
        dsn: the address, as libpq takes it: "postgresql://user@host/name", or
            "host=... dbname=...".  It is in no repr, log, event or error.
        node: the name of this node, which no other one that lives has; None: made of
            the host's name, the process and chance.
        address: where clients find this node, for `locate`; the store does not look at
            it.
        release: of your code, a whole number: a partition does not go back from a node
            with a higher one to one with a lower one.  Default 0.
        schema: where the tables are.  Default "trio_actors".
        partitions: into how many the keys are divided; it cannot be changed later, and
            no more nodes than that can have work.  Default 64.
        types: attrs classes, dataclasses and enums that are known by name in values
            whose type is not declared: by `Session[P, C, S]`, say.
        state: the type of states, in place of what the session class says.
        upcasters: `{n: fn}`: builtin values of a state of version n to those of n + 1;
            the class says which it has (`state_version`).
        entry_upcasters: the same for entries of `Turn.history` (`entry_version`).
        seal: an object with `seal(data, context)` and `open(data, context)`, both to
            bytes, for all bodies; keys, ids and times are not sealed.
        policy: how much and how long.
        sharing: how nodes live together.

    Raises:
        ImportError: psycopg is not installed: `pip install 'trio-actors[postgres]'`.
        TypeError, ValueError: an argument that is not what it should be.

    Example:
        >>> store = PostgresStore("postgresql:///chat")
        >>> start_router(system, Chat, durable=store)
    """

    def __init__(
        self,
        dsn: str,
        *,
        node: str | None = None,
        address: str | None = None,
        release: int = 0,
        schema: str = "trio_actors",
        partitions: int = PARTITIONS,
        types: Sequence[type] = (),
        state: Any = None,
        upcasters: Mapping[int, Callable[[Any], Any]] | None = None,
        entry_upcasters: Mapping[int, Callable[[Any], Any]] | None = None,
        seal: Any = None,
        policy: StorePolicy | None = None,
        sharing: SharingPolicy | None = None,
    ) -> None:
        try:
            from .carrying.usual import kept_in  # noqa: PLC0415 - who makes one
            from .opening import Plan, PostgresClaim  # noqa: PLC0415
            from .rows.message import Place, name  # noqa: PLC0415
            from .target import Target  # noqa: PLC0415
        except ImportError as error:
            # without a name: psycopg's own, where there is no libpq for it
            if error.name not in {"psycopg", None}:
                raise
            text = (
                "PostgresStore needs psycopg, which is not installed or has no libpq: "
                "pip install 'trio-actors[postgres]'"
            )
            raise ImportError(text, name="psycopg") from error
        self.sharing = _sharing(sharing)
        """How nodes live together."""
        # half of what it may be silent for: it has to be back, and beat
        target = Target(dsn, self.sharing.ttl / 2)
        self.node = _named("node", node) if node is not None else _made_up()
        """The name of this node."""
        self.address = _text("address", address) if address is not None else None
        """Where clients find it."""
        self.release = _whole("release", release, least=0, most=2**31 - 1)
        """Of the code."""
        self.schema = _schema(schema)
        """Where the tables are."""
        self.partitions = _whole("partitions", partitions, least=1, most=_MOST)
        """How many there are."""
        self.policy = policy_of(policy)
        """How much and how long."""
        self.encoding = Encoding(types, state, upcasters, entry_upcasters, seal)
        """How values become bytes."""
        self.clock = None
        self._path = target.path
        self._claimed = False

        def claim() -> Claimed:
            encoding = self.encoding
            if encoding.seal is not None:
                encoding = attrs.evolve(encoding, seal=InTurn(encoding.seal))
            schema = name(self.schema)
            plan = Plan(
                target,
                Place(schema, self.node, self.partitions, kept_in(schema)),
                self.policy,
                self.address,
                self.release,
                self.schema,
                sealing_of(encoding, self.policy),
            )
            return PostgresClaim(plan, self._leave)

        self._claim = claim

    def __repr__(self) -> str:
        return f"PostgresStore({self._path!r}, schema={self.schema!r})"

    # Any: what a router has of it
    def keep(self, make: type[Any], crash: Callable[[Exception], None]) -> Any:
        """See `Durable`; a router calls it."""
        return make_keeping(self, make, crash)

    def claim(self) -> Claimed:
        """Make it this router's; the server hears nothing of it.

        Raises:
            StoreInUseError: another router of this process has this value: it would be
                the same node.
        """
        if self._claimed:
            raise StoreInUseError(self._path, os.getpid())
        claimed = self._claim()
        self._claimed = True
        return claimed

    def _leave(self) -> None:
        self._claimed = False


def _made_up() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        msg = f"{name} must be a str, got {value!r}"
        raise TypeError(msg)
    if not value or "\0" in value or not _is_utf8(value):
        msg = f"{name} must be text that can be stored, got {value!r}"
        raise ValueError(msg)
    return value


def _named(name: str, value: object) -> str:
    text = _text(name, value)
    if len(text.encode()) > _HINT or text[0] == "\n":
        msg = f"{name} must have {_HINT} bytes at most, and begin with no line's end"
        raise ValueError(msg)
    return text


def _schema(value: object) -> str:
    text = _text("schema", value)
    if len(text.encode()) > _NAME or text.startswith("pg_"):
        msg = (
            f"schema must have {_NAME} bytes at most, and not begin with 'pg_',"
            f" got {value!r}"
        )
        raise ValueError(msg)
    return text


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(name: str, value: object, *, least: int, most: int) -> int:
    if type(value) is not int:
        msg = f"{name} must be an int, got {value!r}"
        raise TypeError(msg)
    if not least <= value <= most:
        msg = f"{name} must be from {least} to {most}, got {value!r}"
        raise ValueError(msg)
    return value


def _sharing(value: SharingPolicy | None) -> SharingPolicy:
    if value is None:
        return SharingPolicy()
    if not isinstance(value, SharingPolicy):  # pyright: ignore[reportUnnecessaryIsInstance] - users
        msg = f"sharing must be a SharingPolicy, got {value!r}"
        raise TypeError(msg)
    return value
