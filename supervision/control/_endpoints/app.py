"""`make_app`: the endpoints of the control socket.

Each reads what it was asked, has the `View` say or do it, and answers in JSON.  No
endpoint knows an actor or a router; what a `ViewError` says is the answer, with its
status.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any, Final

import trio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from supervision._metrics.text import CONTENT_TYPE
from supervision._view.errors import ViewError
from supervision._view.limits import CHANGEABLE
from supervision._view.view import View

from .audit import audited
from .gate import Gate
from .metrics import metrics
from .request import Parameters, parameters, part
from .stores import StoreEndpoints
from .stream import LINES, EventStream
from .words import answer, refusal, to_json

ENDPOINTS: Final = (
    "GET / the service, and this list",
    "GET /openapi.json the same list for programs: OpenAPI 3.1",
    "GET /health 200 while the process answers",
    "GET /ready 200 when it is ready, and its routers are nodes; else 503, and why",
    "GET /statistics everything that is counted",
    "GET /metrics the same for Prometheus",
    "GET /tree?path=&depth=&width= actors, those below them",
    "GET /actors/PATH all about one actor",
    "POST /actors/PATH/stop stop it, and wait until it has ended",
    "POST /actors/PATH/restart restart a supervisor's child",
    "GET /sessions?router=&phase=&match=&order=&limit= a list of sessions",
    "GET /sessions/KEY?router= one session",
    "GET /keys?router=&prefix=&after=&held=&limit= a page of keys, also stored ones",
    "GET /outcome?key=&id=&router= a prompt, as a store has it",
    "GET /read?key=&newest=&before=&router= a conversation: its state, newest entries",
    "GET /reminders?key=&router=&limit= prompts that are to come at a time",
    "GET /stores?router= the stores of routers",
    "GET /nodes?router= the nodes that share them",
    "GET /locate?key=&router= which node owns a key, and where that is",
    "POST /store/backup (router, path) copy a store while it is used",
    "POST /sessions/KEY/release (router) try a held key again",
    "POST /sessions/KEY/passivate (router) put it away, and forget nothing",
    "GET /stack?key=&router=&path= where a session, or an actor, stands",
    "POST /sessions/KEY/cancel (router, reason) abort its turn",
    "POST /sessions/KEY/cancel_all (router, reason) and take back what waits",
    "POST /sessions/KEY/reset (router, reason) and begin anew",
    "POST /sessions/KEY/close (router, reason) and forget it",
    "POST /turns/ID/abort (router, hard, hint, reason) abort a turn",
    "GET /limits?router= the limits of routers",
    "POST /limits (router, sessions, turns, idle, ...) change some, by their names",
    "GET /top?rows=&sessions= one frame of `actors top`",
    f"GET /events?kind=&kind= what happens, as Server-Sent Events or as {LINES}",
    "POST /stop (within) drain and stop the service",
)
"""What there is, in words."""

STREAMS: Final = 16
"""Event streams at once: a watcher must not take the place of who wants to stop it."""
AT_ONCE: Final = 256
"""Sessions that are encoded between two checkpoints."""


def make_app(view: View) -> Starlette:
    """Make the ASGI application that shows and does what a view can.

    It needs no lifespan and no threads, and reads one file, which describes it.

    Args:
        view: of the service.
    """
    here = _Endpoints(view)
    stores = StoreEndpoints(view)

    def get(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
        return Route(path, endpoint, methods=["GET"])

    def post(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
        verb = path.rpartition("/")[2]
        return Route(path, audited(verb, endpoint), methods=["POST"])

    app = Starlette(
        routes=[
            get("/", here.root),
            get("/openapi.json", here.openapi),
            get("/health", here.health),
            get("/ready", here.ready),
            get("/statistics", here.statistics),
            get("/metrics", here.metrics),
            get("/tree", here.tree),
            post("/actors/{path:path}/stop", here.stop_actor),
            post("/actors/{path:path}/restart", here.restart_actor),
            get("/actors/{path:path}", here.actor),
            get("/sessions", here.sessions),
            *(
                post(f"/sessions/{{key:path}}/{verb}", here.session_verb(verb))
                for verb in ("cancel", "cancel_all", "reset", "close")
            ),
            post("/sessions/{key:path}/release", stores.release),
            post("/sessions/{key:path}/passivate", stores.passivate),
            get("/sessions/{key:path}", here.session),
            get("/keys", stores.keys),
            get("/outcome", stores.outcome),
            get("/read", stores.read),
            get("/reminders", stores.reminders),
            get("/stores", stores.stores),
            get("/nodes", stores.nodes),
            get("/locate", stores.locate),
            post("/store/backup", stores.backup),
            post("/turns/{id}/abort", here.abort_turn),
            get("/stack", here.stack),
            get("/limits", here.limits),
            post("/limits", here.configure),
            get("/top", here.top),
            get("/events", here.events),
            post("/stop", here.stop),
        ],
        middleware=[Middleware(Gate)],
        exception_handlers={HTTPException: _refused, ViewError: _refused},
    )
    app.router.redirect_slashes = False
    return app


def make_metrics_app(view: View) -> Starlette:
    """Make the application for who scrapes and probes: it shows numbers, does nothing.

    Args:
        view: of the service.
    """
    here = _Endpoints(view)
    app = Starlette(
        routes=[
            Route("/metrics", here.metrics, methods=["GET"]),
            Route("/health", here.health, methods=["GET"]),
            Route("/ready", here.ready, methods=["GET"]),
        ],
        middleware=[Middleware(Gate)],
        exception_handlers={HTTPException: _no_such_number, ViewError: _refused},
    )
    app.router.redirect_slashes = False
    return app


@functools.cache
def _described() -> bytes:
    """The OpenAPI file of this version; it is read once."""
    here = resources.files("supervision.control._endpoints")
    return here.joinpath("openapi.json").read_bytes()


async def _no_such_number(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    del request
    text = "there are: GET /metrics, GET /health, GET /ready"
    return refusal(error.status_code, text)


class _Endpoints:
    """The endpoints of one view."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._streams: set[EventStream] = set()

    async def root(self, request: Request) -> Response:
        await parameters(request)
        return answer({**self._view.service(), "endpoints": ENDPOINTS})

    async def openapi(self, request: Request) -> Response:
        await parameters(request)
        return Response(_described(), media_type="application/json")

    async def health(self, request: Request) -> Response:
        await parameters(request)
        return answer({"healthy": True, "state": self._view.service()["state"]})

    async def ready(self, request: Request) -> Response:
        await parameters(request)
        service = self._view.service()
        state, why = service["state"], service["why"]
        if state == "ready":
            why = await self._view.nodes.unready()
        elif why is None:
            why = f"it is {state}"
        ready = state == "ready" and why is None
        said = {"ready": ready, "state": state, "why": why}
        return answer(said, 200 if ready else 503)

    async def statistics(self, request: Request) -> Response:
        await parameters(request)
        return answer(self._view.statistics())

    async def metrics(self, request: Request) -> Response:
        await parameters(request)
        text = metrics(self._view.statistics()) + self._view.series()
        return Response(text, media_type=CONTENT_TYPE)

    async def tree(self, request: Request) -> Response:
        asked = await parameters(request, "path", "depth", "width")
        found = await self._view.tree(
            asked.text("path") or "/",
            depth=asked.whole_or_none("depth"),
            width=asked.whole("width", 20),
        )
        try:
            return answer(found)
        except RecursionError:
            text = "this tree is too deep to be shown at once: ask for depth=100"
            return refusal(400, text)

    async def actor(self, request: Request) -> Response:
        await parameters(request)
        return answer(await self._view.actor("/" + part(request, "path")))

    async def stop_actor(self, request: Request) -> Response:
        await parameters(request)
        return answer(await self._view.stop_actor("/" + part(request, "path")))

    async def restart_actor(self, request: Request) -> Response:
        await parameters(request)
        return answer(await self._view.restart_actor("/" + part(request, "path")))

    async def sessions(self, request: Request) -> Response:
        names = ("router", "phase", "match", "order", "limit")
        asked = await parameters(request, *names)
        found = await self._view.sessions(
            router=asked.text("router"),
            phase=asked.text("phase"),
            match=asked.text("match"),
            order=asked.text("order") or "worst",
            limit=asked.whole("limit", 100),
        )
        return await _long(found)

    async def session(self, request: Request) -> Response:
        asked = await parameters(request, "router")
        key = part(request, "key")
        found = await self._view.any_session(key, router=asked.text("router"))
        return answer(found)

    async def stack(self, request: Request) -> Response:
        asked = await parameters(request, "key", "router", "path")
        key, path, router = (asked.text(each) for each in ("key", "path", "router"))
        if (key is None) == (path is None):
            text = "say whose stack: either key=, of a session, or path=, of an actor"
            return refusal(400, text)
        if key is not None:
            return answer(await self._view.any_session_stack(key, router=router))
        if router is not None:
            return refusal(400, "router= is for a session's key, not for a path")
        return answer(await self._view.actor_stack(path or "/"))

    async def limits(self, request: Request) -> Response:
        asked = await parameters(request, "router")
        return answer(self._view.limits(asked.text("router")))

    async def configure(self, request: Request) -> Response:
        asked = await parameters(request, "router", *CHANGEABLE)
        given = {name: asked.said(name) for name in CHANGEABLE}
        changes = {name: text for name, text in given.items() if text is not None}
        return answer(self._view.configure(changes, router=asked.text("router")))

    def session_verb(self, verb: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            asked = await parameters(request, "router", "reason")
            return answer(
                await self._view.any_session_verb(
                    part(request, "key"),
                    verb,
                    router=asked.text("router"),
                    reason=asked.text("reason"),
                )
            )

        return endpoint

    async def abort_turn(self, request: Request) -> Response:
        names = ("router", "hard", "hint", "reason")
        asked = await parameters(request, *names)
        turn = Parameters({"the turn": [part(request, "id")]}).whole("the turn", 0)
        return answer(
            self._view.abort_turn(
                turn,
                router=asked.text("router"),
                hard=asked.flag("hard", default=True),
                hint=asked.text("hint"),
                reason=asked.text("reason"),
            )
        )

    async def top(self, request: Request) -> Response:
        asked = await parameters(request, "rows", "sessions")
        rows, sessions = asked.whole("rows", 20), asked.whole("sessions", 20)
        return answer(await self._view.top(rows=rows, sessions=sessions))

    async def events(self, request: Request) -> Response:
        asked = await parameters(request, "kind", repeated=True)
        kinds = asked.texts("kind")
        lines = LINES in request.headers.get("accept", "")
        if len(self._streams) >= STREAMS:
            text = f"{STREAMS} clients follow the events already: end one of them"
            return refusal(503, text)
        facts = {"service": self._view.service()["name"], "kinds": kinds}
        return EventStream(
            lambda: self._view.subscribe(kinds), facts, self._streams, lines=lines
        )

    async def stop(self, request: Request) -> Response:
        asked = await parameters(request, "within")
        why = "the control socket"
        return answer(self._view.stop_service(why, within=asked.seconds("within")))


async def _long(found: Any) -> Response:
    """Answer with a long list of sessions, without holding up the others."""
    rows = found["sessions"]
    parts: list[bytes] = []
    for start in range(0, len(rows), AT_ONCE):
        parts.append(to_json(rows[start : start + AT_ONCE])[1:-1])
        await trio.lowlevel.checkpoint()
    rest = to_json({**found, "sessions": []})
    content = rest.replace(b"[]", b"[" + b",".join(parts) + b"]", 1) + b"\n"
    return Response(content, media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, ViewError):
        return refusal(error.status, str(error))
    assert isinstance(error, HTTPException)
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    if allowed:
        text = f"{request.method} is not for this path, only {allowed}"
        return refusal(error.status_code, text, {"allow": allowed})
    named = ", ".join(" ".join(each.split()[:2]) for each in ENDPOINTS)
    return refusal(error.status_code, f"there is no such path; there are: {named}")
