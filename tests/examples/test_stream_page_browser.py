"""Answers as server-sent events in a real browser: `EventSource`, cut off, come back.

The application is that of `docs/streams.md`, served on the loopback; between it and the
browser stands a relay, which cuts connections when the test says so.  Words come when
the test lets them.  The page of `docs/how-to/server-sent-events.md` is there too.
Needs the extra `browser` and Chromium.
"""

from __future__ import annotations

import queue
import re
import socket
import struct
import threading
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import hypercorn.trio
import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from actors import Aborted, Completed, Replay, Session, Turn, open_system
from examples.chat_page_picture import LIMIT
from supervision import RouterRef, start_router
from supervision.http import TurnResponse, last_event_id

from .browser import Browser, Page, expect, open_chromium

WORDS = ["once", "upon", "a", "time", "there", "was", "a", "fox", "who", "read"]
RETRY = 0.05  # seconds after which the browser comes back
RESET = struct.pack("ii", 1, 0)  # linger for no time: the other side gets a reset

PAGE = """<!doctype html><link rel=icon href=data:,>
<ol id=chunks></ol><p id=state></p>
<script>
const asked = new URLSearchParams(location.search)
const show = text => { document.getElementById("state").textContent = text }
const source = new EventSource(asked.get("from"))
source.onmessage = event => {
  const item = document.createElement("li")
  item.textContent = `${event.lastEventId} ${JSON.parse(event.data)}`
  document.getElementById("chunks").append(item)
}
source.onerror = () => {
  if (source.readyState === EventSource.CLOSED) show("told to stop")
}
source.addEventListener("end", event => {
  if (asked.has("stays")) return
  source.close()
  show(JSON.parse(event.data).outcome)
})
</script>
"""

TEXT = Path(__file__).parents[2] / "docs" / "how-to" / "server-sent-events.md"
(GUIDE,) = re.findall(
    r'HTMLResponse\("""(.*?)"""\)', TEXT.read_text("utf-8"), re.DOTALL
)


class Story(Session[str, str]):
    """Says a word when it may; crashes at "crash", unless it is tried again."""

    def __init__(self, word: trio.Semaphore) -> None:
        self.word = word

    async def take_turn(self, turn: Turn[str, str]) -> None:
        for word in turn.prompt.split():
            await self.word.acquire()
            if word != "crash":
                await turn.emit(word)
            elif turn.attempt == 1:
                self.start_soon(self.crash)
                await trio.sleep_forever()

    async def crash(self) -> None:
        """End the session, not only its turn."""
        await trio.lowlevel.checkpoint()
        raise OSError


