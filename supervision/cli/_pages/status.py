"""Every exit status of `actors`: what it means, and what systemd is to do.  Pure."""

from __future__ import annotations

from typing import Final

import attrs

from supervision.service import ExitCode


@attrs.frozen
class Status:
    """One exit status."""

    number: int
    name: str
    """Of `ExitCode`; `""`: of no name."""
    run: str
    """What it means of `actors run`; `""`: it does not end so."""
    others: str
    """What it means of all other commands; `""`: they do not end so."""
    systemd: str
    """What the service manager is to do, and how that is said."""


STATUSES: Final = (
    Status(
        ExitCode.OK,
        "OK",
        "stopped as asked, in order and in time; or the tree ended by itself; or a "
        "signal came before there was a tree",
        "done; `actors check`: nothing is wrong; `actors demo`: it adds up",
        "nothing: `Restart=on-failure` does not start it again",
    ),
    Status(
        ExitCode.CRASHED,
        "CRASHED",
        "the tree crashed and nobody above it restarts it, or it could not be started; "
        "the log has the traceback",
        "`actors check`: something is wrong or doubtful; `actors new`: a file cannot "
        "be written; `actors demo`: it does not add up; any: standard output is closed "
        "or full",
        "start it again: `Restart=on-failure`",
    ),
    Status(
        ExitCode.USAGE,
        "USAGE",
        "wrong options, or a module or a name in it that is no tree",
        "wrong options or names",
        "leave it: the next start would end the same. `RestartPreventExitStatus=2`",
    ),
    Status(
        ExitCode.SOCKET,
        "SOCKET",
        "the control socket is held by a live service, or cannot be made",
        "no service is there, or none answers",
        "start it again: the other one may end",
    ),
    Status(
        ExitCode.LATE,
        "LATE",
        "stopped, but the budget was over before everybody had ended; the report names "
        "who was late",
        "`actors stop`: the service has ended, and its process is still there",
        "nothing after `systemctl stop`, which shows it as failed; otherwise start it "
        "again",
    ),
    Status(
        ExitCode.REFUSED,
        "REFUSED",
        "",
        "the service answered that it cannot do that",
        "",
    ),
    Status(
        130,
        "",
        "a second Ctrl-C (128 and SIGINT): ended at once",
        "Ctrl-C",
        "nothing: a person did it",
    ),
    Status(
        141,
        "",
        "",
        "whoever read the output has gone, as in `actors events | head -1` (128 and "
        "SIGPIPE)",
        "",
    ),
    Status(
        143,
        "",
        "a second SIGTERM (128 and SIGTERM): ended at once",
        "",
        "nothing after `systemctl stop`, which shows it as failed",
    ),
)
"""In the order of their numbers."""
