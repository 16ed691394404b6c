"""The statistics as Prometheus reads them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from actors import open_system
from supervision._metrics.text import CONTENT_TYPE
from supervision.control._endpoints.metrics import metrics
from supervision.service import RouterShape, StatisticsShape, StoreShape, View
from tests.control.client import serving


def families(text: str) -> dict[str, Metric]:
    """Parse it, as the scraper does; a name that came twice is a mistake."""
    found: dict[str, Metric] = {}
    for family in text_string_to_metric_families(text):
        assert family.name not in found
        found[family.name] = family
    return found


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """`{values of the labels: value}` of one metric."""
    return {
        tuple(each.labels.values()): each.value
        for family in families(text).values()
        for each in family.samples
        if each.name == name
    }


async def statistics() -> StatisticsShape:
    """Of a system without anything in it."""
    async with open_system() as system:
        return View(system).statistics()


ROUTER = RouterShape(
    path="/router",
    alive=True,
    sessions=3,
    idle=1,
    turns_running=2,
    turns_waiting=4,
    slots=5,
    queued=6,
    answering=18,
    accepted=10,
    outcomes={"Completed": 7, "Lost": 1},
    refused={"SaturatedError": 2},
    repeated=8,
    opened=9,
    closed={"reaped": 1},
    suspended=11,
    given_up=17,
    chunks=12,
    unread=13,
    out_of_turn=14,
    wait_seconds=1.5,
    wait_longest=0.5,
    turn_seconds={"Completed": 2.5},
    turns={"Completed": 7},
    kept=19,
    store=StoreShape(
        path="/srv/chat.db",
        size=20,
        log=21,
        opened=22,
        age=23.5,
        unwritten=24,
        unwritten_bytes=25,
        batches=26,
        operations=27,
        seconds=28.5,
        held=29,
        down=30.5,
        why="Full: no space",
        node="a",
        partitions=31,
        following=32,
        sent_on=33,
        moved=34,
        fenced=35,
    ),
)


async def test_a_scrape_is_what_the_parser_expects(tmp_path: Path) -> None:
    """Counters and gauges with their help, and the same numbers as in the JSON."""
    async with serving(tmp_path) as served:
        for _ in range(3):
            await served.router.send("k", "hi").outcome()
        answer = await served.get("/metrics")
    text = answer.body.decode()

    assert answer.headers["content-type"] == CONTENT_TYPE
    assert text.endswith("\n")
    for family in families(text).values():
        assert family.type in {"counter", "gauge"}
        assert family.documentation.endswith(".")
        assert family.samples
    assert samples(text, "actors_prompts_accepted_total") == {("/router",): 3}
    assert samples(text, "actors_prompts_ended_total") == {("/router", "Completed"): 3}
    assert samples(text, "actors_service_state")["ready",] == 1
    assert sum(samples(text, "actors_service_state").values()) == 1


async def test_every_number_is_there() -> None:
    """One metric for each field of the shapes, none left out."""
    shape = await statistics()
    system: Any = shape["system"]
    for place, field in enumerate(system, 100):
        system[field] = place
    system["dead_letters"] = {"stopped": 99}
    shape["routers"] = [ROUTER]
    text = metrics(shape)
    found: list[Any] = list(families(text).values())
    values = [each.value for family in found for each in family.samples]
    router: dict[str, Any] = {**ROUTER}
    store: dict[str, Any] = {**router["store"], "path": 1, "why": 1, "node": 1}
    numbers = {**router, **system, "path": 1, "store": store}

    for field, value in numbers.items():
        split: Any = value if value.__class__ is dict else {"": value}
        wanted: list[Any] = list(split.values())
        assert [each for each in wanted if each not in values] == [], field
    assert samples(text, "actors_dead_letters_total") == {("stopped",): 99}


async def test_several_routers_are_told_apart() -> None:
    """By the label `router`; their samples stand together."""
    other: RouterShape = {**ROUTER, "path": "/other", "alive": False, "accepted": 1}
    text = metrics({**await statistics(), "routers": [ROUTER, other]})

    assert samples(text, "actors_router_up") == {("/router",): 1, ("/other",): 0}
    assert samples(text, "actors_prompts_accepted_total") == {
        ("/router",): 10,
        ("/other",): 1,
    }
    assert text.count("# TYPE actors_prompts_accepted_total") == 1


async def test_what_is_unknown_is_left_out() -> None:
    """Rather than 0: the platform may not tell."""
    shape = await statistics()
    shape["process"] = {"cpu": 1.0, "rss": None, "files": None}
    text = metrics(shape)

    assert "actors_process_resident_memory_bytes" not in text
    assert "actors_service_budget_left_seconds" not in text
    assert samples(text, "actors_process_cpu_seconds_total") == {(): 1.0}


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
async def test_numbers_that_are_none_are_spelt_as_prometheus_does(value: float) -> None:
    """Also those that JSON cannot have."""
    router: RouterShape = {**ROUTER, "wait_longest": value}
    text = metrics({**await statistics(), "routers": [router]})

    (found,) = samples(text, "actors_prompts_wait_longest_seconds").values()
    assert found == value or (math.isnan(found) and math.isnan(value))


@given(st.text(), st.text())
def test_labels_are_escaped(path: str, reason: str) -> None:
    """Whatever is in a path or a name, it is one value of one label."""
    router: RouterShape = {**ROUTER, "path": path, "closed": {reason: 1}}
    text = metrics({**EMPTY, "routers": [router]})

    ((found, why),) = samples(text, "actors_sessions_closed_total")
    replaced = [each.replace("\r", "\\r") for each in (path, reason)]
    assert [found, why] == [
        each.encode("utf-8", "replace").decode() for each in replaced
    ]


EMPTY: StatisticsShape = {
    "service": {
        "name": 'a "b" \\ \n c',
        "pid": 1,
        "state": "ready",
        "why": None,
        "uptime": 1.0,
        "budget": 25.0,
        "left": None,
        "socket": None,
        "python": "3.11",
        "version": "1",
    },
    "process": {"cpu": 1.0, "rss": 1, "files": 1},
    "system": {
        "actors": 0,
        "started": 0,
        "ended": 0,
        "restarts": 0,
        "crashes": 0,
        "handled": 0,
        "ready": 0,
        "workers": 0,
        "spare_workers": 0,
        "timers": 0,
        "late_replies": 0,
        "dead_letters": {},
    },
    "routers": [],
}


def test_the_name_of_the_service_is_a_label() -> None:
    """Beside the versions."""
    text = metrics(EMPTY)

    assert samples(text, "actors_service_info") == {
        ('a "b" \\ \n c', "1", "3.11"): 1,
    }
