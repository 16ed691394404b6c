"""`StorePolicy`: how much and how long a store keeps, and how it is spoken to."""

from __future__ import annotations

import attrs

from actors.hosting import explained, valid_count, valid_seconds

_MEBI = 1024 * 1024


@explained
@attrs.frozen(kw_only=True)
class StorePolicy:
    """How much and how long; every field has a default.

    What each says, in a table: docs/durable.md, "Looking at it".

    Raises:
        TypeError, ValueError: a field is not what it should be.
    """

    batch: int = attrs.field(default=1000, validator=valid_count)
    """Records that one transaction takes at most.  Default 1000."""

    batch_bytes: int = attrs.field(default=4 * _MEBI, validator=valid_count)
    """Bytes of bodies that one transaction takes, more or less.  Default 4 MiB."""

    unwritten: int = attrs.field(default=10_000, validator=valid_count)
    """Prompts that may have been accepted and not stored; above it `send` raises
    `StoreBusyError`, and `accept` waits.  Default 10,000."""

    unwritten_bytes: int = attrs.field(default=64 * _MEBI, validator=valid_count)
    """The same in bytes of their bodies.  Default 64 MiB."""

    prompt_bytes: int = attrs.field(default=_MEBI, validator=valid_count)
    """A prompt's body at most; a larger one is refused at the call.  Default 1 MiB."""

    state_bytes: int = attrs.field(default=8 * _MEBI, validator=valid_count)
    """A state's body at most; with a larger one its turn is `Failed`.  Default 8 MiB.
    An outcome's body has the same limit."""

    state_large: int = attrs.field(default=_MEBI, validator=valid_count)
    """Bytes of a state above which `StateGrows` is told, and the log says so: it is
    written whole by each turn that changes it.  Default 1 MiB."""

    entry_bytes: int = attrs.field(default=_MEBI, validator=valid_count)
    """The body of an entry of a history at most; a larger one is refused at the call.
    Default 1 MiB."""

    keep: float = attrs.field(default=7 * 86_400.0, validator=valid_seconds)
    """Seconds for which an outcome and its prompt's id are kept.  Default: a week."""

    chunk_bytes: int = attrs.field(default=256 * 1024, validator=valid_count)
    """A chunk of a `Journal` at most; a larger one is refused by `emit`.  Default 256
    KiB."""

    journal_every: float = attrs.field(default=0.1, validator=valid_seconds)
    """Seconds from a chunk of a `Journal` to when it is written at the latest; the end
    of the turn takes the rest with it.  Default 0.1."""

    journal_bytes: int = attrs.field(default=64 * 1024, validator=valid_count)
    """So many bytes of chunks of one answer are written at once, short texts up to a
    quarter more.  With four times as many on their way `emit` waits.  A chunk counts 50
    bytes more than it has, as it waits as an object.  Default 64 KiB: some 1,200 short
    ones."""

    journal_keep: float = attrs.field(default=3600.0, validator=valid_seconds)
    """Seconds for which a journal is kept after the end of its turn, and not longer
    than its prompt (`keep`).  Default: an hour."""

    prune_every: float = attrs.field(default=60.0, validator=valid_seconds)
    """Seconds from one look for what is no longer kept to the next.  Default 60."""

    prune: int = attrs.field(default=500, validator=valid_count)
    """Prompts that are deleted in one step at most.  A step goes with a batch of
    others, and takes as many as that has records, or five, so that nobody waits for it
    long; while nobody else writes it takes a hundred, in a hundredth of the time.
    Default 500."""

    retry_first: float = attrs.field(default=0.05, validator=valid_seconds)
    """Seconds until a batch without an answer is tried again; each time twice as long,
    up to `retry_most`, and up to a half less by chance.  Default 0.05."""

    retry_most: float = attrs.field(default=5.0, validator=valid_seconds)
    """Seconds; see `retry_first`.  Default 5."""

    close_within: float = attrs.field(default=5.0, validator=valid_seconds)
    """Seconds that a router which ends waits for a store that does not answer.  What
    has not been sent to it then is `Lost`.  Of what was, and has no answer, the next
    router of this process looks whether the store has it; if there is none, nobody
    knows, and whoever waits gets a `PromptKeptError`.  Default: 5 seconds."""

    log_bytes: int = attrs.field(default=256 * _MEBI, validator=valid_count)
    """Bytes of the log of a store in a file above which `StoreGrows` is told: somebody
    reads in it for very long.  Default 256 MiB."""

    reminders: int = attrs.field(default=100, validator=valid_count)
    """Prompts of reminders that wait for a turn at once at most: of many that are due
    the others stay in the store meanwhile.  Default 100."""

    page: int = attrs.field(default=500, validator=valid_count)
    """Keys that are looked at in one step when a router begins.  Default 500."""


def policy_of(policy: StorePolicy | None) -> StorePolicy:
    """What a store was given as its policy, or the defaults.

    Raises:
        TypeError: it is something else.
    """
    if policy is None:
        return StorePolicy()
    if not isinstance(policy, StorePolicy):  # pyright: ignore[reportUnnecessaryIsInstance] - users
        msg = f"policy must be a StorePolicy, got {policy!r}"
        raise TypeError(msg)
    return policy
