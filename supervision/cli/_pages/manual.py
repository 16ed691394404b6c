"""The manual page actors(1), for `man`.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .reading import Argument, Command
from .status import Status

_ENVIRONMENT = {
    "ACTORS_SOCKET": "the control socket of the service to ask.",
    "ACTORS_RUNTIME_DIR": "the folder of control sockets, for run and for all others.",
    "XDG_RUNTIME_DIR": "that folder is trio-actors in it, if the above is not set; "
    "without either it is /tmp/trio-actors-UID.",
}


def manual(
    groups: Mapping[str, Iterable[Command]], statuses: Iterable[Status], version: str
) -> str:
    """Make docs/actors.1."""
    lines = [
        f'.TH ACTORS 1 "" "trio-actors {version}" "User Commands"',
        ".SH NAME",
        "actors \\- run a supervised tree as a service, watch it, question it, stop it",
        ".SH SYNOPSIS",
        ".B actors",
        ".I COMMAND",
        "[options]",
        ".SH DESCRIPTION",
        _text(
            "actors runs a supervised tree of Python actors as a service, and asks "
            "services that run, over their control socket. Commands find the only "
            "service of this user by themselves; with several, say --socket PATH or "
            "set ACTORS_SOCKET."
        ),
    ]
    for group, commands in groups.items():
        lines.append(f".SH {_text(group.upper())}")
        for each in commands:
            lines += _command(each)
    lines.append(".SH EXIT STATUS")
    for status in statuses:
        lines += [".TP", f".B {status.number}"]
        parts: list[str] = []
        if status.run:
            parts.append(f"of run: {status.run}")
        if status.others:
            parts.append(f"of the others: {status.others}")
        lines.append(_text(". ".join(parts).replace("`", "")) + ".")
    lines.append(".SH ENVIRONMENT")
    for name, says in _ENVIRONMENT.items():
        lines += [".TP", f".B {name}", _text(says)]
    lines += [".SH SEE ALSO", ".BR systemd.service (5)"]
    return "\n".join(lines) + "\n"


def _command(command: Command) -> list[str]:
    lines = [f'.SS "{_text(command.synopsis)}"', _text(command.description)]
    for each in command.arguments:
        lines += _argument(each)
    return [
        *lines,
        ".PP",
        "Example:",
        ".PP",
        ".nf",
        f".RS 4\n{_text(command.example)}\n.RE",
        ".fi",
    ]


def _argument(argument: Argument) -> list[str]:
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in argument.names)
    value = f" \\fI{_text(argument.value)}\\fR" if argument.value else ""
    return [".TP", names + value, _text(argument.says)]


def _text(text: str) -> str:
    """Text that roff takes as it is: no line of it is a request."""
    plain = " ".join(text.split())
    plain = plain.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    plain = plain.replace('"', "\\(dq")
    return f"\\&{plain}" if plain.startswith(".") else plain
