"""The how-to guides, and the files that they have their reader save."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT, programs

GUIDES: Final = ROOT / "docs" / "how-to"


def text_of(page: str) -> str:
    """What a guide says."""
    return (GUIDES / f"{page}.md").read_text(encoding="utf-8")


def save(page: str, folder: Path) -> None:
    """Save the files of a guide."""
    for program in programs(GUIDES / f"{page}.md"):
        if program.file is not None:
            (folder / program.file).write_text(program.code, encoding="utf-8")
