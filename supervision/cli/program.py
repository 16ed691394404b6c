"""`main`: the program `actors`, from its command line to its exit status."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata

from supervision._drawing.text import clean
from supervision.client.directory import CommandError
from supervision.client.failures import ClientError

from ._check.command import check
from ._commands.asking import (
    follow_events,
    list_services,
    list_sessions,
    show_actor,
    show_session,
    show_statistics,
    show_tree,
)
from ._commands.completion import print_completion
from ._commands.limits import limits
from ._commands.run import run_tree
from ._commands.stack import show_stack
from ._commands.stores import (
    list_reminders,
    locate,
    nodes,
    passivate,
    read,
    release,
    show_outcome,
    store,
)
from ._commands.telling import abort, restart, stop, tell_session
from ._live.top import watch
from ._new.command import new_service
from .arguments import DEMO, make_parser

_COMMANDS: Mapping[str, Callable[[Namespace], int]] = {
    "run": run_tree,
    "check": check,
    "new": new_service,
    "ps": list_services,
    "tree": show_tree,
    "top": watch,
    "inspect": show_actor,
    "sessions": list_sessions,
    "session": show_session,
    "stack": show_stack,
    "events": follow_events,
    "statistics": show_statistics,
    "stop": stop,
    "restart": restart,
    "completion": print_completion,
    "limits": limits,
    "outcome": show_outcome,
    "read": read,
    "reminders": list_reminders,
    "store": store,
    "nodes": nodes,
    "locate": locate,
    "release": release,
    "passivate": passivate,
    "abort": abort,
    "cancel": tell_session,
    "reset": tell_session,
    "close": tell_session,
}
_INTERRUPTED = 130  # 128 and SIGINT, as shells count
_UNWRITTEN = 1
_BROKEN_PIPE = 141  # 128 and SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `actors`; returns its exit status, an `ExitCode` or 128 and a signal.

    What is wrong with the command line, and why a service does not answer or refuses,
    is one line on standard error; so is that standard output is closed or full.  A pipe
    that is closed by its reader and Ctrl-C end it in silence.  Without a command it
    prints its help.

    Args:
        arguments: of the command line; default: those of this process.

    Raises:
        SystemExit: after `--help` and `--version`.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None:  # closed, by `>&-`
        sys.stdout = _Closed()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # not a file, in a test
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        status = _do(given)
        sys.stdout.flush()
    except (CommandError, ClientError) as error:
        sys.stderr.write(f"actors: error: {clean(str(error))}\n")
        return int(error.exit_code)
    except BrokenPipeError:
        _forget_stdout()
        return _BROKEN_PIPE
    except OSError as error:  # nothing else of that kind comes here
        _forget_stdout()
        why = error.strerror or str(error)
        with contextlib.suppress(OSError):
            sys.stderr.write(f"actors: error: cannot write the answer: {why}\n")
        return _UNWRITTEN
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _do(given: list[str]) -> int:
    if given[:1] == [DEMO]:
        # at run time: the demo draws with this package
        demo = importlib.import_module("supervision.demo")
        return int(demo.main(given[1:]))
    parser = make_parser(metadata.version("trio-actors"))
    chosen = parser.parse_args(given)
    if chosen.command is None:
        parser.print_help()
        return 0
    return _COMMANDS[chosen.command](chosen)


class _Closed(io.TextIOBase):
    """Standard output that is closed: nothing can be written there."""

    def write(self, text: str, /) -> int:
        """Say so."""
        del text
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def _forget_stdout() -> None:
    """Keep the interpreter from complaining when it flushes the broken pipe."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
