"""A chat page: talk with a session, see its words arrive, steer it, stop it.

Run it with `actors run examples.chat_page:Tree`, at http://127.0.0.1:8000 (CHAT_PORT).

`Page` is an HTTP server in an actor: all it does are tasks of that actor, so it ends
when the actor does, and is started again when it crashes.  A prompt's way:

    browser -- talk --> Page -- send --> router --> Chat
    browser <-- show -- Room <------- post ---------'

An answer goes into the session's Room, which shows whoever looks what is there, and
then what comes.  So a browser that goes away aborts nothing, and a slow one holds up
nobody.  The router has a store (CHAT_STORE): after `kill -9` a session puts what it
remembers into its room, and browsers send again, with its id, what has no outcome.
"""

import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Never

import hypercorn.trio
import trio
from starlette import applications, responses, routing
from starlette.websockets import WebSocket

from actors import Actor, AnyRef, RefusedError
from examples.chat_session import Chat, Room, Rooms
from supervision import (
    ChildSpec,
    Limits,
    PromptKeptError,
    Router,
    Supervisor,
    find_child,
    router_ref,
)
from supervision.durable import SqliteStore

STORE: Callable[[], Any] = partial(SqliteStore, os.getenv("CHAT_STORE", "chat.db"))
PORT = int(os.getenv("CHAT_PORT", "8000"))  # 0: any that is free; the log says which
HTML = responses.HTMLResponse(Path(__file__).with_suffix(".html").read_bytes())


class Page(Actor[Never]):
    """The HTTP server."""

    def __init__(self, desk: AnyRef, rooms: Rooms) -> None:
        self.desk = desk
        self.rooms = rooms

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
        config.websocket_max_message_size = 37 + 4_000  # an id, a space, a text
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
        with suppress(RefusedError):  # the session puts into it what it remembers
            await self.router.ask_aside(name, "").outcome()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.show, browser)
            async for text in browser.iter_text():
                if text:
                    prompt, _, said = text.partition(" ")
                    self.start_soon(self.answer, name, room, prompt, said)
                else:  # nothing to say: stop
                    self.router.cancel(name, reason="stopped on the page")
            nursery.cancel_scope.cancel()

    async def answer(self, name: str, room: Room, prompt: str, text: str) -> None:
        """Send a prompt, and tell what becomes of it; sent again it is the same one."""
        if prompt in room.prompts:
            return
        room.prompts.add(prompt)
        room.post(prompt, said=text)
        try:
            receipt = self.router.send(name, text, id=prompt, origin=prompt)
            end: object = await receipt.outcome()
        except RefusedError as error:
            end = error
        except PromptKeptError:  # the next process goes on with it
            return
        room.post(prompt, outcome=type(end).__name__, why=str(end))


class Tree(Supervisor):
    """A router of conversations, and the page in front of it: stopped first."""

    def declare(self) -> list[ChildSpec[Any]]:
        """The router is there when the page is started."""
        rooms, limits = Rooms(), Limits(sessions=100)
        router = Router.spec(Chat, rooms, limits=limits, durable=STORE(), id="router")
        return [router, ChildSpec(Page, self.ref, rooms, id="page")]
