"""`Usages`: what an agent's counts of tokens are about, as far as it can be told; pure.

The protocol calls them "for this turn" in one sentence and "across all turns" in the
next, and agents do either.  In the first turn of a conversation both are the same.  A
count that has gone down is not a sum: the agent counts by the turn.  Until that has
been seen it may be a sum, so it is called one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

Of = Literal["turn", "session"] | None


class Usages:
    """The counts of one conversation.

    Args:
        of: what they are about, if that is known.
        fresh: nothing has been counted yet.
    """

    def __init__(self, of: Of, *, fresh: bool) -> None:
        self._of = of
        self._before: Mapping[str, Any] | None = {} if fresh else None

    def notes(self, counts: object) -> dict[str, Any]:
        """What a turn notes: `usage`, of the turn; `usage_total`, of the conversation.

        Args:
            counts: as the agent says at the end of the turn.
        """
        if not isinstance(counts, dict):
            return {} if counts is None else {"usage_total": counts}
        now = cast("dict[str, Any]", counts)
        before, self._before = self._before, now
        if before is not None and any(
            _number(now.get(name)) < _number(value) for name, value in before.items()
        ):
            self._of = self._of or "turn"
        if self._of == "session" and before is not None:
            of_turn = {
                name: value - _number(before.get(name))
                for name, value in now.items()
                if isinstance(value, int | float)
            }
            return {"usage": of_turn, "usage_total": now}
        if self._of == "turn" or before == {}:
            return {"usage": now}
        return {"usage_total": now}


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0
