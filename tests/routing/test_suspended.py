"""Keys that have no session and would be resumed: known to lists and to every verb."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio

from actors import Session, Turn, open_system
from actors.testing import seeds
from supervision import (
    ChildSpec,
    FileTokens,
    Limits,
    MemoryTokens,
    Router,
    RouterRef,
    Supervisor,
    start_router,
)
from supervision.service import UnknownSessionError, View


class Agent(Session[str, str]):
    """Binds a token, as one that has a process behind it does."""

    async def started(self) -> None:
        self.resumed = self.token

    async def take_turn(self, turn: Turn[str, str]) -> object:
        if turn.prompt == "bind":
            self.bind({"agent": self.key})
        if turn.prompt == "forget":
            self.bind(None)
        return self.resumed


@asynccontextmanager
async def reaped(*keys: str) -> AsyncGenerator[tuple[RouterRef[str, str], View]]:
    """A router whose sessions of these keys have been reaped with a token."""
    async with open_system() as system:
        limits = Limits(sessions=100, idle=10.0)
        router = start_router(system, Agent, limits=limits)
        for key in keys:
            await router.send(key, "bind").outcome()
        await trio.sleep(20)
        yield router, View(system)


@seeds(3)
async def test_what_was_reaped_with_a_token_is_suspended() -> None:
    """Live sessions are not, whether they have bound something or not."""
    async with reaped("a", "b") as (router, view):
        await router.send("live", "bind").outcome()
        await router.send("plain", "hi").outcome()
        listed = await view.sessions(phase="suspended")
        some = await view.sessions(phase="suspended", match="b", limit=0)
        one = view.session("a")
        stack = view.session_stack("a")
        live = await view.sessions()

        assert router.suspended() == ["a", "b"]
        assert router.statistics().suspended == 2
        assert router.inspect("a") is None

    assert [each["key"] for each in listed["sessions"]] == ["a", "b"]
    assert listed["matching"] == 2
    assert some == {"sessions": [], "matching": 1}
    assert (one["phase"], one["age"], one["turn"]) == ("suspended", None, None)
    assert (stack["session"], stack["turns"], stack["actor"]) == (one, [], None)
    assert sorted(each["key"] for each in live["sessions"]) == ["live", "plain"]


@seeds(3)
async def test_a_prompt_resumes_it_and_then_it_is_live() -> None:
    """Until it goes again; one that forgets its token goes for good."""
    async with reaped("a") as (router, _):
        outcome = await router.send("a", "hi").outcome()
        live = router.suspended()
        await trio.sleep(20)
        again = router.suspended()
        await router.send("a", "forget").outcome()
        await trio.sleep(20)

        assert getattr(outcome, "result", None) == {"agent": "a"}
        assert (live, again) == ([], ["a"])
        assert router.suspended() == []


@pytest.mark.parametrize("verb", ["reset", "close"])
@seeds(3)
async def test_a_suspended_key_can_be_forgotten(verb: str) -> None:
    """By the handle and by the view: the next session of it begins anew."""
    async with reaped("a", "b") as (router, view):
        done = getattr(router, verb)("a")
        again = getattr(router, verb)("a")
        said = view.session_verb("b", verb)
        left = router.suspended()
        outcome = await router.send("a", "hi").outcome()

        with pytest.raises(UnknownSessionError):
            view.session_verb("b", verb)

    assert (done.known, again.known) == (True, False)
    assert said["done"].startswith(f"{verb} 'b'")
    assert left == []
    assert getattr(outcome, "result", "nothing came") is None


@seeds(3)
async def test_a_suspended_key_has_nothing_to_cancel() -> None:
    """But it is known, and stays what it is."""
    async with reaped("a") as (router, view):
        assert router.cancel("a").known
        assert router.cancel_all("a").known
        assert not router.cancel("nobody").known
        assert not router.cancel_all("nobody").known
        assert view.session_verb("a", "cancel")["turn"] is None
        assert router.suspended() == ["a"]


@seeds(3)
async def test_tokens_of_an_earlier_life_are_suspended(tmp_path: object) -> None:
    """Of the router, or of the process."""
    store = MemoryTokens()
    store.save("old", 1)

    class Tree(Supervisor):
        children = (ChildSpec(Router, Agent, (), None, store, id="router"),)

    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        await tree.wait_started()
        view = View(system)
        before = await view.sessions(phase="suspended")
        await view.restart_actor("/tree/router")
        after = await view.sessions(phase="suspended")

    files = FileTokens(f"{tmp_path}/tokens")
    files.save("b", 2)
    files.close()
    async with open_system() as system:
        router = start_router(system, Agent, tokens=FileTokens(f"{tmp_path}/tokens"))
        assert router.suspended() == ["b"]

    assert before == after
    assert [each["key"] for each in before["sessions"]] == ["old"]


async def test_of_a_router_that_has_ended_nothing_is_suspended() -> None:
    """It has no list any more."""
    async with open_system() as system:
        router = start_router(system, Agent)
        router.ref.stop()
        await router.ref.wait_stopped()

        assert router.suspended() == []
