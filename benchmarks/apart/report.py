"""The table, for people and for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from .play import AT_ONCE, TURNS, Answers

HEAD = (
    "",
    f"turns at once, of {AT_ONCE} prompts to one conversation",
    "prompts that it remembers",
    "messages that the model saw for the last",
    f"turn {TURNS}, of turn 1",
    "turn 1",
    "an idle conversation",
)
_WHOLE = 2 * AT_ONCE - 1  # each prompt, and the answer to each but the last


def rows(answers: Sequence[Answers]) -> list[tuple[str, ...]]:
    """Make the lines of the table."""
    return [
        (
            f"{each.name} {each.version}",
            f"{each.at_once}",
            f"{each.remembered} of {AT_ONCE}",
            f"{each.shown} of {_WHOLE}",
            f"{each.last / each.first:.1f} x",
            f"{each.first * 1e6:,.0f} us",
            f"{each.idle / 1024:.1f} KiB",
        )
        for each in answers
    ]


def show(
    answers: Sequence[Answers], missing: Mapping[str, str], console: Console
) -> None:
    """Print it; `missing`: `{name: why}`."""
    table = Table(*HEAD)
    for row in rows(answers):
        table.add_row(*row)
    if answers:
        console.print(table)
    for name, why in missing.items():
        console.print(f"{name}: {why}", markup=False)


def markdown(answers: Sequence[Answers]) -> str:
    """Make the same for a page."""
    lines = [HEAD, tuple("---" for _ in HEAD), *rows(answers)]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)
