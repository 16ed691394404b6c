"""`python -m supervision.cli._pages docs`: write the pages into that folder."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from .manual import manual
from .markdown import command_line, exit_codes
from .reading import read_commands
from .status import STATUSES


def pages() -> dict[str, str]:
    """Give `{file below docs: its text}`."""
    commands = read_commands()
    return {
        "actors.1": manual(commands, STATUSES, metadata.version("trio-actors")),
        "reference/command-line.md": command_line(commands),
        "reference/exit-codes.md": exit_codes(STATUSES),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
