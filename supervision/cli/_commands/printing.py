"""How commands write their answers: tables for a person, JSON for a program.

On a terminal a table is as wide as that; elsewhere, as wide as it must be, without
colours, so that `grep` and `awk` find whole names.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from supervision._drawing.columns import Column, lay_out
from supervision._drawing.look import LABEL
from supervision._drawing.text import clean
from supervision._view.shapes import ResultShape
from supervision.service import ExitCode

Fact = tuple[str, str | Text]
"""A label, and what it is."""


class _Console(Console):
    """One that leaves it to the program what a reader that goes away means."""

    def on_broken_pipe(self) -> None:
        """Not end the process."""
        raise BrokenPipeError


def make_console() -> Console:
    """Make a console on standard output that takes no text for markup."""
    return _Console(
        file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True
    )


def print_lines(lines: Iterable[Text]) -> None:
    """Write lines; who reads a pipe has them at once."""
    console = make_console()
    if console.is_terminal:
        console.print(Text("\n").join(lines))
    else:
        sys.stdout.writelines(line.plain + "\n" for line in lines)
    sys.stdout.flush()


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
    """Write a table."""
    console = make_console()
    print_lines(lay_out(columns, rows, console.width if console.is_terminal else None))


def print_facts(facts: Iterable[tuple[str, str | Text]]) -> None:
    """Write one fact a line: its label, and what it is."""
    known = list(facts)
    widest = max((len(label) for label, _ in known), default=0)
    lines: list[Text] = []
    for label, value in known:
        line = Text().append(f"{label:{widest}}  ", LABEL)
        line.append_text(value if isinstance(value, Text) else Text(value))
        line.rstrip()
        lines.append(line)
    print_lines(lines)


def print_json(answer: object) -> None:
    """Write an answer as it came: indented on a terminal, one line elsewhere."""
    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(answer, indent=indent) + "\n")
    sys.stdout.flush()


def print_done(result: ResultShape, arguments: Namespace) -> int:
    """Say what a verb has done, in words, or as `--json`."""
    if arguments.json:
        print_json(result)
    else:
        sys.stdout.write(clean(result["done"]) + "\n")
    return ExitCode.OK
