"""The limits of routers: looked at, changed by their names, and kept."""

from __future__ import annotations

import math

import attrs
import pytest

from actors import ClosedToNewError, Session, Turn, open_system
from actors.testing import seeds
from supervision import (
    Backoff,
    ChildSpec,
    Limits,
    Router,
    Supervisor,
    find_child,
    router_ref,
    start_router,
)
from supervision._view.limits import changed, limits_shape
from supervision.service import (
    BadQueryError,
    CannotError,
    UnknownSessionError,
    View,
)


class Chat(Session[str, str]):
    """Answers."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        return turn.prompt


class Tree(Supervisor):
    """A router in a tree."""

    children = (ChildSpec(Router, Chat, (), Limits(turns=3), id="router"),)


@seeds(5)
async def test_limits_that_are_changed_outlive_the_router() -> None:
    """By a crash-restart of the program's own, and by an operator's."""
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        await tree.wait_started()
        router = router_ref(await find_child(tree, "router"), Chat)
        view = View(system)
        before = view.limits()
        done = view.configure({"turns": "7", "idle": "inf"})
        await view.restart_actor("/tree/router")
        (after,) = view.limits("/tree/router")["limits"]
        given = router.limits

    assert [each["turns"] for each in before["limits"]] == [3]
    assert done["done"] == "/tree/router has turns 7, idle inf"
    assert (after["router"], after["turns"], after["idle"]) == ("/tree/router", 7, None)
    assert given == Limits(turns=7, idle=math.inf)


async def test_which_router_is_meant_must_be_clear() -> None:
    """Nothing is changed by a guess."""
    async with open_system() as system:
        view = View(system)
        with pytest.raises(UnknownSessionError, match="there is no router"):
            view.configure({"turns": "1"})
        one = start_router(system, Chat, name="one")
        start_router(system, Chat, name="two")
        with pytest.raises(CannotError, match="say which of /one, /two"):
            view.configure({"turns": "1"})
        with pytest.raises(UnknownSessionError, match="there are: /one, /two"):
            view.limits("/three")
        with pytest.raises(BadQueryError, match="name a limit to change, of sessions"):
            view.configure({}, router="/one")
        view.configure({"turns": "1"}, router="/one")
        turns = [each["turns"] for each in view.limits()["limits"]]
        one.ref.stop()
        await one.ref.wait_stopped()
        with pytest.raises(ClosedToNewError):
            _ = one.limits

    assert turns == [1, 1000]


def test_every_limit_is_shown() -> None:
    """What JSON does not know is null or a text."""
    shown = limits_shape("/r", Limits(backoff=Backoff(1, 30), start_within=5.5))

    assert shown == {
        "router": "/r",
        "sessions": 100_000,
        "sessions_per_tenant": None,
        "turns": 1000,
        "turns_per_tenant": None,
        "replays": 1000,
        "idle": 14_400.0,
        "start_within": 5.5,
        "restarts": "3 within 60 s",
        "quarantine": "30 to 3600 s",
        "backoff": "1 to 30 s",
    }
    fields = {field.name for field in attrs.fields(Limits)}
    assert set(shown) == fields | {"router"}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("sessions", "20", 20),
        ("sessions_per_tenant", "2", 2),
        ("sessions_per_tenant", "none", None),
        ("turns_per_tenant", "none", None),
        ("replays", "0", 0),
        ("idle", "0.5", 0.5),
        ("idle", "inf", math.inf),
        ("start_within", "10", 10.0),
    ],
)
def test_a_limit_is_read_as_it_is_written(
    name: str, text: str, value: float | None
) -> None:
    """And all others stay."""
    before = Limits(sessions_per_tenant=4, turns_per_tenant=4)
    after = changed(before, {name: text})

    assert getattr(after, name) == value
    assert changed(after, {}) == after
    assert after.turns == before.turns


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("sessions", "0", "sessions must be at least 1"),
        ("sessions", "none", "must be a whole number from 1 on, got 'none'"),
        ("replays", "-1", "replays must be a whole number from 0 on"),
        ("turns", "1.5", "must be a whole number"),
        ("turns_per_tenant", "x", "whole number from 1 on, or none, got 'x'"),
        ("idle", "0", "idle must be above 0"),
        ("idle", "nan", "must be a number of seconds above 0, or inf, got 'nan'"),
        ("idle", "-1", "must be a number of seconds"),
        ("restarts", "3", "'restarts' cannot be changed here, only sessions, "),
        ("fly", "3", "'fly' cannot be changed here"),
    ],
)
def test_what_is_no_limit_is_refused(name: str, text: str, words: str) -> None:
    """It says what would be right."""
    with pytest.raises(BadQueryError, match=words):
        changed(Limits(), {name: text})
