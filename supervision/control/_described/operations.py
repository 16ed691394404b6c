"""Every endpoint: its parameters, its answer, what it refuses.

The table is written by hand, as only a person knows what a parameter is for; a test
asks each endpoint whether it takes these parameters and no others.
"""

from __future__ import annotations

from typing import Final

from supervision._view.limits import CHANGEABLE, AllLimitsShape
from supervision._view.shapes import (
    ActorDetailShape,
    ActorShape,
    ResultShape,
    SessionShape,
    SessionsShape,
    StackShape,
    StatisticsShape,
    TopShape,
)
from supervision._view.stored.shapes import (
    KeysShape,
    LocatedShape,
    NodesShape,
    OutcomeShape,
    RememberedShape,
    RemindersShape,
    StoresShape,
)

from .words import HealthShape, Operation, Parameter, ReadyShape, RootShape

_ROUTER: Final = Parameter("router", "path of a router; default: the only one, or all")
_KEY: Final = Parameter("key", "of a session, percent-encoded", needed=True)
_PATH: Final = Parameter("path", "of the actor, without its first /", needed=True)
_REASON: Final = Parameter("reason", "for the outcome")
_OF_KEY: Final = Parameter("key", "of a session", needed=True)


def _limit(what: str) -> Parameter:
    return Parameter("limit", f"{what} at most", "integer", default=100)


_NO_SESSION: Final = (404, "no router knows the key, or there is no such router")
_NO_ROUTER: Final = (404, "there is no such router")
_NO_ACTOR: Final = (404, "there is no such actor")
_SEVERAL: Final = (409, "several routers have the key: say router=")
_ELSEWHERE: Final = (409, "the key is another node's, which is named")
_NOT_NOW: Final = (409, "it cannot be done now, and why")
_OF_SESSIONS: Final = (_NO_SESSION, _SEVERAL, _ELSEWHERE)

_VERBS: Final = {
    "cancel": "Abort its turn, and nothing else.",
    "cancel_all": "Abort its turn, and take back what waits.",
    "reset": "The same, and forget its state: its next prompt begins anew.",
    "close": "The same, and forget the key.",
}

