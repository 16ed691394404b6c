"""Stores: what was accepted survives the process, and a turn's outcome with its state.

A router with a store keeps every accepted prompt through `kill -9`, and writes all that
a turn leaves in one transaction.  The user's `Session` class does not change.  May know
a router's parts, which know nothing of this room: they find it behind `Keeping`.  In
reading order:

    _words/     what a store is told and answers, its policy, its errors
    _sharing/   what nodes that share a store say to it, who is to own what
    _codec/     values as bytes, and back
    _sealing/   bodies that nobody else can read, in the store's thread
    _writing/   batches, one at a time
    _histories/ what conversations have said, entry by entry
    _journals/  what answers have said, chunk by chunk
    _keeping/   between a router and its store
    _memory/    a store in memory, which can be made to fail: for tests
    _threads/   threads that wait for stores
    _sqlite/    a store in a file
    _postgres/  a store on a server, which many routers share
    _moving/    what was kept elsewhere comes into a store
"""

from ._memory.server import MemoryServer as MemoryServer
from ._memory.store import MemoryStore as MemoryStore
from ._moving.tokens import move_tokens as move_tokens
from ._postgres.store import PostgresStore as PostgresStore
from ._sharing.policy import SharingPolicy as SharingPolicy
from ._sqlite.store import SqliteStore as SqliteStore
from ._words.errors import CodecError as CodecError
from ._words.errors import PromptIdError as PromptIdError
from ._words.errors import PromptTooLargeError as PromptTooLargeError
from ._words.errors import SessionHeldError as SessionHeldError
from ._words.errors import StateTooLargeError as StateTooLargeError
from ._words.errors import StoreAwayError as StoreAwayError
from ._words.errors import StoreBusyError as StoreBusyError
from ._words.errors import StoreDamagedError as StoreDamagedError
from ._words.errors import StoredError as StoredError
from ._words.errors import StoreError as StoreError
from ._words.errors import StoreInUseError as StoreInUseError
from ._words.errors import StoreRefusedError as StoreRefusedError
from ._words.errors import StoreTooNewError as StoreTooNewError
from ._words.errors import TurnInterruptedError as TurnInterruptedError
from ._words.events import PartitionGiven as PartitionGiven
from ._words.events import PartitionLost as PartitionLost
from ._words.events import PartitionTaken as PartitionTaken
from ._words.events import SessionHeld as SessionHeld
from ._words.events import StateGrows as StateGrows
from ._words.events import StoreDown as StoreDown
from ._words.events import StoreGrows as StoreGrows
from ._words.events import StoreUp as StoreUp
from ._words.events import TurnFenced as TurnFenced
from ._words.policy import StorePolicy as StorePolicy

__all__ = [
    "CodecError",
    "MemoryServer",
    "MemoryStore",
    "PartitionGiven",
    "PartitionLost",
    "PartitionTaken",
    "PostgresStore",
    "PromptIdError",
    "PromptTooLargeError",
    "SessionHeld",
    "SessionHeldError",
    "SharingPolicy",
    "SqliteStore",
    "StateGrows",
    "StateTooLargeError",
    "StoreAwayError",
    "StoreBusyError",
    "StoreDamagedError",
    "StoreDown",
    "StoreError",
    "StoreGrows",
    "StoreInUseError",
    "StorePolicy",
    "StoreRefusedError",
    "StoreTooNewError",
    "StoreUp",
    "StoredError",
    "TurnFenced",
    "TurnInterruptedError",
    "move_tokens",
]
