"""`Log`: a logger of `logging` none of whose calls can fail.

What a filter, a handler, a formatter or the formatting of a traceback raises is
counted and goes no further: a supervisor that writes down a crash must not end by that.
`SystemExit` counts too: libraries that draw raise it when nobody reads any more.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

_FAILED: Final = logging.getLogger("supervision.log")


class Log:
    """The logger with this name.  Its methods never raise.

    They are those of `logging.Logger`, `exc_info=` and `extra=` as there.

    Args:
        name: of the logger.
    """

    __slots__ = ("_logger", "failed")

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)
        self.failed = 0
        """How many calls have failed; their records may be missing."""

    def wants(self, level: int) -> bool:
        """Whether records of this level are written."""
        try:
            return self._logger.isEnabledFor(level)
        except Exception as error:  # noqa: BLE001 - a stranger's logger
            self._count(error)
            return False

    def write(
        self,
        level: int,
        text: str,
        *args: object,
        exc_info: BaseException | bool | None = None,
        extra: Mapping[str, object] | None = None,
        up: int = 0,
    ) -> None:
        """Write a record of this level; `up`: whose caller it is said to come from."""
        try:
            self._logger.log(
                level, text, *args, exc_info=exc_info, extra=extra, stacklevel=2 + up
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - see above
            self._count(error)

    # Any: the options of `write`
    def debug(self, text: str, *args: object, **options: Any) -> None:
        """For who looks for a fault."""
        self.write(logging.DEBUG, text, *args, **options, up=1)

    def info(self, text: str, *args: object, **options: Any) -> None:
        """What goes as it should."""
        self.write(logging.INFO, text, *args, **options, up=1)

    def warning(self, text: str, *args: object, **options: Any) -> None:
        """What may be wrong."""
        self.write(logging.WARNING, text, *args, **options, up=1)

    def error(self, text: str, *args: object, **options: Any) -> None:
        """What has failed."""
        self.write(logging.ERROR, text, *args, **options, up=1)

    def exception(self, text: str, *args: object, **options: Any) -> None:
        """What has failed, with the exception that is just being handled."""
        self.write(logging.ERROR, text, *args, exc_info=True, **options, up=1)

    def critical(self, text: str, *args: object, **options: Any) -> None:
        """What ends the service."""
        self.write(logging.CRITICAL, text, *args, **options, up=1)

    def _count(self, error: BaseException) -> None:
        """Tell of the first, the second, the fourth ... that is lost, if that works."""
        self.failed += 1
        if self.failed & (self.failed - 1):
            return
        text = "logging itself has failed, %d times so far for %s: %s"
        kind = type(error).__name__
        try:
            _FAILED.error(text, self.failed, self._logger.name, kind)
        except (Exception, SystemExit):  # noqa: BLE001 - then nobody can be told
            return
