# noqa: INP001 - Sphinx runs it
"""How Sphinx makes a site of these pages; `docs/_site` has what it cannot do itself.

    python -m sphinx -W --keep-going -b html docs build/site

from the root of a checkout, with the extra `docs` installed.
"""

from __future__ import annotations

import sys
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that `docs._site` is found

from docs._site import markdown, sources  # noqa: E402 - as said above

project = "trio-actors"
project_copyright = "2026 The trio-actors authors"
author = "The trio-actors authors"
html_title = "trio-actors"
html_theme = "furo"
pygments_dark_style = "github-dark"
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.linkcode",
    "sphinxcontrib_trio",
    "docs._site.putting_in",
]
exclude_patterns = ["_site"]

# Set it (`-D source_address=https://...`) to where the files of the repository are
# shown.  Else those that pages link to become pages of the site.
source_address = ""

myst_heading_anchors = 4
# Links that begin so are not taken for pages.
myst_url_schemes: dict[str, None] = {"http": None, "https": None, "source": None}

# The signature has types as the source says them; names, not where they are made.
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
# sphinxcontrib-trio, which marks what is to be awaited or entered, knows no other way.
autodoc_use_legacy_class_based = True
python_maximum_signature_line_length = 72
# The ends of lines in docstrings are no typography, and `--` is an option's.
smartquotes = False


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """Say where a name of the reference is made, for the link behind it."""
    if domain != "py" or not info["module"]:
        return None
    try:
        value = attrgetter(info["fullname"])(import_module(info["module"]))
    except AttributeError:  # a field of a class with slots
        return None
    place = sources.line_of(ROOT, value)
    return None if place is None else f"{markdown.SOURCE}{place}"
