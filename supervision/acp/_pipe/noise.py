"""`Noise`: how much an agent may write to its output that is no message."""

from __future__ import annotations

import logging

from .settings import AgentSettings
from .wire import NoiseError

_log = logging.getLogger("supervision.acp")


class Noise:
    """How much of what an agent writes was no message, since the last one that was.

    Args:
        settings: how much may be.
    """

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._lines = 0
        self._bytes = 0
        self._passed = 0  # in all its life
        self._told = 1  # at so many of these it is logged again

    def heard(self) -> None:
        """A message has come."""
        self._lines = self._bytes = 0

    def take(self, size: int, error: NoiseError) -> None:
        """A line of noise has come.  Raises WireError: it is a flood."""
        self._lines += 1
        self._bytes += size
        settings = self._settings
        if self._lines > settings.noise_lines or self._bytes > settings.noise_bytes:
            raise error
        self._passed += 1
        if self._passed == self._told:
            self._told *= 10
            _log.warning(
                "agent %r writes what is no message to its standard output: %s",
                settings.program,
                error.why,
                extra={"lines": self._passed},
            )
