"""`docs/faq.md` quotes what is said somewhere; `docs/glossary.md` is in order."""

from __future__ import annotations

import re
from typing import Final

import pytest

from .pages import ROOT

FAQ: Final = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
QUOTED: Final = re.findall(r"^### `(.+)`$", FAQ, re.MULTILINE)
ENTRIES: Final = re.split(r"^### .+$", FAQ, flags=re.MULTILINE)[1:]
SAID: Final = "\n".join(
    re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8"))
    for package in ("actors", "supervision")
    for path in sorted((ROOT / package).rglob("*.py"))
)
GLOSSARY: Final = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
PARTS: Final = [
    re.findall(r"^\| ([^|]+) \| ([^|]+) \| (.+) \|$", part, re.MULTILINE)
    for part in GLOSSARY.split("\n## ")[1:]
]
WANTED: Final = (
    "chunk drain epoch generation held journal kept lane origin owner partition "
    "passivated place reap slot"
)


@pytest.mark.parametrize("message", QUOTED)
def test_a_message_is_one_of_ours(message: str) -> None:
    """Its fixed words stand in the source, in their order, within one line."""
    parts = [re.escape(part.strip()) for part in message.split("...")]
    wanted = ".*".join(part for part in parts if part)

    assert re.search(wanted, SAID), message


def test_each_is_there_once() -> None:
    """Between 25 and 50 of them: it is a page to search in."""
    assert len(set(QUOTED)) == len(QUOTED)
    assert 25 <= len(QUOTED) <= 50


def test_each_says_where_more_stands() -> None:
    """By a link."""
    assert [each for each in ENTRIES if "](" not in each] == []


def test_the_errors_it_names_exist() -> None:
    """As classes of ours."""
    named = set(re.findall(r"`(\w+Error)`", FAQ))

    assert [each for each in sorted(named) if f"class {each}(" not in SAID] == []


def test_the_words_that_users_meet_are_there() -> None:
    """At the beginning of a row."""
    words = {row[0].split(" (")[0] for part in PARTS for row in part}

    assert [each for each in WANTED.split() if each not in words] == []


def test_each_word_is_explained_and_leads_on() -> None:
    """In a sentence or two, and by a link; in the order of letters."""
    for rows in PARTS:
        body = [row for row in rows if row[0] not in ("word", "---")]
        words = [row[0] for row in body]
        assert words == sorted(words)
        for word, meaning, more in body:
            assert meaning.rstrip(")").endswith("."), word
            assert "](" in more, word
