"""A service whose router shares its store, asked through a real socket.

The other node is in another system of the same process; time is virtual.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import trio
from trio.testing import MockClock

from actors import Aborted, ActorSystem, Session, Turn, Withdrawn, open_system
from supervision import RouterRef, start_router
from supervision.durable import MemoryServer, MemoryStore, SharingPolicy
from supervision.service import View
from tests.control.client import Served, serving

TTL = 10.0
POLICY = SharingPolicy(ttl=TTL)


class Notes(Session[str, str, tuple[str, ...]]):
    """Keeps what it was told; "hang" does not end."""

    initial_state: ClassVar[tuple[str, ...]] = ()

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> str:
        if turn.prompt == "hang":
            await trio.sleep_forever()
        turn.state = (*turn.state, turn.prompt)
        return turn.prompt.upper()

    async def answer_aside(self, turn: Turn[str, str, tuple[str, ...]]) -> str:
        return turn.prompt


@attrs.define(eq=False)
class Pair:
    """A service on node "a", and another node, "b"."""

    served: Served
    server: MemoryServer
    here: RouterRef[str, str]
    store: MemoryStore
    there: RouterRef[str, str]
    store_there: MemoryStore
    system_there: ActorSystem
    gone: trio.CancelScope

    async def key_of(self, node: str, nth: int = 0) -> str:
        """Give a key of this node."""
        found: list[str] = []
        for key in map(str, range(200)):
            located = await self.here.locate(key)
            if located is not None and located.node == node:
                found.append(key)
        return found[nth]


@asynccontextmanager
async def pair(folder: Path) -> AsyncGenerator[Pair]:
    """Have both, each with half of the keys."""
    server = MemoryServer(partitions=8, sharing=POLICY)
    with trio.fail_after(1000):
        async with serving(folder) as served, open_system() as other:
            store = server.node("a", address="http://a.local", release=3)
            here = start_router(served.system, Notes, durable=store, name="notes")
            there_store = server.node("b", address="http://b.local", release=3)
            there = start_router(other, Notes, durable=there_store, name="notes")
            with trio.CancelScope() as gone:
                made = Pair(
                    served, server, here, store, there, there_store, other, gone
                )
                while not _settled(server, here):  # noqa: ASYNC110 - nobody tells
                    await trio.sleep(1)
                yield made


def _settled(server: MemoryServer, here: RouterRef[str, str]) -> bool:
    owners = list(server.owners().values())
    seen = {each.node: each.partitions for each in here.nodes()}
    return owners.count("a") == owners.count("b") == 4 == seen.get("b") == seen["a"]


async def test_a_key_is_put_away_and_read_wherever_it_is(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """By the owner; the answer says which node it was."""
    del autojump_clock  # time is virtual
    async with pair(tmp_path) as both:
        served = both.served
        key = await both.key_of("b")
        await (await both.here.accept(key, "milk")).outcome()
        there = (await served.get(f"/read?key={key}")).json
        away = (await served.post(f"/sessions/{key}/passivate")).json
        again = await served.post(f"/sessions/{key}/passivate")
        await (await both.here.accept(key, "hang")).durable()
        await trio.sleep(5)
        busy = await served.post(f"/sessions/{key}/passivate")

    assert (there["phase"], there["node"], there["live"]) == ("elsewhere", "b", False)
    assert json.loads(there["state"]) == ["milk"]
    assert away["node"] == "b"
    assert away["done"].startswith(f"passivate {key!r} on node b: it has no session")
    assert again.status == 200
    assert (busy.status, busy.error) == (
        409,
        f"session {key!r} is left as it is: running",
    )


async def test_the_nodes_are_listed(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Their names, where they are, what they own; and where a key is."""
    del autojump_clock  # time is virtual
    async with pair(tmp_path) as both:
        get = both.served.get
        found = (await get("/nodes")).json["routers"]
        named = (await get("/nodes?router=/notes")).json["routers"]
        key = await both.key_of("b")
        there = (await get(f"/locate?key={key}")).json
        here = (await get(f"/locate?key={await both.key_of('a')}&router=/notes")).json
        half = await get("/locate")
        plain = [
            await get("/nodes?router=/router"),
            await get("/locate?key=1&router=/router"),
        ]
        stores = (await get("/stores")).json["stores"][0]["store"]
        both.store_there.kill()
        await trio.sleep(3 * TTL)
        gone = (await get("/nodes")).json["routers"][0]["nodes"]

    assert found == named
    assert (found[0]["router"], found[0]["ready"]) == ("/notes", True)
    a = {
        "node": "a",
        "address": "http://a.local",
        "release": 3,
        "partitions": 4,
        "lives": True,
        "leaving": False,
        "here": True,
    }
    b = {**a, "node": "b", "address": "http://b.local", "here": False}
    assert found[0]["nodes"] == [a, b]
    assert there == {
        "router": "/notes",
        "key": key,
        "node": "b",
        "address": "http://b.local",
        "here": False,
    }
    assert (here["node"], here["here"]) == ("a", True)
    assert half.status == 400
    assert {(each.status, each.error) for each in plain} == {
        (409, "/router does not share a store with other nodes")
    }
    assert (stores["node"], stores["partitions"]) == ("a", 4)
    assert [(each["partitions"], each["lives"]) for each in gone] == [
        (8, True),
        (0, False),
    ]


