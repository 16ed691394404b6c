"""What the site makes of the pages: contents, captions, links, the reference.

Without Sphinx: text in, text out.  The site itself is built by `.ci/run`.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from docs._site import checking, docstrings, markdown, names
from tests.docs.pages import ROOT
from tests.extras import HAS_ACP

REFERENCE = ROOT / "docs" / "reference"


def test_an_index_has_what_it_lists_as_contents_in_order() -> None:
    """A heading is a caption; other links are none."""
    text = (
        "# Top\n\nSee [this](other.md).\n\n- [One](one.md): a, [two](two.md#end)\n"
        "- [again](one.md), [out](https://there/x.md), [up](../up.md)\n\n"
        "## More\n\n1. [three](deep/three.md)\n"
    )

    made = markdown.toctrees(text)

    assert made.startswith(text.rstrip("\n"))
    assert made.removeprefix(text.rstrip("\n")).strip() == (
        "```{toctree}\n:hidden:\n\none\ntwo\n```\n\n"
        "```{toctree}\n:hidden:\n:caption: More\n\ndeep/three\n```"
    )


def test_a_link_in_a_block_is_no_page_of_the_contents() -> None:
    """It is an example."""
    assert "toctree" not in markdown.toctrees("```text\n- [x](x.md)\n```\n")


def test_a_block_to_be_saved_has_the_name_of_its_file_as_caption() -> None:
    """Whatever other comments are there."""
    text = "<!-- file: chat.py -->\n<!-- virtual time -->\n```python\nx = 1\n```\n"

    assert markdown.captions(text) == (
        "<!-- file: chat.py -->\n<!-- virtual time -->\n"
        "```{code-block} python\n:caption: chat.py\n\nx = 1\n```\n"
    )


def test_another_block_has_no_caption() -> None:
    """It stays as it was."""
    text = "<!-- virtual time -->\n```python\nx = 1\n```\n"

    assert markdown.captions(text) == text


@pytest.mark.parametrize(
    ("link", "made"),
    [
        ("../actors/ref.py", "source:actors/ref.py"),
        ("../actors/", "source:actors"),
        ("../README.md#five-figures", "source:README.md#five-figures"),
        ("turns.md", "turns.md"),
        ("#here", "#here"),
        ("https://there/", "https://there/"),
        ("../no/such/file.py", "../no/such/file.py"),
        ("../../outside.py", "../../outside.py"),
    ],
)
def test_a_link_to_a_file_of_the_repository_is_marked(link: str, made: str) -> None:
    """Pages, anchors, the rest of the world and mistakes are not."""
    page = PurePosixPath("docs/page.md")

    assert markdown.links(f"[`x`]({link})", page, ROOT) == f"[`x`]({made})"


def test_a_link_in_a_block_is_not_touched() -> None:
    """Neither is code that looks like one."""
    text = "```python\nx = [f](../actors/ref.py)\n```\n"

    assert markdown.links(text, PurePosixPath("docs/page.md"), ROOT) == text


def test_a_page_without_a_heading_gets_its_name() -> None:
    """And one that has a heading keeps it."""
    page = PurePosixPath("docs/goals-3.11.md")

    assert markdown.titled("text\n", page) == "# Goals 3.11\n\ntext\n"
    assert markdown.titled("# Has one\n", page) == "# Has one\n"


def test_the_index_begins_like_the_readme() -> None:
    """From its first block to its first section, with links from the index's folder."""
    readme = (
        "# Name\n\nSentence.\n\n```text\nx\n```\n\n[a](docs/a.md)\n\n## More\n\nno\n"
    )

    made = markdown.beginning(f"Sentence.\n\n{markdown.BEGINNING}\n", readme, ROOT)

    assert made == "Sentence.\n\n```text\nx\n```\n\n[a](a.md)\n"


def test_a_list_of_names_becomes_what_they_say() -> None:
    """The rest of the page stays."""
    text = "# A\n\n<!-- names of m -->\n`x`, `y`,\n`z`\n\nEnd `e`.\n"

    made = markdown.names(text, lambda module, found: f"[{module}: {found}]\n")

    assert made == "# A\n\n[m: ['x', 'y', 'z']]\n\nEnd `e`.\n"


def test_a_docstring_is_restructured() -> None:
    """Names that are known are linked, sections are lists, examples are code."""
    lines = [
        "Send `Turn` to `nobody`, *args and name_.",
        "",
        "Args:",
        "    one, two: the first",
        "        and more.",
        "",
        "Raises:",
        "    TypeError, Known: no `x`.",
        "",
        "Example:",
        "    >>> f()",
        "    1",
    ]

    made = docstrings.restructured(lines, {"Turn", "Known"}.__contains__)

    assert [line for line in made if line] == [
        "Send :py:obj:`Turn <Turn>` to ``nobody``, \\*args and name\\_.",
        ":Args:",
        "   - ``one``, ``two``: the first and more.",
        ":Raises:",
        "   - ``TypeError``, :py:obj:`Known`: no ``x``.",
        ".. code-block:: pycon",
        "   >>> f()",
        "   1",
    ]


def modules() -> list[str]:
    """List the modules of the reference that can be imported here."""
    return [each for each in names.MODULES if HAS_ACP or each != "supervision.acp"]


@pytest.fixture(scope="module")
def listed() -> list[tuple[str, str]]:
    """Give `(module, name)` of all that the pages of the reference list."""
    return [
        found
        for page in sorted(REFERENCE.glob("*.md"))
        for found in markdown.listed(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("module", modules())
def test_the_reference_has_every_public_name(
    module: str, listed: list[tuple[str, str]]
) -> None:
    """What two modules offer is listed by one of them."""
    shown = {
        id(names.value_of(where, name))
        for where, name in listed
        if where in modules() and name in names.public(where)
    }

    assert [
        name
        for name in names.public(module)
        if id(names.value_of(module, name)) not in shown
    ] == []


def test_the_reference_lists_public_names_and_each_once(
    listed: list[tuple[str, str]],
) -> None:
    """So that a link has one place to go to."""
    wrong = [
        (module, name)
        for module, name in listed
        if module in modules() and name not in names.public(module)
    ]

    assert wrong == []
    assert sorted(listed) == sorted(set(listed))


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """A page, an anchor, a picture; not what leaves the site."""
    (tmp_path / "in").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="in/page.html#there">x</a> <a href="in/page.html#gone">x</a>'
        '<a href="gone.html">x</a> <img src="gone.svg"> <a href="source:x">x</a>'
        '<a href="https://example.org/gone">x</a> <a href="#">x</a>'
    )
    (tmp_path / "in" / "page.html").write_text(
        '<p id="there"><a href="../index.html">x</a> <a href="../../out.html">x</a>'
    )

    assert checking.broken(tmp_path) == [
        "in/page.html: ../../out.html",
        "index.html: in/page.html#gone",
        "index.html: gone.html",
        "index.html: gone.svg",
        "index.html: source:x",
    ]
