"""The words for what is in stores, and for the nodes that share them: shapes, as JSON.

Pure vocabulary, under the rules of `supervision._view.shapes`.
"""

from __future__ import annotations

from typing import TypedDict

from supervision._view.shapes import SessionShape, StoreShape


class KeyShape(TypedDict):
    """A key, as a router and its store have it."""

    session: SessionShape
    """Its phase is `passivated` if only the store has it."""
    memory: bool
    """The router has it in memory."""
    open: int
    """Prompts in the store that have no outcome, those that run included."""
    state: int | None
    """Bytes of its state; null: it has none."""
    token: bool
    """A token is bound."""


class KeysShape(TypedDict):
    """A page of keys, in their order."""

    keys: list[KeyShape]
    after: str | None
    """The next page is behind this key; null: there is none."""


class RememberedShape(TypedDict):
    """`supervision.Remembered`: what is remembered of a conversation."""

    router: str
    """Path of its router."""
    key: str
    state: str | None
    """Its state as a text of JSON, cut where it is large; null: it has none, or it
    cannot be read."""
    version: int | None
    """Of the class that wrote it."""
    history: list[str]
    """The newest entries, each a text of JSON, the oldest of them first."""
    entries: int
    """How many its history has."""
    before: int | None
    """For the page in front; null: there is none."""
    waiting: int
    """Prompts that have no outcome, those that run included."""
    tenant: str | None
    generation: int
    live: bool
    """The router has it in memory, and it is not held."""
    phase: str
    """As of a session; or passivated, suspended, elsewhere, held."""
    held: str | None
    """Why nothing of it begins; null: it can."""
    node: str | None
    """The node that owns it; null: this one, or none."""
    age: float | None
    """Since the router knows the key; null: it has it not in memory."""


class OutcomeShape(TypedDict):
    """A prompt, as a store has it."""

    router: str
    """Path of its router."""
    key: str
    id: str
    number: int
    """`Receipt.id`."""
    outcome: str | None
    """Name of the outcome's class; null: it has none yet."""
    text: str | None
    """Its result, error or reason, cut; null: it has none."""
    turn: int | None
    """The turn that gave it."""
    age: float
    """Since it was accepted."""
    ended: float | None
    """Since it got its outcome."""
    held: str | None
    """Why it waits: what is kept of its key cannot be read; null: it can."""


class RouterStoreShape(TypedDict):
    """The store of a router."""

    router: str
    """Its path."""
    kept: int
    """Prompts that its incarnations have left there."""
    store: StoreShape


class ReminderShape(TypedDict):
    """A reminder."""

    key: str
    name: str
    due: float
    """Seconds until it comes next; negative: it is on its way, or waits for room."""
    every: float | None
    """Seconds from one due time to the next; null: it comes once."""


class RemindersShape(TypedDict):
    """Reminders of one router, those that come first before the others."""

    router: str
    """Its path."""
    reminders: list[ReminderShape]
    more: bool
    """There are others, which come later."""


class StoresShape(TypedDict):
    """The stores of routers, in the order of their paths."""

    stores: list[RouterStoreShape]


class NodeShape(TypedDict):
    """`supervision.NodeInfo`."""

    node: str
    address: str | None
    """Null: it did not say."""
    release: int
    partitions: int
    lives: bool
    leaving: bool
    here: bool


class RouterNodesShape(TypedDict):
    """The nodes that share the store of a router, as that one sees them."""

    router: str
    """Its path."""
    ready: bool
    """It is one of them, and stays."""
    nodes: list[NodeShape]
    """By their names; none: it has not seen them yet."""


class NodesShape(TypedDict):
    """Those of all routers with a shared store, in the order of their paths."""

    routers: list[RouterNodesShape]


class LocatedShape(TypedDict):
    """Where a key is."""

    router: str
    """Path of the router whose nodes these are."""
    key: str
    node: str | None
    """The node that owns it; null: none, just now."""
    address: str | None
    """Where that is; null: it did not say."""
    here: bool
    """It is this one."""
