"""The command line as plain values.

What argparse writes differs from Python to Python; what it was told does not.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Final

import attrs

from supervision.cli.arguments import DEMO, make_parser
from supervision.cli.said import GROUPS, SAID
from supervision.demo.command import make_parser as make_demo_parser

_APPENDED: Final = " (default: %(default)s)"
"""What some Pythons append to the help of a switch."""


@attrs.frozen
class Argument:
    """One argument or option."""

    names: tuple[str, ...]
    """`--name`, or what it is called."""
    value: str
    """What an option takes, such as `PATH`; `""`: nothing."""
    optional: bool
    """Whether it may be left out."""
    says: str
    """What it is."""

    @property
    def is_option(self) -> bool:
        """Whether it begins with a dash."""
        return self.names[0].startswith("-")

    def __str__(self) -> str:
        """As it is typed."""
        return f"{', '.join(self.names)} {self.value}".rstrip()


@attrs.frozen
class Command:
    """One command."""

    name: str
    description: str
    example: str
    arguments: tuple[Argument, ...]

    @property
    def synopsis(self) -> str:
        """How it is called."""
        words = ["actors", self.name]
        words += [
            f"[{each}]" if each.optional else f"{each}"
            for each in self.arguments
            if not each.is_option
        ]
        if any(each.is_option for each in self.arguments):
            words.append("[options]")
        return " ".join(words)


def read_commands() -> dict[str, tuple[Command, ...]]:
    """Give `{group: its commands}`, in the order of the help."""
    # Any: argparse's own class of them is half known to a checker
    choices: Any = next(
        action.choices
        for action in make_parser("")._actions
        if action.dest == "command"
    )
    return {
        group: tuple(_command(name, choices[name]) for name in names)
        for group, names in GROUPS.items()
    }


def _command(name: str, parser: argparse.ArgumentParser) -> Command:
    said = SAID[name]
    known = make_demo_parser() if name == DEMO else parser
    return Command(
        name,
        said.description,
        said.example,
        tuple(_arguments(known)),
    )


def _arguments(parser: argparse.ArgumentParser) -> Iterator[Argument]:
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        named = tuple(action.option_strings)
        value = _value(action)
        many = " ..." if action.nargs == "*" else ""
        yield Argument(
            named or (value + many,),
            value if named else "",
            bool(named) or action.nargs in ("?", "*"),
            _says(action),
        )


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, str):
        value = action.metavar
    elif action.choices is not None:
        value = "|".join(map(str, action.choices))
    else:
        value = action.dest.upper() if action.option_strings else action.dest
    return f"[{value}]" if action.nargs == "?" and action.option_strings else value


def _says(action: argparse.Action) -> str:
    text = action.help or ""
    if isinstance(action, argparse.BooleanOptionalAction):
        text = text.removesuffix(_APPENDED)
    facts: dict[str, Any] = vars(action)  # Any: what argparse keeps
    return " ".join((text % facts).split())
