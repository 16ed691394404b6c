"""What is in a router's store, asked through a real socket while it is used."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
import trio
import trio.testing

from actors import Session, Turn, open_system
from actors.hosting import hub_of
from supervision import RouterRef, start_router
from supervision.durable import MemoryStore, SqliteStore, StoreDown, StoreGrows
from supervision.service import BadQueryError, CannotError, View
from tests.control.client import Served, serving
from tests.durable.store.disk import names


class Notes(Session[str, str, tuple[str, ...]]):
    """Keeps what it was told; "hang" does not end, "no" fails."""

    initial_state: ClassVar[tuple[str, ...]] = ()

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> str:
        if turn.prompt == "hang":
            await trio.sleep_forever()
        if turn.prompt == "no":
            msg = "no \x1b such thing"
            raise ValueError(msg)
        turn.state = (*turn.state, turn.prompt)
        return turn.prompt.upper()

    async def answer_aside(self, turn: Turn[str, str, tuple[str, ...]]) -> str:
        return turn.prompt


class Newer(Notes):
    """Of a newer release."""

    state_version: ClassVar[int] = 2


async def fill(path: Path, *keys: str, make: type[Notes] = Notes) -> None:
    """Have keys that only the store knows."""
    async with open_system() as system:
        router = start_router(system, make, durable=SqliteStore(path))
        for key in keys:
            await (await router.accept(key, "milk", id="1", tenant="o")).outcome()


def start(served: Served, path: Path, name: str = "notes") -> RouterRef[str, str]:
    """Start a router with a store beside the one that has none."""
    return start_router(served.system, Notes, durable=SqliteStore(path), name=name)


async def test_keys_come_in_pages_wherever_they_are(tmp_path: Path) -> None:
    """In their order, each once; what only the store has says so."""
    path = tmp_path / "notes.db"
    await fill(path, "a", "c/x", "d")
    await fill(path, "held", make=Newer)
    async with serving(tmp_path) as served:
        router = start(served, path)
        await (await router.accept("b", "bread")).outcome()
        await router.accept("c/x", "hang", id="2")
        await router.accept("held", "waits", id="2")
        router.ask_aside("e", "what?")  # in memory only
        assert not (await served.get("/sessions/b")).json["held"]
        pages: list[list[dict[str, Any]]] = []
        after: str | None = ""
        while after is not None:
            page = (await served.get(f"/keys?limit=2&after={quote(after)}")).json
            pages.append(page["keys"])
            after = page["after"]
        held = (await served.get("/keys?held=true")).json
        session = (await served.get("/sessions/d")).json
        unknown = await served.get("/sessions/nobody")

    found = [each for page in pages for each in page]
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [
        (each["session"]["key"], each["memory"], each["open"]) for each in found
    ] == [
        ("a", False, 0),
        ("b", True, 0),
        ("c/x", True, 1),
        ("d", False, 0),
        ("e", True, 0),
        ("held", True, 1),
    ]
    assert [each["session"]["phase"] for each in found[:4]] == [
        "passivated",
        "idle",
        "running",
        "passivated",
    ]
    assert [each["state"] is None for each in found] == [False] * 4 + [True, False]
    assert "version 2" in found[5]["session"]["held"]
    assert [each["session"]["key"] for each in held["keys"]] == ["held"]
    assert held["after"] is None
    assert (session["phase"], session["generation"]) == ("passivated", 1)
    assert session["tenant"] == "o"
    assert unknown.status == 404
    assert unknown.error == "no router knows the session 'nobody', and no store has it"


async def test_keys_are_found_by_their_beginning(tmp_path: Path) -> None:
    """Page by page, those in memory too; the page ends where they end."""
    path = tmp_path / "notes.db"
    await fill(path, "acme", "acme/", "acme/a", "acme/c", "acme0", "b")
    await fill(path, "acme/x", make=Newer)
    async with serving(tmp_path) as served:
        router = start(served, path)
        await router.accept("acme/x", "waits")
        router.ask_aside("acme/b", "what?")  # in memory only
        router.ask_aside("b/c", "what?")
        pages: list[list[str]] = []
        after: str | None = ""
        while after is not None:
            asked = f"/keys?limit=2&prefix=acme/&after={quote(after)}"
            page = (await served.get(asked)).json
            pages.append([each["session"]["key"] for each in page["keys"]])
            after = page["after"]
        held = (await served.get("/keys?held=true&prefix=acme/")).json["keys"]
        none = (await served.get("/keys?held=true&prefix=b")).json
        one = (await served.get("/keys?limit=1&prefix=acme0")).json

    assert pages == [["acme/", "acme/a"], ["acme/b", "acme/c"], ["acme/x"]]
    assert [each["session"]["key"] for each in held] == ["acme/x"]
    assert none == {"keys": [], "after": None}
    assert [each["session"]["key"] for each in one["keys"]] == ["acme0"]


async def test_a_conversation_is_read_and_put_away(tmp_path: Path) -> None:
    """One that runs, one of a router without a store, one that is only stored."""
    async with serving(tmp_path) as served:
        router = start(served, tmp_path / "notes.db")
        await (await router.accept("b/1", "bread", tenant="o")).outcome()
        await served.router.send("plain", "hi").outcome()
        live = (await served.get("/read?key=b/1&newest=0")).json
        plain = (await served.get("/read?key=plain")).json
        away = (await served.post("/sessions/b%2F1/passivate")).json
        stored = (await served.get("/read?key=b/1&router=/notes")).json
        await router.accept("b/1", "hang")
        refused = [
            await served.post("/sessions/b%2F1/passivate"),
            await served.post("/sessions/nobody/passivate"),
            await served.post("/sessions/plain/passivate", {"router": "/router"}),
            await served.get("/read?key=nobody"),
            await served.get("/read?key=b/1&newest=1001"),
            await served.get("/read?key=b/1&newest=-1"),
            await served.get("/read?key=b/1&before=-1"),
            await served.get("/read?key="),
        ]

    assert (live["state"], live["live"]) == ('["bread"]', True)
    assert live["router"] == "/notes"
    assert (live["phase"], live["tenant"], live["history"]) == ("idle", "o", [])
    assert (plain["router"], plain["held"]) == ("/router", None)
    assert away["done"] == "passivate 'b/1': it has no session, and is not forgotten"
    assert (stored["phase"], stored["state"]) == ("passivated", '["bread"]')
    assert [each.status for each in refused] == [409, 404, 409, 404, *[400] * 4]
    assert refused[0].error.startswith("session 'b/1' is left as it is: ")
    assert "has no store" in refused[2].error
    assert "from 0 to 1000" in refused[4].error


async def test_a_router_that_ends_while_another_is_asked() -> None:
    """It is said to have, as a store that does not answer."""
    store = MemoryStore()
    async with open_system() as system, trio.open_nursery() as nursery:
        start_router(system, Notes, durable=store, name="a")
        other = start_router(system, Notes, durable=MemoryStore(), name="b")
        await trio.testing.wait_all_tasks_blocked()
        store.stand_still()

        async def read() -> None:
            with pytest.raises(CannotError, match=r"^/b: .* shutting down"):
                await View(system).stores.read("ann")

        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        other.ref.stop()
        await other.ref.wait_stopped()
        store.go_on()


async def test_what_is_to_come_is_listed_by_its_time(tmp_path: Path) -> None:
    """Of all sessions or of one; so many, and whether there are more."""
    async with serving(tmp_path) as served:
        router = start(served, tmp_path / "notes.db")
        await router.remind("ann", "late", after=7200, prompt="x")
        await router.remind("bob", "soon", after=3600, every=600, prompt="y")
        await router.remind("ann", "last", after=9000, prompt="z")
        found = (await served.get("/reminders?router=/notes")).json
        two = (await served.get("/reminders?limit=2")).json
        ann = (await served.get("/reminders?key=ann&limit=2")).json
        await router.accept("carl", "tea")
        none = (await served.get("/reminders?key=carl")).json
        nobody = await served.get("/reminders?key=nobody")
        empty = await served.get("/reminders?key=")
        wrong = await served.get("/reminders?limit=0")

    names = [(each["key"], each["name"]) for each in found["reminders"]]
    assert names == [("bob", "soon"), ("ann", "late"), ("ann", "last")]
    assert [each["every"] for each in found["reminders"]] == [600.0, None, None]
    assert [each["due"] // 3600 for each in found["reminders"]] == [0, 1, 2]
    assert (found["router"], found["more"]) == ("/notes", False)
    assert (two["reminders"][0]["name"], len(two["reminders"])) == ("soon", 2)
    assert two["more"]
    assert [each["name"] for each in ann["reminders"]] == ["late", "last"]
    assert not ann["more"]
    assert none["reminders"] == []
    assert nobody.status == 404
    assert "does not know the session 'nobody', nor its store" in nobody.error
    assert empty.status == 400
    assert wrong.status == 400
    assert "from 1 to 1000" in wrong.error


async def test_what_became_of_a_prompt(tmp_path: Path) -> None:
    """Its kind, its result or error, when; or that it waits, or is not known."""
    path = tmp_path / "notes.db"
    await fill(path, "ann")
    async with serving(tmp_path) as served:
        router = start(served, path)
        await (await router.accept("ann", "no", id="a b/c")).outcome()
        await router.accept("ann", "hang", id="3")
        done = (await served.get("/outcome?key=ann&id=1")).json
        failed = (await served.get("/outcome?key=ann&id=a+b%2Fc&router=/notes")).json
        waits = (await served.get("/outcome?key=ann&id=3")).json
        unknown = await served.get("/outcome?key=ann&id=4")
        half = await served.get("/outcome?key=ann")

    assert (done["outcome"], done["text"], done["turn"]) == ("Completed", "MILK", 1)
    assert (done["router"], done["number"]) == ("/notes", 1)
    assert 0 <= done["ended"] <= done["age"]
    assert (failed["outcome"], failed["text"]) == (
        "Failed",
        "ValueError: no \\x1b such thing",
    )
    assert waits["outcome"] is waits["text"] is waits["ended"] is None
    assert waits["held"] is done["held"] is None
    assert unknown.status == 404
    assert unknown.error == "session 'ann' has no prompt '4', or it is no longer kept"
    assert half.status == 400


async def test_a_store_is_copied_while_it_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer comes when it is whole; the copy is a store; it leaves a line."""
    caplog.set_level(logging.INFO, "supervision.audit")
    path, copy = tmp_path / "notes.db", tmp_path / "copy.db"
    async with serving(tmp_path) as served:
        router = start(served, path)
        await (await router.accept("ann", "milk", id="1")).outcome()
        done = await served.post("/store/backup", {"path": str(copy)})
        again = await served.post("/store/backup", {"path": str(copy)})
        nowhere = await served.post("/store/backup", {"path": f"{tmp_path}/no/x"})
        relative = await served.post("/store/backup", {"path": "copy.db"})
        missing = await served.post("/store/backup", {})

    assert done.json["done"].startswith(f"the store of /notes is in {copy}: ")
    assert (again.status, nowhere.status) == (409, 409)
    assert again.error.endswith(
        f"there is something at {copy}: a copy replaces nothing"
    )
    assert "is not copied to" in nowhere.error
    assert (relative.status, missing.status) == (400, 400)
    assert "absolute" in relative.error
    lines = [each for each in caplog.records if each.name == "supervision.audit"]
    assert lines[0].getMessage().startswith("backup by user")
    assert len(lines) == 5
    assert [each for each in names(tmp_path) if "copy" in each] == ["copy.db"]
    async with open_system() as system:
        router = start_router(system, Notes, durable=SqliteStore(copy))
        found = await router.find("ann", "1")
        assert found is not None
        assert found.ended is not None


