"""The endpoints about stores: keys that may be nowhere else, prompts, copies, nodes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from supervision._view.view import View

from .request import parameters, part
from .words import answer, refusal


class StoreEndpoints:
    """What is asked of stores.

    Args:
        view: of the service.
    """

    def __init__(self, view: View) -> None:
        self._stores = view.stores
        self._nodes = view.nodes

    async def stores(self, request: Request) -> Response:
        """What each does."""
        asked = await parameters(request, "router")
        return answer(self._stores.list(asked.text("router")))

    async def nodes(self, request: Request) -> Response:
        """The nodes that share them."""
        asked = await parameters(request, "router")
        return answer(self._nodes.list(asked.text("router")))

    async def locate(self, request: Request) -> Response:
        """Where a key is."""
        asked = await parameters(request, "key", "router")
        key = asked.text("key")
        if key is None:
            return refusal(400, "say of which session: key=")
        return answer(self._nodes.locate(key, router=asked.text("router")))

    async def keys(self, request: Request) -> Response:
        """A page of keys."""
        asked = await parameters(request, "router", "prefix", "after", "held", "limit")
        found = await self._stores.keys(
            router=asked.text("router"),
            prefix=asked.text("prefix") or "",
            after=asked.text("after") or "",
            held=asked.flag("held", default=False),
            limit=asked.whole("limit", 100),
        )
        return answer(found)

    async def outcome(self, request: Request) -> Response:
        """A prompt."""
        asked = await parameters(request, "key", "id", "router")
        key, name = asked.text("key"), asked.text("id")
        if key is None or name is None:
            return refusal(400, "say whose prompt, and which: key= and id=")
        router = asked.text("router")
        return answer(await self._stores.outcome(key, name, router=router))

    async def read(self, request: Request) -> Response:
        """What is remembered of a conversation."""
        asked = await parameters(request, "key", "newest", "before", "router")
        key = asked.text("key")
        if key is None:
            return refusal(400, "say of which session: key=")
        found = await self._stores.read(
            key,
            newest=asked.whole("newest", 20),
            before=asked.whole_or_none("before"),
            router=asked.text("router"),
        )
        return answer(found)

    async def reminders(self, request: Request) -> Response:
        """Reminders, by due time."""
        asked = await parameters(request, "key", "router", "limit")
        found = await self._stores.reminders(
            key=asked.text("key"),
            router=asked.text("router"),
            limit=asked.whole("limit", 100),
        )
        return answer(found)

    async def release(self, request: Request) -> Response:
        """Try a held key again."""
        asked = await parameters(request, "router")
        key = part(request, "key")
        return answer(await self._stores.release(key, router=asked.text("router")))

    async def passivate(self, request: Request) -> Response:
        """Put a key away."""
        asked = await parameters(request, "router")
        key = part(request, "key")
        return answer(await self._stores.passivate(key, router=asked.text("router")))

    async def backup(self, request: Request) -> Response:
        """Copy a store."""
        asked = await parameters(request, "router", "path")
        path = asked.text("path")
        if path is None:
            return refusal(400, "say where to: path=, an absolute path")
        return answer(await self._stores.backup(path, router=asked.text("router")))
