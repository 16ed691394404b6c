"""An extension of Sphinx: what the other files make is put into the site here.

`conf.py` names it, and has the settings.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any, Final

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from . import docstrings, markdown, names, sources

ROOT: Final = Path(__file__).resolve().parents[2]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx who wants to be asked when."""
    app.add_config_value("source_address", "", "html", str)
    site = _Site()
    app.connect("source-read", site.read)
    app.connect("autodoc-process-docstring", site.docstring)
    app.connect("autodoc-process-bases", _public_bases)
    app.connect("doctree-read", site.names, priority=100)
    app.connect("doctree-resolved", site.link_sources)
    app.connect("html-collect-pages", site.source_pages)
    app.connect("html-page-context", _foot)
    return {"parallel_read_safe": False, "parallel_write_safe": False}


class _Site:
    """What is asked on the way, and remembered between two questions."""

    def __init__(self) -> None:
        self.known = names.known_names()
        self.full = names.full_names()  # {name in a docstring: its full names}
        self.places = names.places()  # {where it is made: where users find it}
        self.everywhere = {each for found in self.full.values() for each in found}
        self.linked: set[str] = set()  # files and folders that pages link to

    def read(self, _app: Sphinx, docname: str, content: list[str]) -> None:
        """A page has been read: make MyST's Markdown of it."""
        page = PurePosixPath("docs") / f"{docname}.md"
        text = markdown.links(markdown.titled(content[0], page), page, ROOT)
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        text = markdown.captions(markdown.beginning(text, readme, ROOT))
        text = markdown.names(text, names.directives)
        content[0] = markdown.toctrees(text) if page.name == "index.md" else text

    def docstring(
        self,
        _app: Sphinx,
        _what: str,
        name: str,
        _value: object,
        _options: object,
        lines: list[str],
    ) -> None:
        """A docstring is to be shown."""
        owner = name.rpartition(".")[0].rpartition(".")[2]

        def known(word: str) -> bool:
            return word in self.known or f"{owner}.{word}" in self.known

        lines[:] = docstrings.restructured(list(lines), known)

    def names(self, _app: Sphinx, doctree: nodes.document) -> None:
        """Give each name that is linked to its one place, before Sphinx looks for it.

        Sphinx would look through all names for one that ends so, for each `int`, and
        take `Partial.bytes` for `bytes`.  And the contents of a page are classes and
        functions, not their members: those of all pages are copied for each page.
        """
        for link in list(doctree.findall(addnodes.pending_xref)):
            if link.get("refdomain") != "py":
                continue
            full = self.full_name(link["reftarget"], link.get("py:class"))
            if full is None:
                link.replace_self(list(link.children))
            else:
                link.attributes.pop("py:class", None)
                link.attributes.pop("py:module", None)
                link.attributes |= {
                    "reftarget": full,
                    "reftype": "obj",
                    "refspecific": False,
                }
        for signature in doctree.findall(addnodes.desc_signature):
            if "." in signature.get("fullname", ""):
                signature["_toc_name"] = ""

    def full_name(self, target: str, owner: str | None) -> str | None:
        """Say where users find what a docstring or a signature calls so."""
        outer, _, member = target.rpartition(".")
        if target in self.everywhere:
            return target
        if target in self.places:
            return self.places[target]
        if outer in self.places:
            return f"{self.places[outer]}.{member}"
        inside = f"{owner.rpartition('.')[2]}.{target}" if owner else ""
        found = self.full.get(inside) or self.full.get(target)
        return found[0] if found else None

    def link_sources(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Lead links that `markdown.links` has marked to their pages, or outside."""
        address: str = app.config.source_address.rstrip("/")
        for link in doctree.findall(nodes.reference):
            uri: str = link.get("refuri", "")
            if not uri.startswith(markdown.SOURCE):
                continue
            place, _, anchor = uri.removeprefix(markdown.SOURCE).partition("#")
            if address:
                link["refuri"] = f"{address}/{place}"
                anchor = anchor.replace("L-", "L")
            else:
                self.linked.add(place)
                page = app.builder.get_relative_uri(docname, sources.page_of(place))
                link["refuri"] = page
            if anchor:
                link["refuri"] += f"#{anchor}"

    def source_pages(self, _app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Make the pages of the files that are linked to.

        Without the contents of the site beside them: hundreds of copies take minutes.
        """
        for page, title, body in sources.bodies(ROOT, self.linked):
            yield page, {"title": title, "body": body, "toctree": _none}, "page.html"


def _public_bases(
    _app: Sphinx, _name: str, cls: type, _options: object, bases: list[type]
) -> None:
    """Show no class that users cannot import."""
    private = names.private_bases(cls)
    bases[:] = [base for base in bases if base not in private]


def _none(**_options: object) -> str:
    """No table of contents."""
    return ""


def _foot(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object
) -> None:
    """Say below each page with what it was run."""
    if "body" in context:
        context["body"] += f'<p class="run-with">{run_with()}</p>'


def run_with() -> str:
    """Say which versions are installed here."""
    ours, trio = version("trio-actors"), version("trio")
    return (
        f"Run with trio-actors {ours}, Python {platform.python_version()}, Trio {trio}."
    )
