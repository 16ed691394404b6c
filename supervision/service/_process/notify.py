"""`Notifier`: tells the service manager, as `sd_notify(3)`, how the service is.

One datagram on a Unix socket for each news, never waited for.  Without a manager it
does nothing; a manager that does not listen is named in the log once and never harms
the service.  Knows neither the service nor its states.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import MutableMapping

import trio

from supervision._log.safe import Log
from supervision._words.text import cut, printable, safe_repr

_SOCKET = "NOTIFY_SOCKET"
_WATCHDOG = "WATCHDOG_USEC"
_WATCHDOG_PID = "WATCHDOG_PID"
_LONGEST_STATUS = 500
_FLAGS = getattr(socket, "MSG_DONTWAIT", 0) | getattr(socket, "MSG_NOSIGNAL", 0)

logger = Log("supervision")


class Notifier:
    """Where the news go; made by `from_environment`.

    None of its methods fails or waits, except `watchdog`, which is for a task.
    """

    def __init__(
        self, address: str | None = None, watchdog_seconds: float | None = None
    ) -> None:
        self.address = address
        """The path of the manager's socket, `@name` in the abstract namespace; None:
        there is no manager."""
        self.watchdog_seconds = watchdog_seconds
        """Seconds after which the manager takes a silent service for dead; None: it
        does not."""
        self._failed = False

    @classmethod
    def from_environment(
        cls, environment: MutableMapping[str, str] | None = None
    ) -> Notifier:
        """Read `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`, and take them away.

        Taken away so that the processes that the service starts do not speak for it.
        Values that cannot be right are named in the log and count as missing.

        Args:
            environment: default None: `os.environ`.
        """
        found = os.environ if environment is None else environment
        address = found.pop(_SOCKET, None) or None
        interval = found.pop(_WATCHDOG, None)
        pid = found.pop(_WATCHDOG_PID, None)
        if address is not None and (len(address) < 2 or address[0] not in "/@"):  # noqa: PLR2004 - a mark and a name
            text = "%s=%s is neither an absolute path nor @name: nobody is notified"
            logger.warning(text, _SOCKET, safe_repr(address))
            address = None
        if address is None or (pid is not None and pid != str(os.getpid())):
            return cls(address)
        return cls(address, None if interval is None else _seconds(interval))

    @property
    def active(self) -> bool:
        """Whether there is a manager."""
        return self.address is not None

    def ready(self) -> None:
        """The service is ready: whoever is to be started after it may start."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """A line for a person, for `systemctl status`; cut at 500 characters."""
        self._send("STATUS=" + printable(cut(text, _LONGEST_STATUS)))

    def stopping(self) -> None:
        """The service drains or stops."""
        self._send("STOPPING=1")

    def extend(self, seconds: float) -> None:
        """What goes on now, start or stop, may take so many seconds from now on."""
        self._send(f"EXTEND_TIMEOUT_USEC={math.ceil(seconds * 1_000_000)}")

    async def watchdog(self) -> None:
        """Say that the event loop turns, twice in each `watchdog_seconds`, for ever.

        Returns at once if nobody wants to hear that.
        """
        if self.watchdog_seconds is None:
            return
        while True:
            self._send("WATCHDOG=1")
            await trio.sleep(self.watchdog_seconds / 2)

    def _send(self, news: str) -> None:
        if self.address is None or not hasattr(socket, "AF_UNIX"):
            return
        address = self.address
        if address.startswith("@"):
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(news.encode(), _FLAGS, address)
        except (OSError, ValueError) as error:
            # Once: the watchdog would say it for ever.
            if not self._failed:
                self._failed = True
                text = "the service manager does not hear on %s: %s"
                logger.warning(text, printable(self.address), error)


def _seconds(interval: str) -> float | None:
    """Microseconds of the environment, as seconds."""
    if interval.isascii() and interval.isdigit() and len(interval) < 20:  # noqa: PLR2004 - 64 bits
        seconds = int(interval) / 1_000_000
        if seconds > 0:
            return seconds
    text = "%s=%s is no number of microseconds: there is no watchdog"
    logger.warning(text, _WATCHDOG, safe_repr(interval))
    return None
