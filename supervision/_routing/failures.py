"""What a router writes down of turns and sessions that fail: each once, never a flood.

Records go to the logger "supervision", with the fields `router`, `key`, `turn` and
`outcome`; ten a second, then their number.  Who makes them has looked already that
something has failed: what succeeds does not come here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from actors.hosting import Timer
from supervision._log.rate import WINDOW, Rate
from supervision._log.safe import Log

logger: Final = Log("supervision")


class FailureLog:
    """The failures of one router.

    Args:
        router: its path.
        now: the clock.
        at: calls something at a time.
    """

    __slots__ = ("_at", "_now", "_rate", "_router")

    def __init__(
        self,
        router: str,
        now: Callable[[], float],
        at: Callable[[float, Callable[[], object]], Timer],
    ) -> None:
        self._router = router
        self._now = now
        self._at = at
        self._rate = Rate()

    def write(
        self,
        level: int,
        key: str,
        text: str,
        *,
        turn: int | None = None,
        outcome: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Write one down, unless too much was just now."""
        now, rate = self._now(), self._rate
        if rate.is_over(now):
            self.flush()
        if rate.full(now):
            if rate.overdue:
                rate.overdue = False
                self._at(now + WINDOW, self.flush)
            return
        fields = {"key": key, "turn": turn, "outcome": outcome}
        extra = {name: value for name, value in fields.items() if value is not None}
        whose = f"turn {turn} of" if turn is not None else "session"
        logger.write(
            level,
            "%s: %s %r %s",
            self._router,
            whose,
            key,
            text,
            exc_info=error,
            extra={"router": self._router, **extra},
        )

    def flush(self) -> None:
        """Say how many have not been written."""
        if held := self._rate.take():
            logger.write(
                logging.WARNING,
                "%s: %d more failures were not logged",
                self._router,
                held,
                extra={"router": self._router, "suppressed": held},
            )
