"""How the log of a service is written: for a person, or an object a line for a machine.

A record goes through the root logger to the one handler that is set up here, and from
there through an `Outlet`, so that nobody waits for who reads the log.  Records come
from strangers: no odd field, message or exception may raise, and no control character
may reach the terminal.  Knows no service.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from supervision._log.whose import WhoseFilter
from supervision._words.plain import plain
from supervision._words.text import amount, error_line, printable, safe_repr
from supervision._words.traceback import user_traceback
from supervision.service._terms.settings import LogFormat, Settings

from .outlet import PATIENCE, Outlet

_STYLES: Final = {
    "DEBUG": "dim",
    "INFO": "cyan",
    "WARNING": "yellow",
    "ERROR": "bold red",
    "CRITICAL": "bold reverse red",
}
# Every record has these; the rest of its attributes are what `extra=` gave.
_USUAL: Final = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
}


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Have everything that is logged in this process written to one stream.

    The root logger gets one handler and the level of the settings; warnings of Python
    (`warnings.warn`) go the same way, to the logger `py.warnings`.  What was set up for
    standard output and error before, by this function or by `logging.basicConfig`, is
    taken away, so that nothing is written twice; other handlers stay.

    Tracebacks are shown without the frames of this library and of Trio.  JSON has a
    line for each record: `ts` (ISO 8601, UTC, milliseconds), `level`, `logger`,
    `message`, every field of `extra=`, and for an exception `error` (its type and text)
    and `stack` (the lines of the traceback).  Records that are made in a turn have its
    `router`, `key` and `turn`.

    Nobody waits for the stream, and what happens to it harms nobody: up to 4 MiB wait
    for a reader that is slow or gone; what does not fit, or cannot be written, is
    dropped, and the number is a record as soon as there is room again.  `flush_log`
    waits for what waits.

    Args:
        settings: `log_format` and `log_level` count.
        stream: where to.  Default None: what `sys.stderr` is now; if there is none,
            nothing is written.  One without a file descriptor is written to at once.
    """
    stream = _default(stream)
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _Ours) or _is_for_the_screen(handler):
            root.removeHandler(handler)
            handler.close()
    if stream is not None:
        root.addHandler(_handler(settings.log_format, stream))
    root.setLevel(settings.log_level)
    logging.captureWarnings(capture=True)


def terminal(stream: TextIO | None = None) -> Any:  # a rich.console.Console, or None
    """The console of the log on this stream, if a line on it can be written over.

    That is so on a terminal, if the log is written in colour: whoever else wants a
    place on the screen has to share it with the log.

    Args:
        stream: as for `configure_logging`.
    """
    stream = _default(stream)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Rich) and handler.outlet.stream is stream:
            console = handler.console
            # Not `is_terminal`: FORCE_COLOR makes that true of a file, too.
            usable = handler.outlet.isatty() and not console.is_dumb_terminal
            return console if usable else None
    return None


def flush_log(within: float = PATIENCE) -> None:
    """Wait until what is logged is written, at most so many seconds."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Ours):
            handler.outlet.drain(within)


def _default(stream: TextIO | None) -> TextIO | None:
    # A process without a standard error has None in its place.
    return sys.stderr if stream is None else stream


def _handler(chosen: LogFormat, stream: TextIO) -> _Ours:
    if chosen is LogFormat.AUTO:
        chosen = LogFormat.RICH if Outlet(stream).isatty() else LogFormat.JSON
    handler = _Rich(stream) if chosen is LogFormat.RICH else _Lines(stream)
    handler.setFormatter(_Json() if chosen is LogFormat.JSON else _Plain())
    handler.addFilter(WhoseFilter())
    return handler


def _is_for_the_screen(handler: logging.Handler) -> bool:
    # Exactly this class: a test runner's handlers are subclasses of it.
    kind: object = type(handler)
    is_it = kind is logging.StreamHandler
    return is_it and getattr(handler, "stream", None) in (sys.stdout, sys.stderr)


class _Ours(logging.Handler):
    """A handler that is set up here."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.outlet = Outlet(stream, self._said)

    def _said(self, number: int) -> str:
        """Give the line that says how many records are missing."""
        text = f"{amount(number, 'record')} of the log could not be written"
        record = logging.LogRecord(
            "supervision.log", logging.WARNING, __file__, 0, text, None, None
        )
        record.dropped = number
        return self.format(record) + "\n"

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name
        """Say that this one cannot be written: to the log, as nothing else is safe."""
        kind = type(sys.exception()).__name__
        name = printable(record.name)
        self.outlet.write(f"a record of {name} could not be written: {kind}\n")

    def flush(self) -> None:
        """Wait until everything is written, for a while."""
        self.outlet.drain()

    def close(self) -> None:
        """Write the rest, and end."""
        self.outlet.close()
        super().close()


class _Lines(_Ours):
    """Writes lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            self.outlet.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - as every handler of `logging`
            self.handleError(record)


class _Rich(_Ours):
    """Writes in colour, for a person."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        # It takes a while to load, and only this format needs it.
        from rich.console import Console  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        outlet: Any = self.outlet  # it has what of a stream is used
        self.console = Console(file=outlet, highlight=False, markup=False, emoji=False)
        self._text = Text

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            when = _local_time(record)[11:]  # today is known to who watches
            level = record.levelname
            first, _, rest = _words(record).partition("\n")
            line = self._text.assemble(
                (f"{when} ", "dim"),
                (f"{level:<8} ", _STYLES.get(level, "bold")),
                (f"{printable(record.name)} ", "dim"),
                first,
                ("\n" + rest if rest else "", "dim"),
            )
            # The terminal breaks lines that are too long: copied, they are one.
            self.console.print(line, soft_wrap=True)
        except Exception:  # noqa: BLE001 - as every handler of `logging`
            self.handleError(record)


class _Plain(logging.Formatter):
    """A line each; more lines of the same record are indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the text of one record."""
        name = printable(record.name)
        return f"{_local_time(record)} {record.levelname} {name}: {_words(record)}"


class _Json(logging.Formatter):
    """An object a line, in ASCII: any stream takes it."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the text of one record."""
        when = datetime.fromtimestamp(record.created, UTC)
        fields: dict[str, object] = {
            "ts": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        error = _error(record)
        if error is not None:
            fields["error"] = error_line(error)
            fields["stack"] = user_traceback(error).splitlines()
        elif record.stack_info:
            fields["stack"] = str(record.stack_info).splitlines()
        for name, value in record.__dict__.items():
            if name not in _USUAL:
                fields[f"extra.{name}" if name in fields else name] = plain(value)
        return json.dumps(fields)


def _local_time(record: logging.LogRecord) -> str:
    when = datetime.fromtimestamp(record.created).astimezone()
    return f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03}"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as failure:  # noqa: BLE001 - arguments that do not fit the text
        shown = f"{safe_repr(record.msg)} with {safe_repr(record.args)}"
        return f"{shown} (cannot be put together: {type(failure).__name__})"


def _words(record: logging.LogRecord) -> str:
    """Give message and traceback, safe to print."""
    parts = [printable(_message(record), lines=True)]
    error = _error(record)
    if error is not None:
        parts.append(user_traceback(error))
    if record.stack_info:
        parts.append(printable(str(record.stack_info), lines=True))
    return "\n".join(parts).replace("\n", "\n    ")


def _error(record: logging.LogRecord) -> BaseException | None:
    info: object = record.exc_info
    error: object = info[1] if isinstance(info, tuple) and len(info) > 1 else info
    return error if isinstance(error, BaseException) else None
