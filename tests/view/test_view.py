"""What a service shows and does when it is asked: `supervision.service.View`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from actors import (
    Aborted,
    Actor,
    ActorStarted,
    ActorSystem,
    AnyRef,
    MessageAccepted,
    Session,
    Turn,
    TurnEnded,
    open_system,
)
from actors.hosting import actor_of
from actors.testing import seeds
from supervision import (
    ChildSpec,
    DynamicSupervisor,
    Limits,
    Restart,
    Router,
    RouterRef,
    Supervisor,
    find_child,
    router_ref,
    start_child,
    start_router,
)
from supervision._routing.core.core import IDS
from supervision.service import (
    ActorShape,
    AmbiguousKeyError,
    BadQueryError,
    CannotError,
    UnknownPathError,
    UnknownSessionError,
    View,
)


class Chat(Session[str, str]):
    """Talks until it is let go."""

    gates: dict[str, trio.Event] = {}  # noqa: RUF012 - made anew by each stage

    async def take_turn(self, turn: Turn[str, str]) -> None:
        if turn.prompt == "wait":
            await self.gates[self.key].wait()
        elif turn.prompt == "tool":
            with turn.tool("search"):
                await trio.sleep_forever()


class Worker(Actor[str]):
    """Waits with a message in hand, or crashes."""

    async def receive(self, message: str) -> None:
        if message == "crash":
            msg = "as told"
            raise RuntimeError(msg)
        await trio.sleep_forever()


class Pool(DynamicSupervisor):
    """Any number of workers."""

    template = ChildSpec(Worker, restart=Restart.TEMPORARY)


class Tree(Supervisor):
    """What is looked at."""

    children = (
        ChildSpec(Router, Chat, (), Limits(sessions=100_000, turns=50), id="router"),
        ChildSpec(Worker, id="worker", grace=0.0),
        ChildSpec(Pool, id="pool"),
    )


@attrs.frozen
class Stage:
    """A tree that is looked at."""

    system: ActorSystem
    tree: AnyRef
    view: View
    router: RouterRef[str, str]


@asynccontextmanager
async def open_stage(**options: Any) -> AsyncGenerator[Stage]:
    """Start the tree."""
    Chat.gates = {}
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        await tree.wait_started()
        router = router_ref(await find_child(tree, "router"), Chat)
        yield Stage(system, tree, View(system, name="test", **options), router)


def flat(shape: ActorShape) -> list[ActorShape]:
    """The shape and all below."""
    return [shape, *(each for child in shape["children"] for each in flat(child))]


def busy(stage: Stage, *keys: str) -> None:
    """Give sessions a turn that does not end by itself."""
    for key in keys:
        Chat.gates.setdefault(key, trio.Event())
        stage.router.send(key, "wait")


# ------------------------------------------------------------------------- the tree


async def test_the_tree_is_shown_from_the_top() -> None:
    """Kinds, classes and paths; children in the order of their start."""
    async with open_stage() as stage:
        tree = await stage.view.tree()

    assert [(each["path"], each["kind"], each["cls"]) for each in flat(tree)] == [
        ("/", "system", "ActorSystem"),
        ("/tree", "supervisor", "Tree"),
        ("/tree/router", "router", "Router"),
        ("/tree/worker", "actor", "Worker"),
        ("/tree/pool", "supervisor", "Pool"),
    ]
    assert all(each["hidden"] == 0 for each in flat(tree))


async def test_a_part_of_the_tree_is_shown_on_its_own() -> None:
    """From the path that is given, so deep as is said."""
    async with open_stage() as stage:
        part = await stage.view.tree("/tree", depth=0)

    assert part["path"] == "/tree"
    assert (part["children"], part["owns"], part["hidden"]) == ([], 3, 3)


async def test_a_turn_is_shown_in_the_words_of_its_user(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Not by our classes: of which session it is, and what it does."""
    del autojump_clock
    async with open_stage() as stage:
        Chat.gates["ann"] = trio.Event()
        receipt = stage.router.send("ann", "wait")
        stage.router.send("bob", "tool")
        await trio.testing.wait_all_tasks_blocked()

        tree = await stage.view.tree("/tree/router")
        detail = await stage.view.actor(f"/tree/router/ann/turn-{receipt.turn}")
        raw = stage.system.tree()

    turns = [each for each in flat(tree) if each["kind"] == "turn"]
    assert [(each["cls"], each["in_hand"]) for each in turns] == [
        ("turn of Chat", f"prompt {receipt.id}"),
        ("turn of Chat", "tool search"),
    ]
    assert detail["actor"]["cls"] == "turn of Chat"
    words = {each.cls: each.in_hand for each in raw.walk() if each.in_hand}
    assert words == {"turn": "go"}


