"""What is written into a store, what is read, and what comes back.

Bodies are bytes: whoever makes a record has encoded them, and the store never looks
into them.  Times are seconds since the epoch, because they outlive the process.

Every record is idempotent and absolute: `tried = 2`, never "once more".  A batch whose
answer was lost is carried out again as it was, and comes to the same.

Of some there are one or more for each prompt: these are msgspec's, made in a third of
the time, and the garbage collector never looks at them; there are no circles of them.
They are not `frozen`; nobody changes them but who makes them.

A prompt's number is given by its router, never twice in the life of a store: it is the
id of its receipt.  Its address to users is `(key, id)`; a prompt that was sent without
an id has one made of its number.
"""

from __future__ import annotations

from typing import Final, TypeAlias, final

import attrs
import msgspec

from .histories import HistoryRow, Page, Read, Show, Shown
from .journals import ChunkPage, Chunks, ReadChunks
from .looks import Find, Found, Hold, Holding, Keys, Look, Seen, Waiting
from .reminders import (
    Due,
    DuePage,
    Fired,
    ForgetReminder,
    Remind,
    ReminderRow,
    Unreminded,
)

changed, values_of = msgspec.structs.replace, msgspec.structs.astuple
"""As `attrs.evolve`, and the values of the fields, of those that are msgspec's."""

# ------------------------------------------------------------------------- what is kept


class Row(msgspec.Struct, eq=False, gc=False):
    """A prompt that has no outcome, as the store has it."""

    number: int
    key: str
    id: str
    kind: str  # the value of a PromptKind
    tenant: str | None
    job: str | None
    origin: bytes | None
    attempts: int
    """How often it may be tried."""
    tried: int
    """How often it has been begun."""
    begun: int | None
    """The opening in which a turn was marked for it that has not ended; None: none.

    0: there was one, which does not count: it stands before those that wait.
    """
    steers: int | None
    """The turn that it was to be put into; None: it was to have one of its own."""
    body: bytes
    at: float
    """When it was accepted."""
    stream: int | None = None
    """`Journal.chunks`, if its answer has a journal; 0: it is not kept any more; None:
    it has none."""
    base: int = 0
    """Of its journal: the number of the chunk before the first of the latest try."""


class Ended(msgspec.Struct, gc=False):
    """A prompt's outcome."""

    number: int
    outcome: bytes
    turn: int | None
    """The turn that gave it."""


class State(msgspec.Struct, frozen=True, gc=False):
    """A session's state."""

    body: bytes
    version: int
    """Of the class: `Session.state_version`."""


@attrs.frozen
class SessionRow:
    """What is kept of a key."""

    state: State | None
    token: bytes | None
    generation: int
    """Of its latest session."""
    crashes: bytes | None
    """Its quarantine; None: it is in none."""
    tenant: str | None
    held: str | None = None
    """Why it is held: it could not be read; None: it could, as far as is known."""
    entries: tuple[int, int] = (0, 0)
    """Of its history: the number of the first entry, and that of the next one."""


# ------------------------------------------------------------------------ what is asked


@final
class Accept(msgspec.Struct, eq=False, gc=False):
    """Keep a prompt.  Answer: `Accepted`, `Repeated` or `Refused`."""

    row: Row
    bring: bool
    """And say what is kept of its key."""
    capacity: int | None = None
    """Refuse it if so many prompts of its key have no outcome; None: never mind."""
    own: tuple[int, int] | None = None
    """The first and the last number of this opening: say which open prompts of its key
    were there before it with numbers of others.  If there is one it is not marked, for
    it may not be the next.  None: never mind."""


@attrs.frozen(eq=False)
class Bring:
    """Say what is kept of a key.  Answer: `Brought`."""

    key: str


class Begin(msgspec.Struct, eq=False, gc=False):
    """A turn may begin with these prompts from now on.  Answer: `Done`."""

    numbers: tuple[int, ...]
    tried: tuple[int, ...]
    """How often each has been begun then."""
    turn: int
    opened: int
    key: str = ""
    """Of the prompts; a store does not need it."""


@final
class Complete(msgspec.Struct, eq=False, gc=False):
    """All that a turn leaves, at once or not at all.

    A key without a row gets one only if there is something to keep in it.  If the first
    of the prompts that it ends has an outcome that this turn has not given, nothing of
    it is done: whoever gave that has run it in this one's place.

    Answer: `Completion`, or `Overtaken`.
    """

    key: str
    turn: int
    ended: tuple[Ended, ...]
    again: tuple[tuple[int, int], ...] = ()
    """(number, tried) of prompts that wait again: their mark is 0 then."""
    state: State | None = None
    """None: as it was."""
    token: bytes | None = None
    """With `bound`: None forgets it."""
    bound: bool = False
    """`token` is to be kept in place of the one before."""
    generation: int = 1
    sends: tuple[Row, ...] = ()
    """Prompts that are accepted if and only if this is carried out; each with an id
    that is known already is passed over."""
    at: float = 0.0
    entries: tuple[HistoryRow, ...] = ()
    """Of its history: each stands at its number, whatever stood there."""
    begins: int | None = None
    """Entries with a number below this one go; None: none do."""
    reminders: tuple[ReminderRow, ...] = ()
    """Reminders of its key, each in place of one with its name."""
    unremind: tuple[str, ...] = ()
    """Names of reminders of its key that are forgotten."""
    same: bool = False
    """It keeps nothing, and a row of its key is as it would be after it: a store need
    not look for one."""


