"""The statistics in the text format that Prometheus scrapes, version 0.0.4.  Pure.

Every number of `StatisticsShape` is one metric, named here once: what only grows is a
counter and ends in `_total`, the rest are gauges.  All names begin with `actors_`, so
that none is another library's.  Labels are `router` (its path) and
what a count is split by; their values are strangers' text and escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from supervision._metrics.text import family
from supervision._view.shapes import RouterShape, StatisticsShape

STATES: Final = ("starting", "ready", "draining", "stopping", "ended")

# what it is in the shape, its metric and its help; `_total` makes a counter
_SYSTEM: Final = (
    ("actors", "actors_alive", "Actors that live now."),
    ("started", "actors_started_total", "Actors started."),
    ("ended", "actors_ended_total", "Actors that have ended for good."),
    ("restarts", "actors_restarts_total", "Restarts of actors."),
    ("crashes", "actors_crashes_total", "Crashes of actors."),
    ("handled", "actors_messages_handled_total", "Messages handled."),
    ("ready", "actors_ready", "Actors that have work and wait for their turn."),
    ("workers", "actors_workers", "Tasks that handle messages."),
    ("spare_workers", "actors_spare_workers", "Of these: without work."),
    ("timers", "actors_timers", "Timers that are armed."),
    ("late_replies", "actors_late_replies_total", "Replies whose asker had left."),
)
_ROUTER: Final = (
    ("sessions", "actors_sessions", "Sessions that the router knows."),
    ("idle", "actors_sessions_idle", "Of these: idle ones."),
    ("turns_running", "actors_turns_running", "Slots in use."),
    ("turns_waiting", "actors_turns_waiting", "Turns that wait for a slot."),
    ("slots", "actors_slots", "Turns that may run at once."),
    ("queued", "actors_prompts_queued", "Prompts that wait for a turn."),
    ("answering", "actors_prompts_answering", "Prompts whose turn runs."),
    ("accepted", "actors_prompts_accepted_total", "Prompts accepted."),
    ("repeated", "actors_prompts_repeated_total", "Prompts known by their id."),
    ("kept", "actors_prompts_kept_total", "Prompts left in a store for later."),
    ("opened", "actors_sessions_opened_total", "Sessions started."),
    (
        "suspended",
        "actors_sessions_suspended",
        "Keys that a session would resume with its token.",
    ),
    ("given_up", "actors_turns_given_up", "Turns given up whose code goes on."),
    ("chunks", "actors_chunks_total", "Chunks emitted."),
    ("unread", "actors_chunks_unread_total", "Chunks of turns without a reader."),
    ("out_of_turn", "actors_chunks_out_of_turn_total", "Chunks of no turn."),
    (
        "wait_seconds",
        "actors_prompts_wait_seconds_total",
        "Seconds that prompts waited for the first step of their turn, in sum.",
    ),
    ("wait_longest", "actors_prompts_wait_longest_seconds", "The longest wait."),
)
# of its store, if it has one
_STORE: Final = (
    ("size", "actors_store_size_bytes", "Bytes of the file of the store."),
    ("log", "actors_store_log_bytes", "Bytes of the log beside that file."),
    ("opened", "actors_store_opening", "Which opening of the store it is."),
    ("age", "actors_store_open_seconds", "Seconds since the store was opened."),
    ("unwritten", "actors_prompts_unwritten", "Prompts accepted and not stored."),
    ("unwritten_bytes", "actors_prompts_unwritten_bytes", "Bytes of these."),
    ("batches", "actors_store_batches_total", "Transactions of the store."),
    ("operations", "actors_store_operations_total", "What was done in them."),
    ("seconds", "actors_store_seconds_total", "Seconds that they took, in sum."),
    ("held", "actors_sessions_held", "Keys whose state cannot be read."),
    ("down", "actors_store_down_seconds", "Seconds without an answer, while it is so."),
)
# of its store, if nodes share it
_NODE: Final = (
    ("partitions", "actors_store_partitions", "Partitions that are this node's."),
    (
        "following",
        "actors_prompts_followed",
        "Prompts that other nodes run and somebody here waits for.",
    ),
    (
        "sent_on",
        "actors_prompts_sent_on_total",
        "Prompts stored here for other nodes.",
    ),
    (
        "moved",
        "actors_prompts_moved_total",
        "Prompts that were here and went on at another node.",
    ),
    (
        "fenced",
        "actors_turns_fenced_total",
        "Turns that did not count, as their keys were another node's by then.",
    ),
)
# as above, with the label that tells the parts of a count apart before the help
_SPLIT: Final = (
    (
        "outcomes",
        "actors_prompts_ended_total",
        "outcome",
        "Prompts that have their outcome.",
    ),
    ("refused", "actors_prompts_refused_total", "error", "Prompts refused."),
    ("closed", "actors_sessions_closed_total", "reason", "Sessions that have ended."),
    ("turns", "actors_turns_total", "outcome", "Turns that are over."),
    (
        "turn_seconds",
        "actors_turn_seconds_total",
        "outcome",
        "Seconds that turns took, in sum.",
    ),
)

_Sample = tuple[Mapping[str, str], float | None]


def metrics(shape: StatisticsShape) -> str:
    """The statistics as text for Prometheus."""
    lines: list[str] = []
    for name, text, samples in _all(shape):
        said = [("", labels, value) for labels, value in samples if value is not None]
        kind = "counter" if name.endswith("_total") else "gauge"
        lines += family(name, kind, text, said)
    return "\n".join(lines) + "\n"


def _all(shape: StatisticsShape) -> Iterable[tuple[str, str, Iterable[_Sample]]]:
    service, process, system = shape["service"], shape["process"], shape["system"]
    yield (
        "actors_service_info",
        "What runs; always 1.",
        [({key: service[key] for key in ("name", "version", "python")}, 1)],
    )
    yield (
        "actors_service_state",
        "1 for the state that the service is in, 0 for the others.",
        [({"state": state}, state == service["state"]) for state in STATES],
    )
    up = "Seconds since the service began."
    yield "actors_service_uptime_seconds", up, [({}, service["uptime"])]
    left = "Seconds that are left for drain and stop, while it stops."
    yield "actors_service_budget_left_seconds", left, [({}, service["left"])]
    yield (
        "actors_process_cpu_seconds_total",
        "Seconds of CPU, user and system.",
        [({}, process["cpu"])],
    )
    resident = "Bytes resident."
    yield "actors_process_resident_memory_bytes", resident, [({}, process["rss"])]
    yield "actors_process_open_fds", "Open file descriptors.", [({}, process["files"])]
    numbers: Any = system
    for field, name, text in _SYSTEM:
        yield name, text, [({}, numbers[field])]
    dead = [({"reason": why}, n) for why, n in system["dead_letters"].items()]
    yield "actors_dead_letters_total", "Messages that no actor handled.", dead
    routers = shape["routers"]
    yield (
        "actors_router_up",
        "1 if the router lives; 0 if it has ended or is being restarted.",
        _of_each(routers, lambda router: [({}, router["alive"])]),
    )
    for field, name, text in _ROUTER:
        yield name, text, _of_each(routers, _taken(field))
    stores = [each for each in routers if each["store"] is not None]
    yield (
        "actors_store_up",
        "1 while the store answers, 0 while it does not.",
        _of_each(stores, lambda router: [({}, router["store"]["down"] is None)]),
    )
    for field, name, text in _STORE:
        yield name, text, _of_each(stores, _stored(field))
    nodes = [each for each in stores if each["store"] and each["store"]["node"]]
    for field, name, text in _NODE:
        yield name, text, _of_each(nodes, _stored(field))
    for field, name, label, text in _SPLIT:
        yield name, text, _of_each(routers, _split(field, label))


def _of_each(
    routers: Iterable[RouterShape], samples: Callable[[Any], Iterable[_Sample]]
) -> Iterable[_Sample]:
    return [
        ({"router": router["path"], **labels}, value)
        for router in routers
        for labels, value in samples(router)
    ]


def _taken(field: str) -> Callable[[Any], Iterable[_Sample]]:
    return lambda router: [({}, router[field])]


def _stored(field: str) -> Callable[[Any], Iterable[_Sample]]:
    return lambda router: [({}, router["store"][field])]


def _split(field: str, label: str) -> Callable[[Any], Iterable[_Sample]]:
    return lambda router: [({label: key}, n) for key, n in router[field].items()]