async def test_a_turn_that_does_not_end_when_told_to_is_shown_as_ending(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """It is at its prompt no more."""
    del autojump_clock

    class Deaf(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> None:
            del turn
            with trio.CancelScope(shield=True):
                await trio.sleep(1)

    async with open_system() as system:
        router = start_router(system, Deaf)
        receipt = router.send("ann", "x")
        await trio.testing.wait_all_tasks_blocked()
        router.cancel("ann")
        await trio.testing.wait_all_tasks_blocked()
        detail = await View(system).actor(f"/router/ann/turn-{receipt.turn}")

    assert detail["actor"]["in_hand"] == "ending"


async def test_of_many_children_the_worst_are_shown(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Those with messages and with an old message in hand; the others are counted."""
    del autojump_clock
    async with open_stage() as stage:
        pool = await find_child(stage.tree, "pool")
        workers = [await start_child(pool) for _ in range(1_000)]
        workers[700].tell_nowait("old")
        await trio.sleep(10)
        workers[20].tell_nowait("new")
        for _ in range(5):
            workers[300].tell_nowait("queued")
        await trio.testing.wait_all_tasks_blocked()

        shown = await stage.view.tree("/tree/pool", width=3)

    assert (shown["owns"], shown["hidden"]) == (1_000, 997)
    assert [each["path"] for each in shown["children"]] == [
        workers[number].path for number in (20, 300, 700)
    ]
    old = next(e for e in shown["children"] if e["path"] == workers[700].path)
    assert old["in_hand"] == "str"
    assert old["in_hand_age"] == pytest.approx(10)


async def test_of_a_router_only_busy_sessions_are_shown() -> None:
    """The others are a number."""
    async with open_stage() as stage:
        for number in range(30):
            await stage.router.send(f"idle {number}", "x").outcome()
        busy(stage, "b", "a")
        await trio.testing.wait_all_tasks_blocked()

        router = (await stage.view.tree("/tree/router"))["children"]
        owns = (await stage.view.tree("/tree/router", depth=0))["owns"]

    assert [(each["name"], each["kind"]) for each in router] == [
        ("b", "session"),
        ("a", "session"),
    ]
    assert owns == 32


async def test_a_tree_of_any_size_is_cut_to_what_is_asked_for() -> None:
    """`top` shows so many rows, levels before leaves, sessions beside them."""
    async with open_stage() as stage:
        pool = await find_child(stage.tree, "pool")
        for _ in range(50):
            await start_child(pool)
        busy(stage, *(f"{number}" for number in range(20)))
        await trio.testing.wait_all_tasks_blocked()
        top = await stage.view.top(rows=6, sessions=3)

    paths = [each["path"] for each in flat(top["tree"])]
    assert len(paths) == 7
    assert {"/tree/router", "/tree/worker", "/tree/pool"} <= set(paths)
    assert not any(path.startswith("/tree/router/") for path in paths)
    assert len(top["sessions"]["sessions"]) == 3


async def test_looking_at_many_actors_lets_others_run() -> None:
    """Between two checkpoints few are looked at."""
    async with open_stage() as stage:
        pool = await find_child(stage.tree, "pool")
        for _ in range(2_000):
            await start_child(pool)
        passed = 0

        async def count() -> None:
            nonlocal passed
            while True:
                await trio.lowlevel.checkpoint()
                passed += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            await stage.view.tree(width=5)
            seen = passed
            nursery.cancel_scope.cancel()

    assert seen >= 7


@seeds(20)
async def test_looking_while_actors_come_and_go_is_safe() -> None:
    """What has gone meanwhile may be missing; nothing fails."""
    async with open_stage() as stage:
        pool = await find_child(stage.tree, "pool")
        workers = [await start_child(pool) for _ in range(600)]

        async def churn() -> None:
            for number, worker in enumerate(workers):
                worker.stop()
                stage.router.send(f"{number}", "x")
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(churn)
            for _ in range(3):
                await stage.view.tree(width=3)
                await stage.view.sessions(order="age")
                await stage.view.top()
        shape = await stage.view.tree("/tree/pool")

    assert shape["owns"] == 0


# -------------------------------------------------------------------------- one actor


async def test_an_actor_is_told_of_in_full() -> None:
    """A supervisor with its rules, its children and its restarts."""
    async with open_stage() as stage:
        worker = await find_child(stage.tree, "worker")
        worker.tell_nowait("crash")
        await trio.testing.wait_all_tasks_blocked()

        detail = await stage.view.actor("/tree")
        restarted = await stage.view.actor("/tree/worker")

    assert (detail["strategy"], detail["limit"]) == ("one for one", "3 within 5 s")
    assert [(e["id"], e["state"], e["restarts"]) for e in detail["supervised"]] == [
        ("router", "running", 0),
        ("worker", "running", 1),
        ("pool", "running", 0),
    ]
    assert [(e["child"], e["why"]) for e in detail["restarts"]] == [
        ("worker", "crashed: RuntimeError: as told")
    ]
    assert restarted["actor"]["incarnation"] == 2
    assert restarted["grace"] == 0
    assert restarted["strategy"] is None


async def test_restarts_are_counted_whoever_wanted_them() -> None:
    """An operator, or the supervisor: as many in its list as incarnations but one."""
    async with open_stage() as stage:
        worker = await find_child(stage.tree, "worker")
        await stage.view.restart_actor("/tree/worker")
        worker.tell_nowait("crash")
        await trio.testing.wait_all_tasks_blocked()
        running = await counts_of(stage.view)
        await stage.view.stop_actor("/tree/worker")
        stopped = (await stage.view.actor("/tree"))["supervised"][1]["restarts"]
        await stage.view.restart_actor("/tree/worker")
        again = await counts_of(stage.view)

    assert (running, stopped, again) == ((2, 2, 1), 2, (3, 3, 1))


async def counts_of(view: View) -> tuple[int, int, int]:
    """How often the worker began anew, for its supervisor, for itself; by itself."""
    detail = await view.actor("/tree")
    shape = await view.actor("/tree/worker")
    listed = detail["supervised"][1]["restarts"]
    return listed, shape["actor"]["incarnation"] - 1, len(detail["restarts"])


async def test_a_dynamic_supervisor_is_told_of_too() -> None:
    """It has a limit, and no list by id."""
    async with open_stage() as stage:
        detail = await stage.view.actor("/tree/pool")

    assert detail["limit"] == "3 within 5 s"
    assert (detail["strategy"], detail["supervised"]) == (None, [])


@pytest.mark.parametrize(
    "path", ["", "tree", "/nobody", "/tree/", "/tree/router/x", "//", "/tree/worker/x"]
)
async def test_a_wrong_path_is_named(path: str) -> None:
    """There is nobody there."""
    async with open_stage() as stage:
        with pytest.raises(UnknownPathError) as caught:
            await stage.view.actor(path)

    assert repr(path) in str(caught.value)
    assert caught.value.status == 404


async def test_an_actor_without_a_name_is_found_by_the_one_it_was_given() -> None:
    """Also among many."""
    async with open_stage() as stage:
        pool = await find_child(stage.tree, "pool")
        workers = [await start_child(pool) for _ in range(600)]

        found = await stage.view.actor(workers[400].path)

    assert found["actor"]["path"] == workers[400].path


# --------------------------------------------------------------------------- sessions


async def test_the_worst_sessions_come_first(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Busy ones, the longest without a sign of life first; then the idle ones."""
    del autojump_clock
    async with open_stage() as stage:
        await stage.router.send("idle", "x").outcome()
        busy(stage, "slow")
        await trio.sleep(5)
        busy(stage, "quick")
        await trio.sleep(1)
        await stage.router.send("latest", "x").outcome()

        shape = await stage.view.sessions()

    keys = [each["key"] for each in shape["sessions"]]
    assert keys == ["slow", "quick", "latest", "idle"]
    assert shape["matching"] == 4
    assert shape["sessions"][0]["phase"] == "running"
    assert shape["sessions"][0]["last_activity"] == pytest.approx(6)


async def test_a_session_that_waits_for_nothing_good_is_among_the_worst() -> None:
    """One in quarantine comes before all others, though it has no turn."""

    class Weak(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> None:
            if turn.prompt == "crash":
                self.start_soon(self.fail)
            await trio.sleep_forever()

        async def fail(self) -> None:
            msg = "weak"
            raise RuntimeError(msg)

    async with open_system() as system:
        router = start_router(system, Weak, limits=Limits(sessions=100, turns=100))
        view = View(system)
        for number in range(20):
            router.send(f"{number}", "talk")
        for _ in range(4):
            await router.send("bad", "crash").outcome()
        await trio.testing.wait_all_tasks_blocked()

        shape = await view.sessions(limit=2)

    assert shape["sessions"][0]["key"] == "bad"
    assert shape["sessions"][0]["phase"] == "quarantined"
    assert shape["matching"] == 21


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        ("key", ["a", "b", "c"]),
        ("age", ["b", "c", "a"]),
        ("queued", ["c", "b", "a"]),
        ("idle", ["a", "b", "c"]),
    ],
)
async def test_sessions_come_in_the_order_asked_for(
    order: str, keys: list[str], autojump_clock: trio.testing.MockClock
) -> None:
    """By key, by age, by what waits, by how long they are idle."""
    del autojump_clock
    async with open_stage() as stage:
        busy(stage, "b")
        await trio.sleep(1)
        busy(stage, "c", "c", "c")
        await trio.sleep(1)
        await stage.router.send("a", "x").outcome()

        shape = await stage.view.sessions(order=order)

    assert [each["key"] for each in shape["sessions"]] == keys


async def test_sessions_are_filtered_and_cut() -> None:
    """By a part of the key, by phase, by router; what does not fit is counted."""
    async with open_stage() as stage:
        busy(stage, "user-1", "user-2")
        for number in range(3, 9):
            await stage.router.send(f"user-{number}", "x").outcome()
        await stage.router.send("other", "x").outcome()
        await trio.testing.wait_all_tasks_blocked()
        view = stage.view

        matching = await view.sessions(match="user", limit=3, order="key")
        running = await view.sessions(phase="running", order="key")
        own = await view.sessions(router="/tree/router", limit=0)

    assert [e["key"] for e in matching["sessions"]] == ["user-1", "user-2", "user-3"]
    assert matching["matching"] == 8
    assert [e["key"] for e in running["sessions"]] == ["user-1", "user-2"]
    assert (own["sessions"], own["matching"]) == ([], 9)


async def test_one_session_is_looked_at_by_its_key() -> None:
    """Any string is a key."""
    async with open_stage() as stage:
        for key in ("a/b", "ünï", " "):
            await stage.router.send(key, "x").outcome()
            assert stage.view.session(key)["key"] == key
        with pytest.raises(UnknownSessionError, match="no router knows"):
            stage.view.session("nobody")


async def test_a_key_of_two_routers_needs_the_router() -> None:
    """The error says which there are."""
    async with open_stage() as stage:
        other = start_router(stage.system, Chat, name="other")
        for router in (stage.router, other):
            await router.send("both", "x").outcome()

        with pytest.raises(AmbiguousKeyError, match="/other, /tree/router"):
            stage.view.session("both")
        found = stage.view.session("both", router="/other")
        with pytest.raises(UnknownSessionError, match="there are: /other, /tree"):
            stage.view.session("both", router="/third")

    assert found["router"] == "/other"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"order": "best"}, "order must be one of worst, key, age, idle, queued"),
        ({"phase": "bogus"}, "phase must be one of .*idle.*suspended, not 'bogus'"),
        ({"limit": -1}, "limit must be a whole number from 0 to 10,000, got -1"),
        ({"limit": 10_001}, "got 10001"),
        ({"limit": True}, "got True"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    options: dict[str, Any], words: str
) -> None:
    """It says what would be right."""
    async with open_stage() as stage:
        with pytest.raises(BadQueryError, match=words):
            await stage.view.sessions(**options)


