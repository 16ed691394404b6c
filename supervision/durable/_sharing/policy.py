"""`SharingPolicy`: how nodes that share a store live together."""

from __future__ import annotations

import attrs

from actors.hosting import explained, valid_count, valid_seconds


@explained
@attrs.frozen(kw_only=True)
class SharingPolicy:
    """How nodes that share a store live together; every field has a default.

    All nodes of a store should have the same.  Times are seconds.  `ttl` is the one to
    choose: so long nobody runs the keys of a node that has died, and so long a node may
    stand still before it loses its keys.  `moving` partitions change hands at once,
    each when its turns have ended, or after `handover_within`.  What other nodes have
    sent is looked for at a hint, or after `poll` (`poll_unheard` where none come).

    Example:
        >>> PostgresStore("postgresql:///chat", sharing=SharingPolicy(ttl=20))

    Raises:
        TypeError, ValueError: a field is not what it should be.
    """

    ttl: float = attrs.field(default=10.0, validator=valid_seconds)
    """Seconds for which a node's beat must be seen not to rise before what it owns is
    taken from it.  Default 10."""

    beat: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(valid_seconds)
    )
    """Seconds from one beat to the next; None: a fifth of `ttl`.  Default None."""

    moving: int = attrs.field(default=2, validator=valid_count)
    """Partitions that a node gives to others at once, in good order.  Those of a node
    that is gone are taken at once.  Default 2."""

    handover_within: float = attrs.field(default=30.0, validator=valid_seconds)
    """Seconds that a turn has to end in when its partition is to be given away; what
    runs then is cut, as at the end of a drain.  Default 30."""

    poll: float = attrs.field(default=1.0, validator=valid_seconds)
    """Seconds from one look for what others have sent to the next, up to a half less by
    chance.  A hint makes it at once.  Default 1."""

    poll_unheard: float = attrs.field(default=0.25, validator=valid_seconds)
    """The same where no hints come.  Default 0.25."""

    verb_within: float = attrs.field(default=10.0, validator=valid_seconds)
    """Seconds that the owner of a key has to do what another node asks of it.
    Default 10."""

    @property
    def beats(self) -> float:
        """Seconds from one beat to the next."""
        return self.beat if self.beat is not None else self.ttl / 5