_LOOKING: Final = (
    Operation("GET", "/", "root", "The service, and a list of endpoints.", RootShape),
    Operation(
        "GET",
        "/openapi.json",
        "openapi",
        "All endpoints, for programs: OpenAPI 3.1.",
        "application/json",
    ),
    Operation(
        "GET", "/health", "health", "200 while the process answers.", HealthShape
    ),
    Operation(
        "GET",
        "/ready",
        "ready",
        "200 when it is ready, and its routers are nodes of their stores.",
        ReadyShape,
        refuses=((503, "it is not ready; the answer is the same, and says why"),),
    ),
    Operation(
        "GET",
        "/statistics",
        "statistics",
        "Everything that is counted.",
        StatisticsShape,
    ),
    Operation("GET", "/metrics", "metrics", "The same for Prometheus.", "text/plain"),
    Operation(
        "GET",
        "/tree",
        "tree",
        "Actors, and those below them.",
        ActorShape,
        (
            Parameter("path", "of the topmost", default="/"),
            Parameter("depth", "levels below it; default: all", "integer"),
            Parameter(
                "width", "children of one at most, the worst", "integer", default=20
            ),
        ),
        (_NO_ACTOR,),
    ),
    Operation(
        "GET",
        "/actors/{path}",
        "actor",
        "All about one actor.",
        ActorDetailShape,
        (_PATH,),
        (_NO_ACTOR,),
    ),
    Operation(
        "GET",
        "/top",
        "top",
        "One frame of `actors top`.",
        TopShape,
        (
            Parameter("rows", "actors at most", "integer", default=20),
            Parameter("sessions", "sessions at most", "integer", default=20),
        ),
    ),
    Operation(
        "GET",
        "/events",
        "events",
        "What happens, as it happens; as lines of JSON with "
        "`Accept: application/x-ndjson`.",
        "text/event-stream",
        (
            Parameter(
                "kind",
                "only events of this name; default: lives and sessions",
                many=True,
            ),
        ),
        ((503, "16 clients follow the events already"),),
    ),
    Operation(
        "GET",
        "/stack",
        "stack",
        "Where a session stands (`key`), or an actor (`path`): say one of them.",
        StackShape,
        (
            Parameter("key", "of a session"),
            Parameter("router", "path of its router"),
            Parameter("path", "of an actor"),
        ),
        (*_OF_SESSIONS, _NO_ACTOR),
    ),
)
_SESSIONS: Final = (
    Operation(
        "GET",
        "/sessions",
        "sessions",
        "A list of sessions.",
        SessionsShape,
        (
            _ROUTER,
            Parameter("phase", "only in this one, such as running"),
            Parameter("match", "only keys that contain it"),
            Parameter("order", "worst, key, age, idle or queued", default="worst"),
            _limit("sessions"),
        ),
        (_NO_ROUTER,),
    ),
    Operation(
        "GET",
        "/sessions/{key}",
        "session",
        "One session, also one that only a store has.",
        SessionShape,
        (_KEY, _ROUTER),
        _OF_SESSIONS,
    ),
    *(
        Operation(
            "POST",
            f"/sessions/{{key}}/{verb}",
            verb,
            says,
            ResultShape,
            (_KEY, _ROUTER, _REASON),
            _OF_SESSIONS,
        )
        for verb, says in _VERBS.items()
    ),
    Operation(
        "POST",
        "/sessions/{key}/release",
        "release",
        "Try a held key again.",
        ResultShape,
        (_KEY, _ROUTER),
        _OF_SESSIONS,
    ),
    Operation(
        "POST",
        "/sessions/{key}/passivate",
        "passivate",
        "Put a key away, and forget nothing: its session ends, if it is idle.",
        ResultShape,
        (_KEY, _ROUTER),
        (*_OF_SESSIONS, _NOT_NOW),
    ),
    Operation(
        "POST",
        "/turns/{id}/abort",
        "abort",
        "Abort one turn, by its id.",
        ResultShape,
        (
            Parameter("id", "of the turn", "integer", needed=True),
            _ROUTER,
            Parameter("hard", "cut it off, or ask it to end", "boolean", default=True),
            Parameter("hint", "why it is asked to end; not with hard"),
            _REASON,
        ),
        ((404, "no router has such a turn"), _NOT_NOW),
    ),
)
_STORES: Final = (
    Operation(
        "GET",
        "/keys",
        "keys",
        "A page of all keys of a router with a store, in their order.",
        KeysShape,
        (
            _ROUTER,
            Parameter("prefix", "only keys that begin with it"),
            Parameter("after", "behind this key: `after` of the page before"),
            Parameter(
                "held", "only those that cannot be read", "boolean", default=False
            ),
            _limit("keys"),
        ),
        (_NO_ROUTER, _NOT_NOW),
    ),
    Operation(
        "GET",
        "/outcome",
        "outcome",
        "A prompt, as a store has it.",
        OutcomeShape,
        (
            _OF_KEY,
            Parameter("id", "what the prompt was sent with", needed=True),
            _ROUTER,
        ),
        (_NO_SESSION, _SEVERAL, _NOT_NOW),
    ),
    Operation(
        "GET",
        "/read",
        "read",
        "What is remembered of a conversation: state and newest entries.",
        RememberedShape,
        (
            _OF_KEY,
            Parameter("newest", "entries at most", "integer", default=20),
            Parameter("before", "entries in front of this number: `before`", "integer"),
            _ROUTER,
        ),
        (_NO_SESSION, _SEVERAL, _NOT_NOW),
    ),
    Operation(
        "GET",
        "/reminders",
        "reminders",
        "Prompts that are to come at a time.",
        RemindersShape,
        (Parameter("key", "only of this session"), _ROUTER, _limit("reminders")),
        (_NO_SESSION, _NOT_NOW),
    ),
    Operation(
        "GET",
        "/stores",
        "stores",
        "What the stores of routers do, from memory.",
        StoresShape,
        (_ROUTER,),
        (_NO_ROUTER, _NOT_NOW),
    ),
    Operation(
        "POST",
        "/store/backup",
        "backup",
        "Copy a store while it is used; the answer comes when the copy is whole.",
        ResultShape,
        (
            Parameter("path", "absolute, of a file that is not there", needed=True),
            _ROUTER,
        ),
        (_NO_ROUTER, _NOT_NOW),
    ),
    Operation(
        "GET",
        "/nodes",
        "nodes",
        "The nodes that share the stores of routers.",
        NodesShape,
        (_ROUTER,),
        (_NO_ROUTER, _NOT_NOW),
    ),
    Operation(
        "GET",
        "/locate",
        "locate",
        "Which node owns a key, and where that is.",
        LocatedShape,
        (_OF_KEY, _ROUTER),
        (_NO_ROUTER, _NOT_NOW),
    ),
)
_DOING: Final = (
    Operation(
        "GET",
        "/limits",
        "limits",
        "The limits of routers.",
        AllLimitsShape,
        (_ROUTER,),
        (_NO_ROUTER,),
    ),
    Operation(
        "POST",
        "/limits",
        "configure",
        "Change some limits of one router, by their names.",
        ResultShape,
        (
            _ROUTER,
            *(
                Parameter(each, "a number, or none, as in `Limits`")
                for each in CHANGEABLE
            ),
        ),
        (_NO_ROUTER, _NOT_NOW),
    ),
    Operation(
        "POST",
        "/actors/{path}/stop",
        "stopActor",
        "Stop it, keep it stopped, and wait until it has ended.",
        ResultShape,
        (_PATH,),
        (_NO_ACTOR, _NOT_NOW),
    ),
    Operation(
        "POST",
        "/actors/{path}/restart",
        "restartActor",
        "Stop a supervisor's child, if it runs, and start it again.",
        ResultShape,
        (_PATH,),
        (_NO_ACTOR, _NOT_NOW),
    ),
    Operation(
        "POST",
        "/stop",
        "stop",
        "Drain and stop the service.",
        ResultShape,
        (
            Parameter(
                "within", "seconds that it may take; default: its budget", "number"
            ),
        ),
        (_NOT_NOW,),
    ),
)

OPERATIONS: Final = {
    "The service": _LOOKING,
    "Sessions and their turns": _SESSIONS,
    "Stores and nodes": _STORES,
    "Limits, actors, the end": _DOING,
}
"""`{part: its operations}`."""

ANYWHERE: Final = (
    (400, "a parameter that is not known, is given twice or has a wrong value"),
    (404, "no such path"),
    (405, "the method is not for this path"),
    (408, "the request did not come in time"),
    (413, "a body of more than 64 KiB"),
    (500, "a fault of the service; its log has it"),
    (505, "no version of HTTP that it speaks"),
)
"""What any endpoint may refuse with."""