# ------------------------------------------------------------------------- statistics


async def test_everything_is_counted_once() -> None:
    """Of the service, the process, the system and each router."""
    async with open_stage() as stage:
        await stage.router.send("a", "x").outcome()

        counted = stage.view.statistics()

    assert counted["service"]["state"] == "ready"
    assert counted["system"]["actors"] == 5
    assert counted["process"]["cpu"] > 0
    (router,) = counted["routers"]
    assert (router["path"], router["alive"]) == ("/tree/router", True)
    assert (router["accepted"], router["outcomes"]) == (1, {"Completed": 1})
    assert router["slots"] == 50


async def test_what_waits_is_told_from_what_is_being_answered() -> None:
    """Both, and what has its outcome, are all that was accepted."""
    async with open_stage() as stage:
        await stage.router.send("a", "x").outcome()
        busy(stage, "a", "a", "a", "b")
        await trio.testing.wait_all_tasks_blocked()

        (router,) = stage.view.statistics()["routers"]

    assert (router["answering"], router["queued"], router["accepted"]) == (2, 2, 5)


# ------------------------------------------------------------------------------ verbs


async def test_a_turn_is_cancelled_by_its_key_or_its_id() -> None:
    """As by the router's handle; what was hit is named."""
    async with open_stage() as stage:
        for how in ("key", "id"):
            Chat.gates["a"] = trio.Event()
            receipt = stage.router.send("a", "wait")
            await trio.testing.wait_all_tasks_blocked()
            assert receipt.turn is not None
            if how == "key":
                result = stage.view.session_verb("a", "cancel", reason="enough")
            else:
                result = stage.view.abort_turn(receipt.turn, reason="enough")

            assert result["turn"] == receipt.turn
            assert await receipt.outcome() == Aborted(
                turn=receipt.turn, reason="enough"
            )


