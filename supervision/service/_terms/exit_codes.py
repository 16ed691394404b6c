"""What the exit status of a service, and of the commands that talk to it, means."""

from __future__ import annotations

import enum
from typing import Final

SHELL: Final = 128
"""What shells add to the number of the signal that ended a process."""


class ExitCode(enum.IntEnum):
    """The exit status of `actors`.

    A second signal ends the process with 128 and the signal's number, as shells count:
    130 after SIGINT, 143 after SIGTERM.
    """

    OK = 0
    """Stopped as asked, in order and in time; or the command did what it was for."""
    CRASHED = 1
    """The tree crashed and nobody above it restarts it; or it could not be started."""
    USAGE = 2
    """A wrong command line, or a module or a name in it that is no tree."""
    SOCKET = 3
    """A live service holds the control socket; or, of a client: nobody is there."""
    LATE = 4
    """Stopped, but not in order: the budget was over before everybody had ended."""
    REFUSED = 5
    """Of a client: the service answered that it cannot do that."""
