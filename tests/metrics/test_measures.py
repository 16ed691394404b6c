"""A service over TCP: its numbers, how turns are spread, and the user's own beside."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import pytest
import trio
from prometheus_client import REGISTRY as THEIRS
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from actors import Session, Turn
from supervision import (
    ChildSpec,
    ExitCode,
    Limits,
    Router,
    RouterRef,
    Service,
    Settings,
    Supervisor,
    find_child,
    router_ref,
    run,
    serve,
)
from supervision.metrics import Registry
from supervision.service import running
from supervision.service._terms.settings import address_in

pytest.importorskip("hypercorn", reason="metrics over TCP need the extra")


class Chat(Session[str, str]):
    """Fails on "fail"."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        if turn.prompt == "fail":
            raise ValueError(turn.prompt)


class Tree(Supervisor):
    """A router."""

    children = (ChildSpec(Router, Chat, (), Limits(turns=2), id="router"),)


@contextmanager
def taken_port() -> Generator[str]:
    """Where somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"127.0.0.1:{other.getsockname()[1]}"


@asynccontextmanager
async def serving(
    caplog: pytest.LogCaptureFixture, **options: Any
) -> AsyncGenerator[tuple[Service, RouterRef[str, str], int]]:
    """A service, its router, and the port of its metrics."""
    caplog.set_level("INFO")
    async with trio.open_nursery() as nursery:
        service: Service = await nursery.start(
            partial(serve, Tree, settings=Settings(**options))
        )
        assert service.tree is not None
        router = router_ref(await find_child(service.tree, "router"), Chat)
        await trio.testing.wait_all_tasks_blocked()
        ports = [r.__dict__["port"] for r in caplog.records if "port" in r.__dict__]
        yield service, router, ports[0] if ports else 0
        service.stop("enough")


async def get(host: str, port: int, path: str) -> tuple[int, str]:
    """Status and body."""
    async with await trio.open_tcp_stream(host, port) as stream:
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        await stream.send_all(request.encode())
        content = b"".join([part async for part in stream])
    head, _, body = content.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def read(text: str) -> dict[str, Any]:
    """`{name: family}`; a name that comes twice is a mistake."""
    found: dict[str, Any] = {}
    for family in text_string_to_metric_families(text):
        assert family.name not in found
        found[family.name] = family
    return found


def count(family: Any, **labels: str) -> float:
    """How many were observed."""
    (found,) = [
        each.value
        for each in family.samples
        if each.name.endswith("_count") and labels.items() <= each.labels.items()
    ]
    return float(found)


async def test_prometheus_scrapes_it_over_tcp(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Turns and waits as histograms, the user's own and another library's beside."""
    registry = Registry()
    registry.counter("chat_words_total", "Words.").inc(7)
    registry.add(lambda: generate_latest(THEIRS))
    options: dict[str, Any] = {"metrics": "127.0.0.1:0", "registry": registry}
    async with serving(caplog, **options) as (_, router, port):
        for prompt in ("x", "y", "fail"):
            await router.send("k", prompt).outcome()
        status, text = await get("127.0.0.1", port, "/metrics")
        health, _ = await get("127.0.0.1", port, "/health")
        ready, _ = await get("127.0.0.1", port, "/ready")
        other, words = await get("127.0.0.1", port, "/tree")

    found = read(text)
    turns = found["actors_turn_duration_seconds"]
    waits = found["actors_prompt_wait_seconds"]
    assert (status, health, ready, other) == (200, 200, 200, 404)
    assert "GET /metrics" in words
    assert turns.type == waits.type == "histogram"
    assert count(turns, router="/Tree/router", outcome="Completed") == 2
    assert count(turns, outcome="Failed") == 1
    assert count(waits, router="/Tree/router") == 3
    assert found["chat_words"].samples[0].value == 7
    assert "process_cpu_seconds" in found or "python_info" in found
    assert "actors_process_cpu_seconds" in found


async def test_nothing_is_measured_when_it_is_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody listens to events, so no event is made."""
    async with serving(caplog) as (service, router, port):
        await router.send("k", "x").outcome()

        assert port == 0
        assert service.system._hub.events.wanted == frozenset()
        assert "actors_turn_duration" not in service.view.series()


def leave_it(settings: Settings) -> None:
    """The log of the tests stays as it is."""
    del settings


async def test_a_port_that_is_taken_is_a_start_that_fails() -> None:
    """Before anything has been started."""
    with (
        taken_port() as where,
        pytest.raises(OSError, match=f"metrics cannot be served at {where}"),
    ):
        await serve(Tree, settings=Settings(metrics=where))


def test_a_port_that_is_taken_is_the_status_of_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the main thread, as signals are heard by then."""
    monkeypatch.setattr(running, "configure_logging", leave_it)
    before = signal.getsignal(signal.SIGTERM)
    with taken_port() as where:
        assert run(Tree, settings=Settings(metrics=where)) == ExitCode.SOCKET
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
async def test_an_address_of_ipv6_has_brackets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As in a URL."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 here")
    async with serving(caplog, metrics="[::1]:0") as (_, _, port):
        status, _ = await get("::1", port, "/metrics")
    assert status == 200
    assert f"http://[::1]:{port}/metrics" in caplog.text


@pytest.mark.parametrize(
    ("text", "address"),
    [("localhost:80", ("localhost", 80)), ("[::1]:0", ("::1", 0))],
)
def test_an_address_is_host_and_port(text: str, address: tuple[str, int]) -> None:
    """The last colon divides them."""
    assert address_in(text) == address


@pytest.mark.parametrize(
    "text", ["", "9464", ":9464", "localhost", "a:b", "::1:80", "[]:80", "a:99999"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Where it is written."""
    with pytest.raises(ValueError, match="HOST:PORT"):
        Settings(metrics=text)
