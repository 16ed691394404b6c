"""`MemoryServer`: a store in memory that many nodes share, for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from actors.hosting import whole
from supervision.durable._keeping.ground.wall import Wall
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import SessionRow

from .prompts import StoredPrompt
from .questions import Clock, Hub, Way
from .store import MemoryStore

_PARTITIONS: Final = 8


class MemoryServer:
    """A store in memory that many nodes share, for tests, as a server's would be.

    Each node has a `MemoryStore` of its own (`node`), which is its way to the one
    store: what is told to that goes wrong for this node alone.  It outlives them all.
    Nothing happens by chance, and all waiting is on Trio's clock.

    Args:
        partitions: over how many its keys are spread.  Default 8.
        sharing: how nodes live together; None: `SharingPolicy()`.

    Raises:
        TypeError, ValueError: an argument that is not what it should be.

    Example:
        >>> server = MemoryServer()
        >>> one = start_router(system, Chat, name="one", durable=server.node("a"))
        >>> two = start_router(system, Chat, name="two", durable=server.node("b"))
    """

    def __init__(
        self, *, partitions: int = _PARTITIONS, sharing: SharingPolicy | None = None
    ) -> None:
        whole("partitions", partitions, least=1)
        policy = sharing if sharing is not None else SharingPolicy()
        if not isinstance(policy, SharingPolicy):  # pyright: ignore[reportUnnecessaryIsInstance] - users
            msg = f"sharing must be a SharingPolicy, got {policy!r}"
            raise TypeError(msg)
        self.partitions = partitions
        """How many there are."""
        self._hub = Hub(partitions, policy, Wall(virtual=True))

    def __repr__(self) -> str:
        return f"<MemoryServer at {id(self):#x}>"

    def node(
        self,
        name: str,
        *,
        address: str | None = None,
        release: int = 0,
        clock_off: float = 0.0,
        types: Sequence[type] = (),
        state: Any = None,  # Any: a type, as `MemoryStore` takes it
        upcasters: Mapping[int, Callable[[Any], Any]] | None = None,
        entry_upcasters: Mapping[int, Callable[[Any], Any]] | None = None,
        seal: Any = None,  # Any: as `MemoryStore` takes it
        policy: StorePolicy | None = None,
    ) -> MemoryStore:
        """Make a node's way to the store; for one router, as every store.

        Made twice with one name, they are two nodes of this name: the younger one
        stays, and the router of the other one crashes with a `StoreError`.

        Args:
            name: of the node.
            address: where its clients find it: what `locate` says.
            release: of its code: a partition goes to no older one, as long as there is
                one that is not.
            clock_off: seconds by which the wall clock of its machine is ahead of the
                server's.
            types: as `MemoryStore` takes it, and so are the others.
            state: the type of states.
            upcasters: of states.
            entry_upcasters: of entries.
            seal: for all bodies; each node needs the same.
            policy: how much and how long.

        Raises:
            TypeError, ValueError: an argument that is not what it should be.
        """
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - users
            msg = f"name must be a str, got {name!r}"
            raise TypeError(msg)
        if not name:
            msg = "name must not be empty"
            raise ValueError(msg)
        whole("release", release, least=0)
        store = MemoryStore(
            types=types,
            state=state,
            upcasters=upcasters,
            entry_upcasters=entry_upcasters,
            seal=seal,
            policy=policy,
        )
        clock = _Off(self._hub.clock, clock_off)
        store.bind(Way(self._hub, name, address, release, clock))
        return store

    # ---------------------------------------------------------------- what goes wrong

    def down(self) -> None:
        """It answers no node, until `up`: `StoreAwayError` is all that they hear."""
        self._hub.is_down = True

    def up(self) -> None:
        """Take back `down`.  What it has is as it was."""
        self._hub.is_down = False

    # --------------------------------------------------------------- what a test sees

    def partition_of(self, key: str) -> int:
        """Say in which partition a key is."""
        return self._hub.cluster.tables.prompts.partition_of(key)

    def owners(self) -> dict[int, str | None]:
        """Give `{partition: the node whose it is}`; None: nobody's."""
        return {each.partition: each.owner for each in self._hub.cluster.partitions}

    def epochs(self) -> dict[int, int]:
        """Give `{partition: its epoch}`: how often it has been taken."""
        return {each.partition: each.epoch for each in self._hub.cluster.partitions}

    def nodes(self) -> tuple[str, ...]:
        """List the nodes that it knows, dead ones too, by name."""
        return tuple(sorted(self._hub.cluster.nodes))

    def prompts(self) -> tuple[StoredPrompt, ...]:
        """List all prompts that it has, by number."""
        return self._hub.cluster.tables.stored()

    def sessions(self) -> dict[str, SessionRow]:
        """Give `{key: what is kept of it}`."""
        return self._hub.cluster.tables.sessions()

    @property
    def time(self) -> datetime:
        """Say what time it is for reminders: it goes as Trio's clock does."""
        return datetime.fromtimestamp(self._hub.clock.now(), UTC)


class _Off:
    """A clock that is ahead of another one.

    Args:
        clock: the other one.
        seconds: by so much.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.now() + self._seconds
