"""Chromium for the tests of pages; whoever imports this is skipped where there is none.

Needs the extra `browser`.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from examples.chat_page_picture import ARGS, CHROMIUM

try:
    from playwright.sync_api import Browser, Page, expect, sync_playwright
except ImportError:
    pytest.skip("playwright is not installed", allow_module_level=True)
if not Path(CHROMIUM).exists():
    pytest.skip(f"no Chromium at {CHROMIUM}", allow_module_level=True)

__all__ = ("Browser", "Page", "expect", "open_chromium")


@contextmanager
def open_chromium() -> Generator[Browser]:
    """A browser, for as many pages as one likes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()
