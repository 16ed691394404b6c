"""What a supervisor says in the log: each crash once, never a flood, never nothing.

Records go to the logger "supervision".  A crash is an ERROR with its traceback; other
unwanted ends are WARNINGs; restarts by themselves are INFO, a child started on request
is DEBUG.  The fields `supervisor`, `child`, `exit`, `decision` and `restarts` are
attributes of each record, for structured logs.  Nothing that logging does, a filter or
a formatter that raises, reaches the supervisor.

A supervisor writes at most ten records about crashes a second; then it counts, and says
the number when the second is over, or when it ends itself.
"""

from __future__ import annotations

import logging
from typing import Any

from actors import Crashed, Exit, Finished, Killed, Stopped
from supervision._log.rate import Rate
from supervision._log.safe import Log

from .errors import has_given_up, shown
from .pure.rules import crash_of

_IN_ORDER = (Finished, Stopped)  # a union would be made anew for each question

logger = Log("supervision")


class Journal(Rate):
    """The log of one supervisor."""

    __slots__ = ("_path", "_told")

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        # the crash that it gives up for, once that has been written
        self._told: BaseException | None = None

    def skips(self, now: float, exit: Exit) -> bool:  # noqa: A002 - its name
        """Count one more end; True: it is not to be written.

        Ends in order are not counted: they are INFO, for who wants to read them.
        """
        if isinstance(exit, _IN_ORDER):
            return not logger.wants(logging.INFO)
        if self.is_over(now):
            self.flush()
        return self.full(now)

    def ended(
        self,
        child: str,
        exit: Exit,  # noqa: A002 - its name in the vocabulary
        decision: str,
        restarts: int,
    ) -> None:
        """An incarnation has ended by itself, and this is what comes of it."""
        extra = self._extra(child, exit, decision, restarts)
        if isinstance(exit, Crashed):
            crash = crash_of(exit)
            text = "%s: child %s crashed: %s: %s; %s"
            kind = type(crash).__name__
            # a supervisor that gave up has told its cause, with the traceback
            told = has_given_up(f"{self._path}/{child}", crash)
            logger.error(
                text,
                self._path,
                child,
                kind,
                shown(crash),
                decision,
                exc_info=None if told else crash,
                extra=extra,
            )
        elif isinstance(exit, Killed):
            text = "%s: child %s was killed; %s"
            logger.warning(text, self._path, child, decision, extra=extra)
        else:
            text = "%s: child %s ended: %r; %s"
            logger.info(text, self._path, child, exit, decision, extra=extra)

    def one_too_many(self, child: str, exit: Exit, restarts: int) -> None:  # noqa: A002
        """An incarnation has ended by itself, and the supervisor gives up for it."""
        if isinstance(exit, Crashed):
            self._told = crash_of(exit)
        self.ended(child, exit, "giving up", restarts)

    def stopped_badly(self, child: str, exit: Exit) -> None:  # noqa: A002
        """A child has crashed while it was being stopped."""
        self.ended(child, exit, "it was being stopped", 0)

    def gave_up(self, error: Exception, cause: BaseException | None) -> None:
        """The supervisor is over its limit, or could not be started.

        With the traceback of its cause, unless that crash has been written.
        """
        extra = {"supervisor": self._path, "decision": "gave up"}
        told = None if cause is self._told else cause
        logger.error("%s", error, exc_info=told, extra=extra)

    def warn(self, text: str) -> None:
        """Something is not declared as it should be."""
        logger.warning("%s: %s", self._path, text, extra={"supervisor": self._path})

    def started(self, child: str, *, asked: bool) -> None:
        """A child is ready."""
        level = logging.DEBUG if asked else logging.INFO
        logger.write(
            level,
            "%s: child %s is ready",
            self._path,
            child,
            extra={"supervisor": self._path, "child": child},
        )

    def flush(self) -> None:
        """Say how many have not been written."""
        if held := self.take():
            logger.warning(
                "%s: %d more ends of children were not logged",
                self._path,
                held,
                extra={"supervisor": self._path, "suppressed": held},
            )

    def _extra(
        self,
        child: str,
        exit: Exit,  # noqa: A002
        decision: str,
        restarts: int,
    ) -> dict[str, Any]:
        return {
            "supervisor": self._path,
            "child": child,
            "exit": exit,
            "decision": decision,
            "restarts": restarts,
        }
