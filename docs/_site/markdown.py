"""What the site makes of a page that is plain Markdown for everybody else.

Text in, text out, so that it is tested without Sphinx.  A page is written for readers
on a forge and in an editor; here it gets what only the site can do:

- the list of pages of an `index.md` is the site's table of contents, too,
- `<!-- file: chat.py -->` before a block is its caption,
- a link to a file of the repository leads to its source,
- the names behind `<!-- names of actors -->` stand there with what they say of
  themselves (`names.py`).

Nothing in a fenced block is touched but its first line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Final

SOURCE: Final = "source:"
"""What a link to a file of the repository begins with, after `links`."""

BEGINNING: Final = "<!-- the beginning of README.md -->"
"""Where an index has it."""

_FENCED = re.compile(r"^(```+)[^\n]*\n.*?^\1 *$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}) +(.+)$", re.MULTILINE)
_LINK = re.compile(r"(?<!\!)\[((?:[^\[\]]|\[[^\]]*\])+)\]\(([^()\s]+)\)")
_ITEM = re.compile(r"^ *(?:[-*]|\d+\.) ")
_CAPTIONED = re.compile(
    r"^((?:<!-- [^>\n]+ -->\n)+)```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
_NAMES = re.compile(r"^<!-- names of ([\w.]+) -->\n((?:[^\n]+\n?)+)", re.MULTILINE)
_TICKED = re.compile(r"`(\w+)`")
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*:")


def toctrees(text: str) -> str:
    """Add to an index what its lists link to, in their order, as hidden contents.

    A heading of the second level is the caption of what stands below it.  Only pages
    (`x.md`) that are linked to in a list are meant; each once.
    """
    parts: list[tuple[str | None, list[str]]] = [(None, [])]
    seen: set[str] = set()
    for line in _FENCED.sub("", text).splitlines():
        if heading := _HEADING.match(line):
            if len(heading[1]) > 1:
                parts.append((heading[2], []))
        elif _ITEM.match(line):
            for _, target in _LINK.findall(line):
                page = target.partition("#")[0]
                if (
                    page.endswith(".md")
                    and not page.startswith("../")
                    and not _ADDRESS.match(page)
                    and page not in seen
                ):
                    seen.add(page)
                    parts[-1][1].append(page)
    made = [_toctree(caption, pages) for caption, pages in parts if pages]
    return "\n\n".join([text.rstrip("\n"), *made]) + "\n"


def _toctree(caption: str | None, pages: list[str]) -> str:
    said = f":caption: {caption}\n" if caption is not None else ""
    listed = "\n".join(page.removesuffix(".md") for page in pages)
    return f"```{{toctree}}\n:hidden:\n{said}\n{listed}\n```"


def titled(text: str, page: PurePosixPath) -> str:
    """Give a page that has no heading its own name as one."""
    if _HEADING.search(_FENCED.sub("", text)):
        return text
    return f"# {page.stem.replace('-', ' ').capitalize()}\n\n{text}"


def beginning(text: str, readme: str, root: Path) -> str:
    """Put the first part of the README where an index says so.

    It is what stands between its first sentence, which the index has too, and its
    first section; its links are relative to the root, and are made relative to `docs/`.
    """
    if BEGINNING not in text:
        return text
    first = re.split(r"^## ", readme, maxsplit=1, flags=re.MULTILINE)[0]
    first = links(first[first.index("```") :].strip(), PurePosixPath("README.md"), root)
    return text.replace(BEGINNING, first.replace("](docs/", "]("))


def captions(text: str) -> str:
    """Give a block that is to be saved the name of its file as a caption."""

    def captioned(found: re.Match[str]) -> str:
        file = re.search(r"<!-- file: (.+) -->", found[1])
        if file is None:
            return found[0]
        head = f"```{{code-block}} {found[2]}\n:caption: {file[1]}\n"
        return f"{found[1]}{head}\n{found[3]}```"

    return _CAPTIONED.sub(captioned, text)


def links(text: str, page: PurePosixPath, root: Path) -> str:
    """Mark the links that leave the pages, for files and folders of the repository.

    Args:
        text: of the page.
        page: its path from the root of the repository, as `docs/turns.md`.
        root: of the repository.  A link to what is not there stays as it is, and
            Sphinx complains of it.
    """

    def marked(found: re.Match[str]) -> str:
        words, target = found[1], found[2]
        path, _, anchor = target.partition("#")
        if not path or _ADDRESS.match(path):
            return found[0]
        place = _normal(page.parent / path)
        if place is None or not (root / place).exists():
            return found[0]
        if place.parts[:1] == ("docs",) and place.suffix in {".md", ".png", ".svg"}:
            return found[0]
        return f"[{words}]({SOURCE}{place.as_posix()}{'#' if anchor else ''}{anchor})"

    return outside_blocks(text, lambda prose: _LINK.sub(marked, prose))


def names(text: str, write: Callable[[str, list[str]], str]) -> str:
    """Put what `write(module, names)` returns where names of a module are listed.

    A list is the paragraph behind `<!-- names of actors -->`: names in backticks.
    """

    def written(found: re.Match[str]) -> str:
        return write(found[1], _TICKED.findall(found[2]))

    return _NAMES.sub(written, text)


def listed(text: str) -> list[tuple[str, str]]:
    """List `(module, name)` of all lists of names in a page, in their order."""
    return [
        (module, name)
        for module, names in _NAMES.findall(text)
        for name in _TICKED.findall(names)
    ]


def outside_blocks(text: str, change: Callable[[str], str]) -> str:
    """Change all that is not in a fenced block."""
    made: list[str] = []
    done = 0
    for block in _FENCED.finditer(text):
        made += [change(text[done : block.start()]), block[0]]
        done = block.end()
    return "".join([*made, change(text[done:])])


def _normal(path: PurePosixPath) -> PurePosixPath | None:
    """Give the path without `..`; None if it leaves the repository."""
    place = PurePosixPath(normpath(path))
    return None if place.parts[:1] == ("..",) else place