async def test_a_turn_id_of_two_routers_needs_the_router() -> None:
    """Each router counts its own turns; nothing is aborted by a guess."""
    async with open_stage() as stage:
        Chat.gates["a"] = trio.Event()
        other = start_router(stage.system, Chat, name="other")
        receipts = [router.send("a", "wait") for router in (stage.router, other)]
        await trio.testing.wait_all_tasks_blocked()

        with pytest.raises(CannotError, match="router of /other, /tree/router"):
            stage.view.abort_turn(1)
        assert [receipt.ended for receipt in receipts] == [None, None]
        stage.view.abort_turn(1, router="/other")
        await receipts[1].outcome()
        assert receipts[0].ended is None


async def test_a_turn_of_a_routers_second_life_has_one_id() -> None:
    """Tree, list and outcome say the same, and a verb takes that alone."""
    async with open_stage() as stage:
        await stage.view.restart_actor("/tree/router")
        router = router_ref(await find_child(stage.tree, "router"), Chat)
        Chat.gates["a"] = trio.Event()
        receipt = router.send("a", "wait")
        await trio.testing.wait_all_tasks_blocked()

        turn = IDS + 1
        listed = await stage.view.sessions()
        assert [each["turn"] for each in listed["sessions"]] == [turn]
        found = await stage.view.actor(f"/tree/router/a/turn-{turn}")
        assert found["actor"]["in_hand"] == f"prompt {receipt.id}"
        with pytest.raises(UnknownSessionError, match="no turn 1 runs"):
            stage.view.abort_turn(1)
        assert receipt.ended is None
        result = stage.view.abort_turn(turn)

        assert await receipt.outcome() == Aborted(turn=turn)
        assert result["turn"] == turn


