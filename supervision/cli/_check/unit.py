"""A unit file of systemd, beside the tree that it runs.  Pure."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping
from typing import Final

import attrs

from supervision.service import ExitCode, Settings
from supervision.service.running import HANGING

from .findings import Found

_DEFAULT: Final = 90.0
"""Seconds of TimeoutStopSec where nobody says it."""
_UNITS: Final = {
    **dict.fromkeys(("us", "usec", "µs"), 1e-06),
    **dict.fromkeys(("ms", "msec"), 0.001),
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_SPAN: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]*)")
_LISTS: Final = ("Environment", "ReadWritePaths", "StateDirectory")
"""Keys of which each line says more; an empty one forgets those before."""

Service = Mapping[str, str]
"""`{key: its last value, or what its lines say together}` of `[Service]`."""


@attrs.frozen
class Command:
    """What a unit starts."""

    target: str | None
    """`module:Tree`; None: it is not `actors run`."""
    budget: float | None
    """Seconds for drain and stop together; None: what it says is no time."""


def read_service(text: str) -> Service | None:
    """Read the section `[Service]`; None: there is none."""
    found: dict[str, str] | None = None
    here = False
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        line = line.strip()  # noqa: PLW2901 - the same line
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            here = line == "[Service]"
            if here and found is None:
                found = {}
        elif here and found is not None:
            key, _, value = line.partition("=")
            name, text = key.strip(), value.strip()
            if text and name in _LISTS and found.get(name):
                text = f"{found[name]} {text}"
            found[name] = text
    return found


def seconds_of(text: str) -> float | None:
    """Read a time as systemd writes it; None: it is none."""
    if text == "infinity":
        return math.inf
    total, at = 0.0, 0
    while at < len(text.rstrip()):
        found = _SPAN.match(text, at)
        if found is None or found[2] not in _UNITS:
            return None
        total += float(found[1]) * _UNITS[found[2]]
        at = found.end()
    return total if text.strip() else None


def command_of(service: Service) -> Command:
    """Read what a unit starts."""
    try:
        words = shlex.split(service.get("ExecStart", ""))
    except ValueError:  # a quote that is not closed
        words = []
    budget = Settings().budget
    if "run" not in words:
        return Command(None, budget)
    given = words[words.index("run") + 1 :]
    for place, word in enumerate(given):
        name, equals, value = word.partition("=")
        if name == "--budget":
            text = value if equals else "".join(given[place + 1 : place + 2])
            try:
                budget = float(text)
            except ValueError:
                budget = math.nan
            if not 0 <= budget < math.inf:  # as `actors run` has it
                return Command(_target(given), None)
    return Command(_target(given), budget)


def _target(given: list[str]) -> str | None:
    """The first word that names a tree; an address has figures behind its colon."""
    for word in given:
        module, colon, name = word.partition(":")
        if colon and module and name.replace(".", "").isidentifier():
            return word
    return None


def check_unit(service: Service, target: str, where: str, found: Found) -> None:
    """Look at how systemd runs a tree.

    Args:
        service: of the unit.
        target: `module:Tree`, which is to be run.
        where: the file.
        found: is told.
    """
    command = command_of(service)
    if command.target is None:
        text = "ExecStart does not say `actors run module:Tree`"
        found.wrong(where, text, f"ExecStart=/path/to/bin/actors run {target}")
    elif command.target != target:
        text = f"ExecStart runs {command.target}, not {target}"
        found.doubtful(where, text, f"ExecStart=... run {target}")
    if command.budget is None:
        text = "--budget in ExecStart is no number of seconds, 0 or more"
        found.wrong(where, text, "--budget 25")
        return
    _check_stop(service, command.budget, where, found)
    if service.get("Type") not in ("notify", "notify-reload"):
        text = "it counts as started as soon as its process is there"
        found.doubtful(where, text, "Type=notify: ready when the tree is")
    if service.get("KillMode") not in ("mixed", "process"):
        text = "SIGTERM goes to the processes of its sessions, too"
        found.doubtful(where, text, "KillMode=mixed: the service ends them itself")
    _check_restart(service, where, found)


def _check_stop(service: Service, budget: float, where: str, found: Found) -> None:
    said = service.get("TimeoutStopSec") or service.get("TimeoutSec")
    stop = _DEFAULT if said is None else seconds_of(said)
    if stop == 0:
        stop = math.inf  # as systemd reads it
    least = math.ceil(budget + HANGING)
    if stop is None:
        text = f"TimeoutStopSec={said} is no time"
        found.wrong(where, text, f"TimeoutStopSec={least}")
    elif stop < least:
        text = (
            f"systemd kills after {stop:g} s, while drain and stop may take "
            f"{budget:g} s, and a process that hangs {HANGING:g} s more"
        )
        right = f"TimeoutStopSec={least} or more, or a smaller --budget"
        if stop < budget:
            found.wrong(where, text, right)
        else:
            found.doubtful(where, text, right)


def _check_restart(service: Service, where: str, found: Found) -> None:
    restart = service.get("Restart", "no")
    if restart not in ("always", "on-failure"):
        text = "nobody starts it again when its tree has crashed"
        found.doubtful(where, text, "Restart=on-failure")
    elif f"{ExitCode.USAGE:d}" not in _statuses(service):
        text = "it is started again and again when its command line is wrong"
        found.doubtful(where, text, f"RestartPreventExitStatus={ExitCode.USAGE:d}")


def _statuses(service: Service) -> list[str]:
    return service.get("RestartPreventExitStatus", "").split()