@attrs.define(eq=False)
class Relay:
    """Carries bytes between the browser and the server, until it is cut."""

    port: int
    scopes: set[trio.CancelScope] = attrs.Factory(set[trio.CancelScope])
    hard: bool = False

    async def carry(self, browser: trio.SocketStream) -> None:
        """One connection."""
        server = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with browser, server:
            with trio.CancelScope() as scope:
                self.scopes.add(scope)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._pump, server, browser, scope)
                    await self._pump(browser, server, scope)
            self.scopes.discard(scope)
            if self.hard:
                for end in (browser, server):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    async def _pump(
        self, source: trio.SocketStream, to: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        try:
            async for data in source:
                await to.send_all(data)
        except trio.BrokenResourceError:
            pass
        scope.cancel()

    def cut(self, *, hard: bool) -> None:
        """End all connections: at once, or in order."""
        self.hard = hard
        for scope in self.scopes:
            scope.cancel()


@attrs.define(eq=False)
class Stage:
    """A served story, and what may happen to it."""

    url: str
    router: RouterRef[str, str]
    relay: Relay
    word: trio.Semaphore
    asked: list[tuple[str, str]]  # path and Last-Event-ID of each request
    token: trio.lowlevel.TrioToken
    over: trio.CancelScope

    def run(self, sync_fn: Callable[[], Any]) -> Any:
        """Call a function in the service's thread."""
        return trio.from_thread.run_sync(sync_fn, trio_token=self.token)

    def wait(self, async_fn: Callable[[], Any]) -> Any:
        """Wait for something there."""

        async def bounded() -> Any:
            with trio.fail_after(LIMIT):
                return await async_fn()

        return trio.from_thread.run(bounded, trio_token=self.token)

    def words(self, count: int) -> None:
        """Let so many words be said."""
        self.run(lambda: [self.word.release() for _ in range(count)])

    def send(self) -> Any:
        """A prompt that nobody reads yet."""
        text = " ".join(WORDS)
        return self.run(lambda: self.router.send("ann", text, stream=Replay()))

    def cut(self, *, hard: bool = True) -> None:
        """Cut all connections."""
        self.run(lambda: self.relay.cut(hard=hard))

    def wait_until(self, fact: Callable[[], bool]) -> None:
        """Wait until something is so."""

        async def look() -> None:
            while not fact():  # noqa: ASYNC110 - nobody tells
                await trio.sleep(0.01)

        self.wait(look)

    def wait_readers(self, count: int) -> None:
        """Wait until the turn has so many."""

        def has_them() -> bool:
            found = self.router.inspect("ann")
            return found is not None and found.readers == count

        self.wait_until(has_them)


def make_app(
    router: RouterRef[str, str], asked: list[tuple[str, str]]
) -> Callable[..., Any]:
    """The application, and the page."""

    async def page(request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        return HTMLResponse(GUIDE if request.url.path == "/guide" else PAGE)

    async def talk(request: Request) -> Response:
        key, name = request.path_params["key"], request.path_params["id"]
        if request.method == "GET":
            turn = router.reopen_turn(key, name, after=last_event_id(request))
            return TurnResponse(turn, retry=RETRY)
        text = (await request.body()).decode()
        router.send(key, text, id=name, stream=Replay(), attempts=2)
        return Response(status_code=202)

    async def listen(request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        asked.append((request.url.path, request.headers.get("last-event-id", "")))
        key, number = request.path_params["key"], request.path_params["id"]
        turn = router.reopen_turn(key, number, after=last_event_id(request))
        return TurnResponse(turn, retry=RETRY)

    async def ask(request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        key = request.path_params["key"]
        turn = router.open_turn(key, " ".join(WORDS), id="mine")
        return TurnResponse(turn, retry=RETRY)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/guide", page),
            Route("/talk/{key}/{id:int}", listen),
            Route("/ask/{key}", ask),
            Route("/talk/{key}/{id}", talk, methods=["GET", "PUT"]),
        ]
    )


async def serve(ready: queue.SimpleQueue[Stage | BaseException]) -> None:
    """Serve it, until the stage is over."""
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(listener.getsockname()[1])
    config = hypercorn.Config()
    config.bind, config.errorlog = [f"fd://{listener.detach()}"], None
    word, asked = trio.Semaphore(0), list[tuple[str, str]]()
    async with open_system() as system, trio.open_nursery() as nursery:
        router = start_router(system, Story, word, name="router")
        app: Any = make_app(router, asked)
        run: Any = vars(hypercorn.trio)["serve"]  # its type is partly unknown
        await nursery.start(run, app, config)
        listeners: list[trio.SocketListener] = await nursery.start(
            partial(trio.serve_tcp, relay.carry, 0, host="127.0.0.1")
        )
        url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        token, over = trio.lowlevel.current_trio_token(), nursery.cancel_scope
        ready.put(Stage(url, router, relay, word, asked, token, over))


@pytest.fixture
def stage() -> Generator[Stage]:
    """The story, served in a thread."""
    ready: queue.SimpleQueue[Stage | BaseException] = queue.SimpleQueue()

    def thread() -> None:
        try:
            trio.run(serve, ready)
        except BaseException as error:  # noqa: ASYNC103, BLE001 - raised in the other
            ready.put(error)

    player = threading.Thread(target=thread)
    player.start()
    found = ready.get(timeout=LIMIT)
    if isinstance(found, BaseException):
        raise found
    yield found
    found.run(found.over.cancel)
    player.join(LIMIT)
    assert ready.empty()


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    """One for all tests; each has its own profile."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Generator[Page]:
    """A page of a profile of its own."""
    context = chromium.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def lines(count: int) -> list[str]:
    """What the page shows after so many chunks: each number and word once."""
    return [f"{number} {word}" for number, word in enumerate(WORDS[:count], 1)]


@pytest.mark.parametrize("hard", [True, False])
def test_it_comes_back_by_itself(page: Page, stage: Stage, *, hard: bool) -> None:
    """With the number of what it had last; what was said meanwhile is there."""
    chunks, path = page.locator("li"), f"/talk/ann/{stage.send().id}"

    page.goto(f"{stage.url}/?from={path}")
    stage.words(3)
    expect(chunks).to_have_text(lines(3))
    stage.cut(hard=hard)
    stage.words(2)
    expect(chunks).to_have_text(lines(5))
    stage.words(len(WORDS))

    expect(chunks).to_have_text(lines(len(WORDS)))
    expect(page.locator("#state")).to_have_text("Completed")
    assert stage.asked == [(path, ""), (path, "3")]


def test_nothing_is_lost_or_doubled_however_often_it_is_cut(
    page: Page, stage: Stage
) -> None:
    """Also in the middle of what is on its way: each chunk is there once, in order."""
    chunks, path = page.locator("li"), f"/talk/ann/{stage.send().id}"

    page.goto(f"{stage.url}/?from={path}")
    for count in range(len(WORDS)):
        stage.wait_until(lambda: len(stage.asked) > count)  # noqa: B023 - called now
        stage.words(1)
        stage.cut(hard=bool(count % 2))  # it may have it by now, or not

    expect(page.locator("#state")).to_have_text("Completed")
    expect(chunks).to_have_text(lines(len(WORDS)))
    last = [int(number or 0) for _, number in stage.asked]
    assert last == sorted(last)
    assert len(last) in (len(WORDS), len(WORDS) + 1)


@pytest.mark.parametrize("way", ["leaves", "closes"])
def test_a_page_that_goes_has_left(page: Page, stage: Stage, way: str) -> None:
    """It reads no more; the answer goes on, and is there for who comes later."""
    receipt = stage.send()
    address = f"{stage.url}/?from=/talk/ann/{receipt.id}"
    page.goto(address)
    stage.words(2)
    expect(page.locator("li")).to_have_text(lines(2))
    stage.wait_readers(1)
    other = page.context.new_page()

    if way == "leaves":
        page.goto("about:blank")
    else:
        page.close()
    stage.wait_readers(0)
    stage.words(len(WORDS))

    assert isinstance(stage.wait(receipt.outcome), Completed)
    other.goto(address)
    expect(other.locator("li")).to_have_text(lines(len(WORDS)))


def test_a_page_that_owns_its_turn_ends_it_by_going(page: Page, stage: Stage) -> None:
    """By `open_turn`, whose reader is its owner."""
    page.goto(f"{stage.url}/?from=/ask/ann")
    stage.words(2)
    expect(page.locator("li")).to_have_text(lines(2))
    receipt = stage.run(lambda: stage.router.send("ann", "", id="mine"))  # that one

    page.goto("about:blank")

    assert isinstance(stage.wait(receipt.outcome), Aborted)


def test_who_comes_back_after_the_end_is_told_to_stop(page: Page, stage: Stage) -> None:
    """A page that does not close its source gets 204, and does not ask again."""
    path = f"/talk/ann/{stage.send().id}"
    stage.words(len(WORDS))

    page.goto(f"{stage.url}/?stays&from={path}")

    expect(page.locator("#state")).to_have_text("told to stop")
    expect(page.locator("li")).to_have_text(lines(len(WORDS)))
    page.wait_for_timeout(RETRY * 4000)
    assert stage.asked == [(path, ""), (path, "end")]


def test_a_refusal_is_not_asked_again(page: Page, stage: Stage) -> None:
    """It has its status before a stream begins, so the browser gives up."""
    page.goto(f"{stage.url}/?from=/talk/ann/77")

    expect(page.locator("#state")).to_have_text("told to stop")
    page.wait_for_timeout(RETRY * 4000)
    assert stage.asked == [("/talk/ann/77", "")]


def test_the_page_of_the_guide_shows_a_second_try_once(
    page: Page, stage: Stage
) -> None:
    """What it had shown of the first one does not count: it is told `restart`."""
    shown, state = page.locator("p"), page.locator("small")

    page.goto(f"{stage.url}/guide")
    page.locator("input").fill("once upon crash a")
    page.locator("button").click()
    stage.words(2)
    expect(shown).to_have_text("once upon")
    stage.words(2)
    expect(shown).to_have_text("once")
    stage.words(3)

    expect(state).to_have_text("Completed")
    expect(shown).to_have_text("once upon a")
