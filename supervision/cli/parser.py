"""`Parser`, `Top`: how a command line is refused, and how the help of it reads."""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
import textwrap
from typing import Final, NoReturn

from supervision.client.directory import CommandError

from .said import GROUPS, INSTEAD, SAID

WIDEST = 88
"""Columns of a help, at most."""
_NO_COMMAND: Final = re.compile(r"argument COMMAND: invalid choice: '(.*?)' \(")


class Parser(argparse.ArgumentParser):
    """One that complains in one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise CommandError(f"{message}; see '{self.prog} --help'")


class Top(Parser):
    """The one of `actors` itself: its help has the commands by what one wants."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line; say what was meant, if that is known."""
        if found := _NO_COMMAND.match(message):
            word = found[1]
            message = f"there is no command '{word}'"
            if word in INSTEAD:
                message += f": you mean {INSTEAD[word]}"
            elif close := difflib.get_close_matches(word, SAID, n=1):
                message += f": did you mean '{close[0]}'?"
        super().error(message)

    def format_help(self) -> str:
        """Write the help."""
        width = min(shutil.get_terminal_size().columns, WIDEST)
        column = max(len(name) for names in GROUPS.values() for name in names) + 4

        def filled(text: str) -> list[str]:
            return [*textwrap.wrap(text, width), ""]

        lines = [self.format_usage(), *filled(self.description or "")]
        for group, names in GROUPS.items():
            lines.append(f"{group}:")
            for name in names:
                begin = f"  {name}".ljust(column)
                lines += textwrap.wrap(
                    SAID[name].short,
                    width,
                    initial_indent=begin,
                    subsequent_indent=" " * column,
                )
            lines.append("")
        lines += filled("actors COMMAND --help says what a command takes.")[:-1]
        return "\n".join([*lines, *filled(self.epilog or "")])
