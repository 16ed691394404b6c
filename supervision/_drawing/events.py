"""Events as lines for a person.  Pure, but for the local time zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from rich.style import Style
from rich.text import Text

from .look import BOLD, DIM, GOOD, LEAVING, MAYBE, NEW, PLAIN, WRONG
from .text import clean, plural, words

_LIST: Any = list  # Any: checkers would take them for lists of what they do not know
_DICT: Any = dict
_HEAD = ("event", "at", "actor")
_STYLES = (  # the first that is a part of the event's name
    ("Crash", WRONG),
    ("Failed", WRONG),
    ("Late", WRONG),
    ("DeadLetter", MAYBE),
    ("Started", NEW),
    ("Opened", NEW),
    ("Closed", LEAVING),
    ("Stopped", LEAVING),
    ("Ended", GOOD),
)
_NOTHING: Any = (None, False, [], {})  # in an object: nothing to say; 0 == False, too
_NAME = 20  # characters of an event's name


class EventWriter:
    """Writes the events of one stream, whose first says what time it is."""

    def __init__(self) -> None:
        self._began: float | None = None  # of the service's clock, as Unix time

    def write(self, event: Mapping[str, Any]) -> Text:
        """Write one event as a line."""
        name, at = event.get("event"), event.get("at")
        if name == "hello":
            self._hear(event)
            service = clean(str(event.get("service", "a service")))
            return Text(f"{service}: what happens from now on; Ctrl-C ends this", DIM)
        if name == "bye":
            return Text("the service has ended", DIM)
        if name == "dropped":
            number = event.get("number")
            missing = plural(number, "event") if isinstance(number, int) else "some"
            return Text(f"{missing} not shown: this reader is too slow", WRONG)
        line = Text(self._time(at), DIM, no_wrap=True)
        line = Text(no_wrap=True).append_text(line).append("  ")
        line.append(f"{words(str(name)):{_NAME}} ", _style(str(name)))
        line.append(clean(str(event.get("actor", ""))), BOLD)
        for field, value in event.items():
            if field not in _HEAD and value is not None:
                line.append(f"  {clean(field)}=", DIM).append(_value(value), PLAIN)
        return line

    def _hear(self, hello: Mapping[str, Any]) -> None:
        try:
            said = dt.datetime.fromisoformat(str(hello["time"]))
            self._began = said.timestamp() - float(hello["at"])
        except (KeyError, TypeError, ValueError):
            self._began = None  # times are then those of the service's clock

    def _time(self, at: object) -> str:
        if not isinstance(at, int | float):
            return "-"
        if self._began is None:
            return f"{at:.3f}"
        moment = dt.datetime.fromtimestamp(self._began + at).astimezone()
        return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03}"


def _style(name: str) -> Style:
    return next((style for part, style in _STYLES if part in name), PLAIN)


def _value(value: Any) -> str:
    """Write a field: an object with a `kind` as what it was."""
    if isinstance(value, _DICT):
        return _object(value)
    if isinstance(value, _LIST):
        return _list(value)
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return clean(value) if isinstance(value, str) else repr(value)


def _object(fields: Mapping[str, Any]) -> str:
    inner = ", ".join(
        f"{clean(name)}={_value(each)}"
        for name, each in fields.items()
        if name != "kind" and each not in _NOTHING
    )
    kind = fields.get("kind")
    if kind is None:
        return f"{{{inner}}}"
    return f"{clean(str(kind))}({inner})" if inner else clean(str(kind))


def _list(values: Sequence[Any]) -> str:
    return "[" + ", ".join(_value(each) for each in values) + "]"
