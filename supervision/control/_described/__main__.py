"""`python -m supervision.control._described docs/reference`: write both files there.

And the first of them where a service finds it that serves it.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path

from .markdown import http_page
from .openapi import openapi
from .operations import OPERATIONS


def pages() -> dict[str, str]:
    """Give `{file: its text}`."""
    document = openapi(OPERATIONS, metadata.version("trio-actors"))
    return {
        "openapi.json": json.dumps(document, indent=2) + "\n",
        "http.md": http_page(OPERATIONS),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
    served = Path(__file__).parents[1] / "_endpoints" / "openapi.json"
    served.write_text(pages()["openapi.json"], encoding="utf-8")
