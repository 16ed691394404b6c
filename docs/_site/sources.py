"""Pages of the site for files of the repository that pages link to.

A page that says "see `examples/chat_page.py`" is true in a checkout and on a forge; on
the site it leads to the file's text, or to an address that was set
(`source_address`).  A folder is a list of its files, each with its first sentence.
"""

from __future__ import annotations

import ast
import html
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sphinx.highlighting import PygmentsBridge

FOLDER: Final = "source"
"""Where they are on the site."""
_LARGE: Final = 200_000  # bytes; a larger file is data and not to be read

# {how the name of a file ends: how it is coloured}
_LANGUAGES: Final = {
    ".py": "python",
    ".md": "markdown",
    ".toml": "toml",
    ".html": "html",
    ".js": "javascript",
    ".css": "css",
    ".json": "json",
    ".sh": "bash",
    ".sql": "sql",
}


def page_of(place: str) -> str:
    """Give the page of a file or folder of the repository, without `.html`."""
    return f"{FOLDER}/{place.rstrip('/')}"


def wanted(root: Path, linked: set[str]) -> list[str]:
    """List the files and folders that get a page: those, and what is inside of them."""
    found: set[str] = set()
    for place in linked:
        found.add(place.rstrip("/"))
        if (root / place).is_dir():
            found |= {
                path.relative_to(root).as_posix()
                for path in (root / place).rglob("*")
                if _readable(path, root)
            }
    return sorted(found)


def _readable(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    if any(part.startswith(".") or part == "__pycache__" for part in parts):
        return False
    if path.is_dir():
        return any(_readable(inner, root) for inner in path.iterdir())
    return path.suffix != ".pyc" and path.stat().st_size < _LARGE and _is_text(path)


def _is_text(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


def line_of(root: Path, value: object) -> str | None:
    """Give `file#line` of a class or function; None if it is none, or not in there."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(value))  # type: ignore[arg-type]
        _, line = inspect.getsourcelines(inspect.unwrap(value))  # type: ignore[arg-type]
    except (TypeError, OSError):
        return None
    place = Path(file or "").resolve()
    if not place.is_relative_to(root):
        return None
    return f"{place.relative_to(root).as_posix()}#L-{line}"


def bodies(root: Path, linked: set[str]) -> Iterator[tuple[str, str, str]]:
    """Yield `(page, title, HTML)` for each."""
    places = wanted(root, linked)
    for place in places:
        path = root / place
        body = _folder(root, path, set(places)) if path.is_dir() else _file(path)
        yield page_of(place), place, f"<h1>{html.escape(place)}</h1>\n{body}"


def _folder(root: Path, folder: Path, places: set[str]) -> str:
    rows: list[str] = []
    for path in sorted(folder.iterdir(), key=lambda x: (x.is_file(), x.name)):
        place = path.relative_to(root).as_posix()
        if place in places:
            name = html.escape(path.name + ("/" if path.is_dir() else ""))
            href = html.escape(f"{folder.name}/{path.name}.html")
            said = html.escape(_first_sentence(path))
            rows.append(f'<li><a href="{href}"><code>{name}</code></a> {said}</li>')
    said = html.escape(_first_sentence(folder))
    return f"<p>{said}</p>\n<ul>\n" + "\n".join(rows) + "\n</ul>\n"


def _first_sentence(path: Path) -> str:
    """Give the first line of a module's docstring, of a folder that of its door."""
    file = path / "__init__.py" if path.is_dir() else path
    if file.suffix != ".py" or not file.is_file():
        return ""
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return said.partition("\n")[0]


def _file(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    language = _LANGUAGES.get(path.suffix, "text")
    return PygmentsBridge().highlight_block(
        text, language, force=True, linenos="inline", lineanchors="L", wrapcode=True
    )
