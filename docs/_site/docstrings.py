"""Our docstrings as reStructuredText, which is what Sphinx reads.

They are plain text in the manner of Google's: names in single backticks, `Raises:` with
several names before a colon, examples with a prompt.  Text in, text out.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Final

SECTIONS: Final = ("Args", "Returns", "Yields", "Raises", "Example")

_SECTION = re.compile(rf"^({'|'.join(SECTIONS)}):$")
_ENTRY = re.compile(r"^(\*{0,2}[\w.]+(?:, \*{0,2}[\w.]+)*): +(.*)$")
_TICKED = re.compile(r"``.+?``|`([^`]+)`", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*(?:\(\))?")
# what begins or ends something in reStructuredText, and nothing here
_MARKUP = re.compile(r"\*(?=\*|\w+\b(?!\*))|\||(?<=\w)_(?!\w)")


def restructured(lines: list[str], known: Callable[[str], bool]) -> list[str]:
    """Give the lines of a docstring as reStructuredText.

    Args:
        lines: of the docstring, without its indent.
        known: whether a name in backticks is one to link to.
    """
    made: list[str] = []
    prose: list[str] = []
    section: str | None = None

    def flush() -> None:
        if prose:
            made.extend(
                _entries(section, prose, known) if section else _prose(prose, known)
            )
            prose.clear()

    for line in lines:
        heading = _SECTION.match(line)
        if heading:
            flush()
            section = heading[1]
        elif line and not line.startswith(" ") and section:
            flush()
            section = None
            prose.append(line)
        else:
            prose.append(line)
    flush()
    return made


def _prose(lines: list[str], known: Callable[[str], bool]) -> list[str]:
    """Text; what is indented or has a prompt is code, a table is one of characters."""
    made: list[str] = []
    for chunk in _chunks(lines):
        if chunk[0].lstrip().startswith(">>>") or all(
            x.startswith("  ") for x in chunk
        ):
            made += ["", *_code(chunk)]
        elif chunk[0].startswith("|"):
            made += ["", ".. code-block:: text", "", *(f"   {x}" for x in chunk), ""]
        else:
            made += [*_words("\n".join(chunk), known).split("\n"), ""]
    return made


def _entries(
    section: str | None, lines: list[str], known: Callable[[str], bool]
) -> list[str]:
    """A section: `name: what` as a list, an example as code, else text."""
    inner = _dedented(lines)
    if section == "Example":
        return ["", *_code(inner)]
    entries: list[tuple[str, list[str]]] = []
    for line in inner:
        entry = _ENTRY.match(line)
        if entry and section in {"Args", "Raises"}:
            entries.append((entry[1], [entry[2]]))
        elif entries:
            entries[-1][1].append(line.strip())
        else:
            entries.append(("", [line]))
    made = ["", f":{section}:"]
    for names, words in entries:
        said = _words(" ".join(filter(None, words)), known)
        if names:
            shown = ", ".join(_named(name, known) for name in names.split(", "))
            made += [f"   - {shown}: {said}"]
        else:
            made += [f"   {said}"]
    return [*made, ""]


def _named(name: str, known: Callable[[str], bool]) -> str:
    return f":py:obj:`{name}`" if known(name) else f"``{name}``"


def _words(text: str, known: Callable[[str], bool]) -> str:
    """Prose, its names in backticks linked or shown as code."""
    made: list[str] = []
    done = 0
    for ticked in _TICKED.finditer(text):
        made.append(_MARKUP.sub(r"\\\g<0>", text[done : ticked.start()]))
        inner = " ".join(ticked[0].strip("`").split())
        bare = inner.removesuffix("()")
        link = _NAME.fullmatch(inner) is not None and known(bare)
        shown = f":py:obj:`{inner} <{bare}>`" if link else f"``{inner}``"
        after = text[ticked.end() : ticked.end() + 1]
        made.append(shown + ("\\ " if after.isalnum() else ""))
        done = ticked.end()
    return "".join([*made, _MARKUP.sub(r"\\\g<0>", text[done:])])


def _code(lines: list[str]) -> list[str]:
    inner = _dedented(lines)
    while inner and not inner[-1]:
        inner.pop()
    kind = "pycon" if any(line.startswith(">>>") for line in inner) else "python"
    return [f".. code-block:: {kind}", "", *(f"   {line}" for line in inner), ""]


def _dedented(lines: list[str]) -> list[str]:
    return [line.rstrip() for line in textwrap.dedent("\n".join(lines)).split("\n")]


def _chunks(lines: list[str]) -> list[list[str]]:
    """Split at empty lines."""
    chunks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            chunks[-1].append(line)
        elif chunks[-1]:
            chunks.append([])
    return [chunk for chunk in chunks if chunk]