async def test_what_waits_is_taken_back_and_named() -> None:
    """`cancel_all`, `reset` and `close`, each more than the one before."""
    async with open_stage() as stage:
        for verb in ("cancel_all", "reset", "close"):
            busy(stage, "a", "a", "a")
            await trio.testing.wait_all_tasks_blocked()

            result = stage.view.session_verb("a", verb)
            await trio.testing.wait_all_tasks_blocked()

            assert result["turn"] is not None
            assert len(result["withdrawn"]) == 2
        assert stage.router.inspect("a") is None


async def test_what_is_not_there_cannot_be_cancelled() -> None:
    """An unknown key, turn or verb."""
    async with open_stage() as stage:
        with pytest.raises(UnknownSessionError):
            stage.view.session_verb("a", "cancel")
        with pytest.raises(UnknownSessionError, match="no turn 7"):
            stage.view.abort_turn(7)
        await stage.router.send("a", "x").outcome()
        with pytest.raises(BadQueryError, match="cancel, cancel_all, reset, close"):
            stage.view.session_verb("a", "kill")


async def test_a_supervised_actor_is_stopped_for_good_and_started_again() -> None:
    """Stopping it is no crash, so nobody restarts it but who asks."""
    async with open_stage() as stage:
        stopped = await stage.view.stop_actor("/tree/worker")
        gone = [each["path"] for each in flat(await stage.view.tree())]
        started = await stage.view.restart_actor("/tree/worker")
        back = [each["path"] for each in flat(await stage.view.tree())]

    assert stopped["done"] == "/tree/worker is stopped"
    assert started["done"] == "/tree/worker is started again"
    assert "/tree/worker" not in gone
    assert "/tree/worker" in back