@attrs.frozen(eq=False)
class Settle:
    """An outcome that no turn gives.  Answer: `Done`."""

    key: str
    ended: Ended
    at: float = 0.0
    unsent: bool = False
    """Its id may be another prompt's: its own is a made one from then on."""


@attrs.frozen(eq=False)
class Bind:
    """Keep a token under a key; None forgets it.  Answer: `Done`."""

    key: str
    token: bytes | None
    at: float = 0.0


@attrs.frozen(eq=False)
class Quarantine:
    """Keep how a key's sessions have crashed; None: they are pardoned.

    Answer: `Done`.
    """

    key: str
    crashes: bytes | None
    at: float = 0.0


@attrs.frozen(eq=False)
class Forget:
    """Forget all that is kept of a key but its prompts, and end those that wait.

    `withdrawn` is the outcome of every prompt of this key that is open, has no mark of
    this opening, and is not among `but`.  Answer: `Forgotten`.
    """

    key: str
    withdrawn: bytes
    opened: int
    but: tuple[int, ...] = ()
    """Numbers of prompts that end otherwise: a turn has them that has no mark yet."""
    at: float = 0.0
    mark: int = 0
    """No two have the same: by this one is known that comes again."""


@attrs.frozen(eq=False)
class Prune:
    """Delete prompts that ended before a time, some at a time.  Answer: `Pruned`.

    Those of keys that are held stay.
    """

    before: float
    most: int
    journals: float = 0.0
    """And the journals of those that ended before this time, which is no earlier."""


@attrs.frozen(eq=False)
class Fire:
    """A reminder is due: accept its prompt, and set it to its next time.

    If it is there, with this due time; in one step.  Answer: `Fired`.
    """

    row: Row
    name: str
    due: float
    next: float | None
    """When it is due again; None: it has come, and is forgotten."""


Record: TypeAlias = (
    Accept
    | Bring
    | Begin
    | Complete
    | Settle
    | Bind
    | Quarantine
    | Hold
    | Forget
    | Find
    | Look
    | Show
    | Read
    | Chunks
    | ReadChunks
    | Waiting
    | Prune
    | Remind
    | ForgetReminder
    | Due
    | Fire
)

# --------------------------------------------------------------------- what is answered


@attrs.frozen(eq=False)
class Brought:
    """What is kept of a key."""

    session: SessionRow | None
    rows: tuple[Row, ...]
    """Its open prompts in the order in which they are to be taken: those that have
    been begun, those that were to steer, the others; each as they were accepted.  In
    the answer to an `Accept` without that prompt itself."""


@attrs.frozen(eq=False)
class Accepted:
    """The prompt is kept."""

    brought: Brought | None
    """If it was asked for."""
    others: tuple[int, ...] = ()
    """Numbers of open prompts of its key that were there before it, in their order, if
    `Accept.own` asks for them."""


@attrs.frozen(eq=False)
class Repeated:
    """There is a prompt with this key and id already; nothing was kept.

    A prompt that meets itself, after an answer was lost, is `Accepted`.
    """

    number: int
    """Of the one that is there."""
    outcome: bytes | None
    """Its outcome; None: it has none yet."""
    turn: int | None
    brought: Brought | None


@attrs.frozen(eq=False)
class Refused:
    """The store does not take this record, the rest of the batch it does."""

    why: str
    full: bool = False
    """Of an `Accept`: its key has as many prompts as it may have."""


@attrs.frozen(eq=False)
class Completion:
    """The turn is complete."""

    known: tuple[int, ...]
    """Numbers of those of its `sends` that were passed over."""


class Overtaken:
    """The turn is not complete: its prompt had an outcome already, of another turn."""


@attrs.frozen(eq=False)
class Forgotten:
    """The key is forgotten."""

    known: bool
    """There was something to forget."""
    withdrawn: tuple[int, ...]
    """Numbers of the prompts that got their outcome by it."""
    held: int = 0
    """How many keys are held then."""


@attrs.frozen(eq=False)
class Pruned:
    """How many were deleted."""

    number: int


class Done:
    """It is carried out, and there is nothing to say."""


DONE: Final = Done()
ACCEPTED: Final = Accepted(None)
"""Kept, and nothing was to be brought: most are."""
COMPLETION: Final = Completion(())
"""Complete, and nothing was passed over: most are."""
OVERTAKEN: Final = Overtaken()

Answer: TypeAlias = (
    Accepted
    | Repeated
    | Refused
    | Brought
    | Completion
    | Overtaken
    | Forgotten
    | Holding
    | Found
    | Seen
    | Shown
    | Page
    | ChunkPage
    | Keys
    | Pruned
    | Unreminded
    | DuePage
    | Fired
    | Done
)
