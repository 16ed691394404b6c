"""A chat page: talk with a session, see its words arrive, steer it, stop it.

Run it with `actors run examples.chat_page:Tree`, at http://127.0.0.1:8000 (CHAT_PORT).

`Page` is an HTTP server in an actor: all it does are tasks of that actor, so it ends
when the actor does, and is started again when it crashes.  A prompt's way:

    browser -- talk --> Page -- send --> router --> Chat
    browser <-- show -- Room <------ origin --------'

A prompt's origin is where its answer goes: into a Room, which shows whoever looks what
is there, and then what comes.  So a browser that goes away aborts nothing, and a slow
one holds up nobody.  In a drain answers go on; then the page and its sockets close.
"""

import json
import logging
import os
import socket
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any, Never, cast
from weakref import WeakValueDictionary

import hypercorn.trio
import trio
from starlette import applications, responses, routing
from starlette.websockets import WebSocket

import actors
from actors import Actor, AnyRef, RefusedError, Session, Turn
from supervision import ChildSpec, Limits, Router, Supervisor, find_child, router_ref

PORT = int(os.getenv("CHAT_PORT", "8000"))  # 0: any that is free; the log says which
HTML = responses.HTMLResponse(Path(__file__).with_suffix(".html").read_bytes())
SPEECH = """Say more while I speak, and I am steered at my next word. Press stop, and \
this turn ends, with all that it has started, and is forgotten. Reload the page, and \
nothing is lost. Open another session in a second tab: it does not wait for me."""


class Chat(Session[str, Never]):
    """One conversation; a model would stand where the words are."""

    initial_state = ()  # what was said to it, in turns that have completed
    prompts = actors.PromptPolicy(busy=actors.WhileBusy.STEER)  # sent meanwhile: steers

    async def take_turn(self, turn: Turn[str, Never]) -> None:
        """Answer one prompt, word by word; it may be steered before each."""
        self.post = cast("partial[None]", turn.receipts[0].origin)  # it keeps the room
        known = f"“{turn.prompt}” is number {len(turn.state) + 1} of what I remember."
        words = f"{known} {SPEECH}".split(" ")
        while words:
            await trio.sleep(0.06)
            for more in await turn.checkpoint():
                self.post(steered=more.prompt)
                words = f"“{more.prompt}”: all right, I go on from there.".split(" ")
            self.post(word=words.pop(0) + " ")
        turn.state = (*turn.state, turn.prompt)


class Room:
    """What is to be seen of a session: its latest events."""

    def __init__(self) -> None:
        self.events, self.total = deque[str](maxlen=2000), 0
        self.lookers = trio.lowlevel.ParkingLot()

    def post(self, prompt: int, **event: object) -> None:
        """Tell one more thing about a prompt."""
        self.events.append(json.dumps({"prompt": prompt, **event}))
        self.total += 1
        self.lookers.unpark_all()

    async def show(self, browser: WebSocket) -> None:
        """Tell a browser, at its own pace, what is there, and then what comes."""
        seen = 0
        while True:
            while seen == self.total:
                await self.lookers.park()
            new, seen = [*self.events][seen - self.total :], self.total
            await browser.send_text(f"[{','.join(new)}]")


class Page(Actor[Never]):
    """The HTTP server."""

    def __init__(self, desk: AnyRef) -> None:
        self.desk = desk
        self.rooms = WeakValueDictionary[str, Room]()  # kept by sessions and lookers

    async def started(self) -> None:
        """Listen; a port that is taken is a crash, and the supervisor says so."""
        self.router = router_ref(await find_child(self.desk, "router"), Chat)
        listener = socket.create_server(("127.0.0.1", PORT))
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # cut off who reads nothing for 3 s
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 3000)
        self.start_soon(self.serve, listener)

    def receive(self, message: Never) -> None:
        """Nobody tells it anything: it is asked over HTTP."""

    async def serve(self, listener: socket.socket) -> None:
        """Serve until the actor ends."""
        config, port = hypercorn.Config(), listener.getsockname()[1]
        config.server_names = [f"127.0.0.1:{port}", f"localhost:{port}"]
        config.websocket_max_message_size = 4_000
        config.errorlog = logging.getLogger("chat_page")
        config.bind = f"fd://{listener.detach()}"
        talk = routing.WebSocketRoute("/talk/{name:path}", self.talk)
        app: Any = applications.Starlette(routes=[routing.Route("/", HTML), talk])
        await hypercorn.trio.serve(app, config)  # pyright: ignore[reportUnknownMemberType]

    async def talk(self, browser: WebSocket) -> None:
        """Serve one browser: what happens goes out, what a person says comes in."""
        name, host = browser.path_params["name"], browser.headers["host"]
        if browser.headers.get("origin", f"http://{host}") != f"http://{host}":
            await browser.close()  # it shows the page of somebody else
            return
        room = self.rooms.setdefault(name, Room())
        await browser.accept()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.show, browser)
            async for text in browser.iter_text():
                if text:
                    self.start_soon(self.answer, name, room, text)
                else:  # nothing to say: stop
                    self.router.cancel(name, reason="stopped on the page")
            nursery.cancel_scope.cancel()

    async def answer(self, name: str, room: Room, text: str) -> None:
        """Send a prompt, and tell what becomes of it."""
        post = partial(room.post, room.total)
        post(said=text)
        try:
            end: object = await self.router.send(name, text, origin=post).outcome()
        except RefusedError as error:
            end = error
        post(outcome=type(end).__name__, why=str(end))


class Tree(Supervisor):
    """A router of conversations, and the page in front of it: stopped first."""

    def declare(self) -> list[ChildSpec[Any]]:
        """The router is there when the page is started."""
        router = ChildSpec(Router, Chat, (), Limits(sessions=100), id="router")
        return [router, ChildSpec(Page, self.ref, id="page")]
