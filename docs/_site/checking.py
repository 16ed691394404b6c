"""All links of a site that was built lead somewhere: pages, anchors, files.

    python -m docs._site.checking build/site

Reads the HTML alone, so that it sees what a reader's browser sees; what leaves the site
is not fetched.  It prints each link that leads nowhere and ends with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_TARGETS: Final = {"a": "href", "img": "src", "link": "href", "script": "src"}


class _Page(HTMLParser):
    """What a page links to, and what of it can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value for name, value in attrs if value is not None}
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        target = said.get(_TARGETS.get(tag, ""))
        if target is not None:
            self.links.append(target)


def broken(site: Path) -> list[str]:
    """List `page: link` of all links that lead nowhere, in a fixed order."""
    pages = {
        path: _Page(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
    }
    return [
        f"{path.relative_to(site).as_posix()}: {link}"
        for path, page in pages.items()
        for link in dict.fromkeys(page.links)
        if not _leads_somewhere(link, path, pages, site)
    ]


def _leads_somewhere(
    link: str, page: Path, pages: Mapping[Path, _Page], site: Path
) -> bool:
    parts = urlsplit(link)
    if parts.scheme in {"http", "https", "mailto", "data"} or parts.netloc:
        return True
    if parts.scheme:
        return False
    target = page
    if parts.path:
        target = Path(*_steps(page.parent, unquote(parts.path)))
        if not target.is_relative_to(site) or not target.is_file():
            return False
    if not parts.fragment:
        return True
    found = pages.get(target)
    return found is None or unquote(parts.fragment) in found.anchors


def _steps(folder: Path, path: str) -> list[str]:
    """Go the relative way from a folder, without asking the disk."""
    parts = list(folder.parts)
    for step in path.split("/"):
        if step == "..":
            parts.pop()
        elif step not in {"", "."}:
            parts.append(step)
    return parts


def main(arguments: list[str]) -> int:
    """Check a site; give the exit code."""
    if len(arguments) != 1 or not Path(arguments[0], "index.html").is_file():
        sys.stderr.write("python -m docs._site.checking FOLDER, of a site\n")
        return 2
    found = broken(Path(arguments[0]).resolve())
    for each in found:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(f"{len(found)} links lead nowhere\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