async def test_without_nodes_there_are_none_to_list(tmp_path: Path) -> None:
    """It is said why."""
    async with serving(tmp_path) as served:
        found = [await served.get("/nodes"), await served.get("/locate?key=1")]
        ready = await served.get("/ready")

    assert {(each.status, each.error) for each in found} == {
        (409, "no router shares a store with other nodes")
    }
    assert ready.json == {"ready": True, "state": "ready", "why": None}


async def test_a_service_is_ready_as_long_as_it_is_a_node(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Not before it is one, nor while the store is away, nor when it is drained."""
    del autojump_clock  # time is virtual
    async with pair(tmp_path) as both:
        get = both.served.get
        well = await get("/ready")
        both.server.down()
        await trio.sleep(TTL / 2)
        still = await get("/ready")
        await trio.sleep(TTL)
        away = await get("/ready")
        both.server.up()
        await trio.sleep(TTL)
        again = await get("/ready")
        late = start_router(
            both.served.system, Notes, durable=both.server.node("c"), name="z"
        )
        young = await View(both.served.system).nodes.unready()
        await trio.sleep(TTL)
        grown = await get("/ready")
        await late.drain(within=1)
        drained = await get("/ready")

    assert [each.status for each in (well, still, away, again)] == [200, 200, 503, 200]
    assert away.json == {
        "ready": False,
        "state": "ready",
        "why": "/notes is not one of the nodes that share its store",
    }
    assert (grown.status, drained.status) == (200, 503)
    assert young == "/z is not one of the nodes that share its store"
    assert drained.json["why"] == "/z is drained: its keys go to other nodes"


async def test_a_session_of_another_node_is_shown(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """By its owner; by the store, if that has none, or does not answer."""
    del autojump_clock  # time is virtual
    async with pair(tmp_path) as both:
        get = both.served.get
        key = await both.key_of("b")
        await both.here.accept(key, "hang")
        await both.here.accept(key, "waits")
        await trio.sleep(2)
        runs = (await get(f"/sessions/{key}")).json
        stack = await get(f"/stack?key={key}")
        unknown = [await get("/sessions/x"), await get("/stack?key=x")]
        keys = (await get("/keys")).json["keys"]
        both.store_there.cut_off()
        began = trio.current_time()
        silent = (await get(f"/sessions/{key}")).json
        took = trio.current_time() - began
        both.store_there.join_again()

    assert (runs["phase"], runs["node"], runs["queued"]) == ("running", "b", 1)
    assert runs["router"] == "/notes"
    assert stack.status == 409
    assert stack.error == (
        f"a stack is for the owner of session {key!r}: ask node b at http://b.local"
    )
    assert [each.status for each in unknown] == [404, 404]
    assert [(each["session"]["phase"], each["open"]) for each in keys] == [
        ("elsewhere", 2)
    ]
    assert (keys[0]["session"]["node"], keys[0]["memory"]) == ("b", False)
    assert (silent["phase"], silent["node"], silent["queued"]) == ("elsewhere", "b", 2)
    assert 5 <= took < 6


async def test_a_verb_is_done_by_the_owner_and_says_where(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """As for a key of this node; what only the owner can do names it."""
    del autojump_clock  # time is virtual
    caplog.set_level(logging.INFO, "supervision.audit")
    async with pair(tmp_path) as both:
        post = both.served.post
        key, own = await both.key_of("b"), await both.key_of("a")
        first = await both.here.accept(key, "hang")
        second = await both.here.accept(key, "hang")
        mine = await both.here.accept(own, "hang")
        await trio.sleep(2)
        cancelled = (await post(f"/sessions/{key}/cancel", {"reason": "slow"})).json
        ended = await first.outcome()
        await trio.sleep(2)
        third = await both.here.accept(key, "never")
        await trio.sleep(2)
        all_of_it = (await post(f"/sessions/{key}/cancel_all")).json
        outcomes = [await each.outcome() for each in (second, third)]
        nothing = (await post(f"/sessions/{key}/cancel")).json
        released = await post(f"/sessions/{key}/release")
        here = (await post(f"/sessions/{own}/cancel")).json
        await mine.outcome()
        closed = (await post(f"/sessions/{key}/close")).json
        gone = await post(f"/sessions/{key}/close")
        unknown = await post("/sessions/x/cancel")
        owner = await both.there.locate(key)

    assert isinstance(ended, Aborted)
    assert ended.reason == "slow"
    assert (cancelled["node"], cancelled["turn"]) == ("b", first.turn)
    assert cancelled["done"] == (
        f"cancel {key!r} on node b: aborting turn {first.turn}; 0 prompts taken back"
    )
    assert isinstance(outcomes[0], Aborted)
    assert isinstance(outcomes[1], Withdrawn)
    assert (all_of_it["node"], all_of_it["withdrawn"]) == ("b", [third.id])
    assert "no turn was running" in nothing["done"]
    assert released.status == 409
    assert released.error == (
        f"/notes: release() is for the owner of session {key!r}: "
        "ask node b at http://b.local"
    )
    assert here["node"] is None
    assert "on node" not in here["done"]
    assert closed["node"] == "b"
    assert (gone.status, unknown.status) == (404, 404)
    assert owner is not None
    assert any("on node b" in each.getMessage() for each in caplog.records)


async def test_a_verb_that_nobody_does_says_so_soon(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """It names who was asked, and that it may come yet."""
    del autojump_clock  # time is virtual
    async with pair(tmp_path) as both:
        key = await both.key_of("b")
        receipt = await both.here.accept(key, "hang")
        await trio.sleep(2)
        both.store_there.cut_off()
        began = trio.current_time()
        silent = await both.served.post(f"/sessions/{key}/cancel")
        took = trio.current_time() - began
        both.store_there.join_again()
        both.there.cancel(key)
        await receipt.outcome()

    assert silent.status == 409
    assert silent.error == (
        f"cancel {key!r}: no answer within 5 s: "
        "node b at http://b.local has the key; it may come yet"
    )
    assert 5 <= took < 6


async def test_what_is_shared_is_counted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """In the statistics, and for who scrapes them; also by a router's earlier lives."""
    del autojump_clock  # time is virtual
    async with pair(tmp_path) as both:
        key = await both.key_of("b")
        await both.here.accept(key, "hang")
        await (await both.here.accept(await both.key_of("b", 1), "x")).outcome()
        text = (await both.served.get("/metrics")).body.decode()
        routers: list[Any] = (await both.served.get("/statistics")).json["routers"]

    assert 'actors_store_partitions{router="/notes"} 4' in text
    assert 'actors_prompts_followed{router="/notes"} 1' in text
    assert 'actors_prompts_sent_on_total{router="/notes"} 2' in text
    assert 'actors_prompts_moved_total{router="/notes"} 0' in text
    assert 'actors_turns_fenced_total{router="/notes"} 0' in text
    (notes,) = (each for each in routers if each["path"] == "/notes")
    assert (notes["store"]["sent_on"], notes["store"]["following"]) == (2, 1)
    assert View(both.served.system).statistics()["routers"]