async def test_a_held_key_is_released_by_its_verb(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be read yet is refused, with why."""
    caplog.set_level(logging.INFO, "supervision.audit")
    path = tmp_path / "notes.db"
    await fill(path, "a/b")
    broken = True

    def upcast(state: Any) -> Any:
        if broken:
            msg = "why"
            raise ValueError(msg)
        return state

    async with serving(tmp_path) as served:
        store = SqliteStore(path, upcasters={1: upcast})
        router = start_router(served.system, Newer, durable=store, name="notes")
        waits = await router.accept("a/b", "waits", id="w")
        held = (await served.get("/outcome?key=a%2Fb&id=w")).json
        refused = await served.post("/sessions/a%2Fb/release")
        broken = False
        done = await served.post("/sessions/a%2Fb/release")
        outcome = await waits.outcome()
        again = await served.post("/sessions/a%2Fb/release")
        unknown = await served.post("/sessions/nobody/release", {"router": "/notes"})

    assert held["outcome"] is None
    assert held["held"].startswith("a state cannot be read: ")
    assert refused.status == 409
    assert refused.error.startswith("/notes: session 'a/b' is held: a state cannot be")
    assert done.json["done"] == "release 'a/b': it can be read, and is held no more"
    assert getattr(outcome, "result", None) == "WAITS"
    assert (again.status, unknown.status) == (409, 404)
    assert again.error == "session 'a/b' is not held"
    lines = [each for each in caplog.records if each.name == "supervision.audit"]
    assert [each.getMessage().partition(" by ")[0] for each in lines] == [
        "release a/b",
        "release a/b",
        "release a/b",
        "release nobody",
    ]


async def test_what_a_store_does_is_told_also_while_it_is_away(tmp_path: Path) -> None:
    """From memory; what would have to wait for it is refused."""
    store = MemoryStore()
    async with serving(tmp_path) as served:
        router = start_router(served.system, Notes, durable=store, name="notes")
        await (await router.accept("ann", "milk", id="1")).outcome()
        well = (await served.get("/stores")).json["stores"]
        down = served.system.subscribe(StoreDown)
        store.away(1000)
        router.send("ann", "bread")
        await down.receive()
        badly = (await served.get("/stores?router=/notes")).json["stores"]
        answers = [
            await served.get("/keys"),
            await served.get("/outcome?key=ann&id=1"),
            await served.get("/sessions/nobody"),
            await served.post("/sessions/ann/release"),
            await served.post("/store/backup", {"path": str(tmp_path / "x")}),
        ]
        metrics = (await served.get("/metrics")).body.decode()
        store.away(0)

    assert [(each["router"], each["store"]["opened"]) for each in well] == [
        ("/notes", 1)
    ]
    assert well[0]["store"]["down"] is None
    assert (badly[0]["store"]["unwritten"], badly[0]["store"]["why"]) == (
        1,
        "it was told to be away",
    )
    assert [each.status for each in answers] == [409] * 5
    assert {each.error for each in answers[:4]} == {
        "/notes: the store does not answer: it was told to be away"
    }
    assert "in no file" in answers[4].error
    assert 'actors_store_up{router="/notes"} 0' in metrics
    assert 'actors_prompts_unwritten{router="/notes"} 1' in metrics


async def test_a_router_is_chosen_as_everywhere(tmp_path: Path) -> None:
    """The only one with a store; of several the one that is named, or has the key."""
    await fill(tmp_path / "one.db", "ann", "both")
    await fill(tmp_path / "two.db", "bob", "both")
    async with serving(tmp_path) as served:
        without = [
            await served.get("/keys"),
            await served.get("/stores"),
            await served.get("/outcome?key=a&id=1"),
            await served.post("/sessions/nobody/release"),
        ]
        plain = await served.get("/sessions/nobody")
        start(served, tmp_path / "one.db", "one")
        start(served, tmp_path / "two.db", "two")
        several = [
            await served.get("/keys"),
            await served.post("/store/backup", {"path": str(tmp_path / "x")}),
            await served.get("/sessions/both"),
            await served.get("/outcome?key=both&id=1"),
        ]
        named = (await served.get("/keys?router=/two")).json
        known = (await served.get("/sessions/bob")).json
        outcome = (await served.get("/outcome?key=ann&id=1")).json
        stores = (await served.get("/stores")).json["stores"]
        other = await served.get("/keys?router=/router")
        nowhere = await served.get("/keys?router=/nowhere")
        out_of_range = await served.get("/keys?router=/two&limit=0")

    assert {(each.status, each.error) for each in without} == {
        (409, "no router has a store: give it one with durable=")
    }
    assert (plain.status, "store" in plain.error) == (404, False)
    assert [each.status for each in several] == [409] * 4
    assert several[0].error == "several routers have a store: say which of /one, /two"
    assert several[2].error == "several routers know 'both': say which of /one, /two"
    assert [each["session"]["key"] for each in named["keys"]] == ["bob", "both"]
    assert (known["router"], outcome["router"]) == ("/two", "/one")
    assert [each["router"] for each in stores] == ["/one", "/two"]
    assert (other.status, nowhere.status, out_of_range.status) == (409, 404, 400)
    assert other.error.startswith("/router has no store")


@pytest.mark.parametrize("verb", ["reset", "close"])
async def test_a_key_that_only_a_store_has_is_forgotten(
    verb: str, tmp_path: Path
) -> None:
    """As one in memory; what is not there anywhere is unknown."""
    path = tmp_path / "notes.db"
    await fill(path, "a/b")
    async with serving(tmp_path) as served:
        without = await served.post(f"/sessions/nobody/{verb}")
        start(served, path)
        nothing = await served.post("/sessions/a%2Fb/cancel")
        done = await served.post(f"/sessions/a%2Fb/{verb}")
        keys = (await served.get("/keys")).json["keys"]
        again = await served.post(f"/sessions/a%2Fb/{verb}")

    assert done.json["done"].startswith(f"{verb} 'a/b': no turn was running")
    assert keys == []
    assert [each.status for each in (without, nothing, again)] == [404] * 3


async def test_events_of_stores_can_be_followed(tmp_path: Path) -> None:
    """By their names; and they are among those that come without one."""
    async with open_system() as system:
        view = View(system)
        store = SqliteStore(tmp_path / "notes.db")
        router = start_router(system, Notes, durable=store)
        with view.subscribe(["StoreGrows"]) as named, view.subscribe() as usual:
            event = StoreGrows(1.0, router.ref, "notes.db", 2, 1)
            hub_of(system).publish(event)
            assert list(named.drain()) == [event]
            assert event in list(usual.drain())
        with pytest.raises(BadQueryError, match="StoreDown, StoreGrows, StoreUp"):
            view.subscribe(["StoreShrinks"])
