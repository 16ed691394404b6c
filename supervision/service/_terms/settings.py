"""How a tree is run as a process: the options of `run` and `serve`, checked when made.

Pure vocabulary.
"""

from __future__ import annotations

import enum
import inspect
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from actors.hosting import explained, seconds
from supervision._metrics.registry import REGISTRY, Registry


class LogFormat(enum.Enum):
    """How records of `logging` are written."""

    AUTO = "auto"
    """RICH if standard error is a terminal, else JSON."""
    RICH = "rich"
    """In colour, for a person."""
    PLAIN = "plain"
    """A line each, for a person without colours."""
    JSON = "json"
    """An object a line, for a machine."""


@explained
@attrs.frozen(kw_only=True)
class Settings:
    """How a tree is run.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    name: str | None = None
    """What the service is called in logs, metrics and pictures, without a "/".  Default
    None: by the name of its tree."""
    budget: float = 25.0
    """Seconds for drain and stop together, from the first signal on.  Default 25: under
    the 30 after which orchestrators kill."""
    socket: Path | None = None
    """Where the control socket is to be.  Default None: there is none."""
    metrics: str | None = None
    """`HOST:PORT` where `GET /metrics`, `/health` and `/ready` are answered over TCP;
    port 0: any.  Whoever can connect may read.  Default None: nowhere, and how turns
    are spread is not measured."""
    registry: Registry = REGISTRY
    """Metrics that are served beside its own.  Default: `REGISTRY` of
    `supervision.metrics`."""
    log_format: LogFormat = LogFormat.AUTO
    """How the log is written."""
    log_level: str = "INFO"
    """The least level that is written: DEBUG, INFO, WARNING, ERROR or CRITICAL."""
    report: Path | None = None
    """Where the final report is written, as JSON, too.  Default None: nowhere."""
    blocked_after: float = 1.0
    """Seconds after which an event loop that gives no sign of life is blocked, and the
    log names the code that does it.  Default 1; `math.inf`: nobody looks."""
    tuned_gc: bool = False
    """Let the garbage collector leave alone what is there when the service is ready,
    and look for circles more rarely: shorter pauses with many actors, for more memory
    when there are circles.  Default False."""

    def __attrs_post_init__(self) -> None:
        seconds("budget", self.budget)
        seconds("blocked_after", self.blocked_after)
        if math.isinf(self.budget):
            msg = "budget must be a finite number of seconds, got inf"
            raise ValueError(msg)
        for field, kind in (
            ("name", (str, type(None))),
            ("socket", (Path, type(None))),
            ("metrics", (str, type(None))),
            ("registry", Registry),
            ("log_format", LogFormat),
            ("log_level", str),
            ("report", (Path, type(None))),
            ("tuned_gc", bool),
        ):
            value: object = getattr(self, field)
            if not isinstance(value, kind):
                words = kind.__name__ if isinstance(kind, type) else kind[0].__name__
                msg = f"{field} must be a {words}, got {value!r}"
                raise TypeError(msg)
        if self.name is not None and "/" in self.name:
            msg = f"name is the name of an actor, without '/', got {self.name!r}"
            raise ValueError(msg)
        if self.metrics is not None:
            address_in(self.metrics)
        if self.log_level not in _LEVELS:
            msg = f"log_level must be one of {', '.join(_LEVELS)}, not {self.log_level}"
            raise ValueError(msg)


def settings_for(
    make: Callable[..., object], args: Sequence[object], given: object
) -> Settings:
    """What a tree is run with; None: `Settings()`.

    Raises:
        TypeError: they are none, or stand among the arguments of its constructor, which
            takes none.
    """
    if given is None:
        if any(isinstance(each, Settings) for each in args) and not _takes(make, args):
            name = getattr(make, "__name__", "the tree")
            msg = (
                f"settings are given by name, write settings=Settings(...): {name} "
                "takes none, and what stands behind it is for its constructor"
            )
            raise TypeError(msg)
        return Settings()
    if not isinstance(given, Settings):
        msg = f"settings must be Settings, got {given!r}"
        raise TypeError(msg)
    return given


def _takes(make: Callable[..., object], args: Sequence[object]) -> bool:
    """Whether a constructor can be called with these, as far as can be seen."""
    try:
        inspect.signature(make).bind(*args)
    except TypeError:
        return False
    except ValueError:
        return True  # it says nothing about what it takes
    return True


_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def address_in(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; the host in brackets if it has colons.

    Raises:
        ValueError: it is not that.
    """
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    if not colon or not host or not (port.isascii() and port.isdigit()):
        msg = f"metrics must be HOST:PORT, such as 127.0.0.1:9464, got {text!r}"
        raise ValueError(msg)
    number = int(port[:6])
    if number > 65535:  # noqa: PLR2004 - the last port there is
        msg = f"there is no port {port}: metrics must be HOST:PORT, got {text!r}"
        raise ValueError(msg)
    return host, number