async def test_a_running_actor_is_restarted() -> None:
    """It is a new one in the same place, behind the same ref."""
    async with open_stage() as stage:
        before = await find_child(stage.tree, "worker")
        first = actor_of(before)
        await stage.view.restart_actor("/tree/worker")
        after = await find_child(stage.tree, "worker")
        second = actor_of(before)

    assert before is after
    assert isinstance(first, Worker)
    assert isinstance(second, Worker)
    assert first is not second


async def test_an_actor_that_nobody_supervises_is_stopped() -> None:
    """It ends, and cannot be started again from outside."""
    async with open_stage() as stage:
        alone = stage.system.start(Worker, name="alone")

        with pytest.raises(CannotError, match="no supervisor"):
            await stage.view.restart_actor("/alone")
        result = await stage.view.stop_actor("/alone")

    assert result["done"] == "/alone has ended"
    assert alone.exit is not None


async def test_a_child_of_many_is_stopped_by_its_path() -> None:
    """A dynamic supervisor's."""
    async with open_stage() as stage:
        pool = await find_child(stage.tree, "pool")
        worker = await start_child(pool)
        await stage.view.stop_actor(worker.path)
        with pytest.raises(UnknownPathError):
            await stage.view.restart_actor(worker.path)

    assert worker.exit is not None


async def test_a_session_is_not_stopped_as_an_actor() -> None:
    """It has verbs of its own, which know of its prompts."""
    async with open_stage() as stage:
        busy(stage, "a")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(CannotError, match="close it by its key"):
            await stage.view.stop_actor("/tree/router/a")


async def test_only_a_service_can_be_stopped_from_here() -> None:
    """The top of a service is the service."""
    calls: list[tuple[str, float | None]] = []
    async with open_stage() as stage:
        with pytest.raises(CannotError, match="not run as a service"):
            stage.view.stop_service("enough")
        view = View(stage.system, stop=lambda why, within: calls.append((why, within)))
        view.stop_service("enough", within=3.0)
        with pytest.raises(CannotError, match="the whole service"):
            await view.stop_actor("/tree")

    assert calls == [("enough", 3.0)]


async def test_a_frame_does_not_look_up_the_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That reads files, and was half of the time of each frame."""

    def read_files(name: str) -> str:
        pytest.fail(f"looked up the version of {name}")

    async with open_stage() as stage:
        first = await stage.view.top(rows=6, sessions=3)
        monkeypatch.setattr("importlib.metadata.version", read_files)
        second = await stage.view.top(rows=6, sessions=3)

    version = first["statistics"]["service"]["version"]
    assert second["statistics"]["service"]["version"] == version


# ----------------------------------------------------------------------------- events


async def test_events_are_named_by_their_classes() -> None:
    """A base stands for all of its kind; without names, what lives and dies."""
    async with open_stage() as stage:
        with (
            stage.view.subscribe(["TurnEnded"]) as turns,
            stage.view.subscribe() as lives,
        ):
            await stage.router.send("a", "x").outcome()
            stage.system.start(Worker)
            seen = {type(event) for event in lives.drain()}

            assert [type(event) for event in turns.drain()] == [TurnEnded]
            assert {ActorStarted, TurnEnded} <= seen
            assert MessageAccepted not in seen
        with pytest.raises(BadQueryError, match=r"there are: .*TurnEnded"):
            stage.view.subscribe(["Turnended"])
