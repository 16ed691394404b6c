"""Take the pictures of the chat page: `python -m examples.chat_page_picture [FOLDER]`.

They are `chat_page.png` and `chat_page_dark.png`, by default in `docs/pictures`.  It
needs the extra `browser`, and Chromium at CHROMIUM.  The page is served in a thread, on
a clock that stands still, so the pictures are the same each time; so do the tests.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import attrs
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from examples import chat_page
from supervision.durable import MemoryStore
from supervision.service import Service, serve

CHROMIUM = os.getenv("CHROMIUM", "/usr/bin/chromium")
ARGS = ["--no-sandbox"]  # it looks at nothing but our own page
NAMES = ("quiet-heron", "clever-lynx", "amber-otter")
PACE = 0.06  # seconds for a word
LIMIT = 100  # seconds of real time; then something is wrong


@attrs.frozen
class Stage:
    """A served page, and the clock that it is played on."""

    url: str
    service: Service
    clock: MockClock
    token: trio.lowlevel.TrioToken
    player: threading.Thread

    def run(self, sync_fn: Callable[[], object]) -> None:
        """Call a function in the service's thread."""
        trio.from_thread.run_sync(sync_fn, trio_token=self.token)

    def words(self, count: int = 1) -> None:
        """Let each session that answers say so many words more."""

        async def go_on() -> None:
            for _ in range(count):
                await wait_all_tasks_blocked()
                self.clock.jump(PACE)
            await wait_all_tasks_blocked()

        trio.from_thread.run(go_on, trio_token=self.token)


class Address(logging.Handler):
    """Reads in the log where the page is."""

    def __init__(self) -> None:
        super().__init__()
        self.found: queue.SimpleQueue[str] = queue.SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        """Take `http://...` out of `Running on http://... (CTRL + C to quit)`."""
        self.found.put(record.getMessage().split()[2])


@contextmanager
def play(port: int = 0, store: MemoryStore | None = None) -> Generator[Stage]:
    """Serve the page, by default at a free port; leaving the block stops it at once."""
    kept = store or MemoryStore()  # a file has a thread, which knows no such clock
    address, clock = Address(), MockClock()
    ready: queue.SimpleQueue[Stage | BaseException] = queue.SimpleQueue()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            service: Service = await nursery.start(serve, chat_page.Tree)
            await wait_all_tasks_blocked()
            token, url = trio.lowlevel.current_trio_token(), address.found.get_nowait()
            ready.put(Stage(url, service, clock, token, player))

    def thread() -> None:
        try:
            trio.run(main, clock=clock)
        except BaseException as error:  # noqa: ASYNC103, BLE001 - raised in the other
            ready.put(error)

    log, usual = logging.getLogger("chat_page"), (chat_page.PORT, chat_page.STORE)
    log.addHandler(address)
    log.setLevel(logging.INFO)
    chat_page.PORT, chat_page.STORE = port, lambda: kept
    player = threading.Thread(target=thread)
    player.start()
    try:
        stage = ready.get(timeout=LIMIT)
        if isinstance(stage, BaseException):
            raise stage
        try:
            yield stage
        finally:
            if player.is_alive():
                stage.run(lambda: stage.service.stop_now("played"))
    finally:
        player.join(LIMIT)
        chat_page.PORT, chat_page.STORE = usual
        log.removeHandler(address)


def main(folder: Path) -> None:
    """Play a conversation, and take its pictures."""
    from playwright.sync_api import Page, sync_playwright  # noqa: PLC0415 - an extra

    def say(tab: Page, text: str, words: int) -> None:
        tab.fill("textarea", text)
        tab.keyboard.press("Enter")
        tab.get_by_text(text, exact=True).wait_for()
        stage.words(words)

    with play() as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        context = browser.new_context(
            viewport={"width": 1120, "height": 720},
            device_scale_factor=2,
            reduced_motion="reduce",
        )
        tabs = {name: context.new_page() for name in NAMES}
        for name, tab in tabs.items():
            tab.goto(f"{stage.url}/#{name}")
            tab.wait_for_selector(".welcome")
        _, other, tab = tabs.values()
        say(tab, "Hello! What can I do with you?", 80)
        say(other, "And you, at the same time?", 0)
        say(tab, "Tell me about your router, in all detail.", 30)
        say(tab, "shorter, please", 7)
        tab.locator(".answer", has_text="I go on").wait_for()
        tab.locator("nav .busy").nth(1).wait_for()
        folder.mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=folder / "chat_page.png")
        tab.emulate_media(color_scheme="dark")
        tab.screenshot(path=folder / "chat_page_dark.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "docs/pictures"))
