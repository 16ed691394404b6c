"""What clients choose and cannot be: each verb refuses it, with a status over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import pytest
import trio

from actors import (
    BadInputError,
    Completed,
    RefusedError,
    Replay,
    Session,
    Turn,
    UnknownPromptError,
    WhileBusy,
    open_system,
)
from supervision import RouterRef, start_router
from supervision.durable import MemoryServer, MemoryStore, PromptIdError
from supervision.durable._keeping.kept import LONGEST
from supervision.http import http_error

Call = Callable[..., object]
Verb = Callable[[str], object]
HALF: Final = "\ud800"
LONG: Final = "ä" * (LONGEST // 2 + 1)


class Echo(Session[str, str]):
    """It emits its prompt."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        await turn.emit(turn.prompt)


@asynccontextmanager
async def open_router(kind: str) -> AsyncGenerator[RouterRef[str, str]]:
    """A router without a store, with one, or on one that nodes share."""
    stores: dict[str, Any] = {
        "plain": lambda: None,
        "kept": MemoryStore,
        "shared": lambda: MemoryServer().node("a"),
    }
    async with open_system() as system:
        router = start_router(system, Echo, durable=stores[kind]())
        await router.send("ann", "x").outcome()
        yield router


async def called(call: Call, *given: object, **more: object) -> object:
    """What a verb comes to, async or not."""
    done: Any = call(*given, **more)
    if hasattr(done, "__await__"):
        done = await done
    elif hasattr(done, "__aenter__"):
        return await _read(done)
    return cast("object", done)


async def _read(block: Any) -> object:
    async with block as stream:
        chunks: list[object] = [each async for each in stream]
    return chunks


SENDS: Final = ("send", "send_wait", "steer", "follow_up", "open_turn")
VERBS: Final = ("cancel", "cancel_all", "reset", "close", "inspect")


def verbs_of(router: Any, *, kept: bool) -> dict[str, Verb]:
    """Each verb that takes a key, with the rest given."""
    calls: dict[str, Verb] = {}
    for name in (*SENDS, "ask_aside", *(("accept",) if kept else ())):
        calls[name] = _with_prompt(getattr(router, name))
    calls["anywhere.steer"] = lambda key: router.anywhere.steer(key, "x")
    calls["run_exclusive"] = lambda key: router.run_exclusive(key, _nothing)
    for name in VERBS:
        calls[name] = getattr(router, name)
        calls[f"anywhere.{name}"] = getattr(router.anywhere, name)
    calls["locate"] = router.locate
    calls["reopen_turn"] = lambda key: router.reopen_turn(key, "m")
    if kept:
        calls["find"] = lambda key: router.find(key, "m")
        calls["release"] = router.release
        calls["passivate"] = router.passivate
        calls["read"] = router.read
        calls["forget"] = lambda key: router.forget(key, "n")
        calls["remind"] = lambda key: router.remind(key, "n", after=5, prompt="x")
    return calls


def _with_prompt(call: Call) -> Verb:
    return lambda key: call(key, "x")


async def _nothing(turn: Turn[Any, Any]) -> None:
    del turn


def check(error: BadInputError, key: str, what: str) -> None:
    """It says whose act it was, and a client is told that."""
    assert isinstance(error, RefusedError)
    assert isinstance(error, ValueError)
    assert (error.key, error.what) == (key, what)
    told = http_error(error)
    assert (told.status_code, told.detail) == (422, str(error))


@pytest.mark.parametrize("kind", ["plain", "kept", "shared"])
async def test_an_empty_key_is_refused_by_every_verb(kind: str) -> None:
    """As bad input, not as a fault of the service."""
    async with open_router(kind) as router:
        for name, call in verbs_of(router, kept=kind != "plain").items():
            with pytest.raises(BadInputError, match="key must not be empty") as caught:
                await called(call, "")
            check(caught.value, "", "key")
            assert name


@pytest.mark.parametrize(
    ("kind", "key", "what"),
    [
        ("kept", HALF, "surrogates"),
        ("shared", HALF, "surrogates"),
        ("shared", "a\0b", "zero"),
        ("shared", LONG, "at most 1024 bytes"),
    ],
)
async def test_a_key_that_no_store_writes_is_refused_or_unknown(
    kind: str, key: str, what: str
) -> None:
    """By what would store it; for whoever only looks there is nothing of it."""
    async with open_router(kind) as router:
        for name, call in verbs_of(router, kept=True).items():
            stores = name in SENDS or name in (
                "accept",
                "anywhere.steer",
                "ask_aside",
                "run_exclusive",
                "remind",
                "forget",
            )
            if stores:
                with pytest.raises(BadInputError, match=what) as caught:
                    await called(call, key)
                check(caught.value, key, "key")
            elif name == "reopen_turn":
                with pytest.raises(UnknownPromptError):
                    await called(call, key)
            else:
                await called(call, key)


@pytest.mark.parametrize("kind", ["plain", "kept", "shared"])
async def test_an_id_or_a_job_that_is_empty_is_refused(kind: str) -> None:
    """By each verb that takes one."""
    async with open_router(kind) as router:
        more = ("accept",) if kind != "plain" else ()
        for what, names in (
            ("id", (*SENDS, *more)),
            ("job", ("send", "send_wait", *more)),
        ):
            for name in names:
                with pytest.raises(BadInputError, match="must not be empty") as caught:
                    await called(getattr(router, name), "ann", "x", **{what: ""})
                check(caught.value, "ann", what)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("kept", HALF), ("shared", HALF), ("shared", "a\0b"), ("shared", LONG)],
)
async def test_what_no_store_writes_is_refused_before_it_is_accepted(
    kind: str, text: str
) -> None:
    """An id, a job, a tenant, a reminder's name; nothing of it counts as accepted."""
    async with open_router(kind) as router:
        accepted = router.statistics().accepted
        for what, names in (
            ("id", (*SENDS, "accept")),
            ("tenant", (*SENDS, "accept")),
            ("job", ("send", "send_wait", "accept")),
        ):
            for name in names:
                with pytest.raises(BadInputError, match=f"the {what} must") as caught:
                    await called(getattr(router, name), "ann", "x", **{what: text})
                check(caught.value, "ann", what)
        for name, call in (
            ("remind", lambda: router.remind("ann", text, after=5, prompt="x")),
            ("forget", lambda: router.forget("ann", text)),
        ):
            with pytest.raises(BadInputError, match="the name must be text") as caught:
                await called(call)
            check(caught.value, "ann", "name")
            assert name
        assert await router.find("ann", text) is None
        assert router.statistics().accepted == accepted


@pytest.mark.parametrize("kind", ["plain", "kept", "shared"])
async def test_half_a_pair_of_surrogates_in_a_prompt_is_kept_as_it_is(
    kind: str,
) -> None:
    """It is a str like others, whatever a client has sent."""
    async with open_router(kind) as router:
        assert await called(router.open_turn, "ann", HALF) == [HALF]
        assert isinstance(await router.send("ann", HALF).outcome(), Completed)


async def test_a_number_below_zero_is_no_chunk() -> None:
    """`after` comes from a client that reads on."""
    async with open_router("plain") as router:
        await router.send("ann", "x", id="m", stream=Replay()).outcome()
        with pytest.raises(BadInputError, match="got -1") as caught:
            await called(router.reopen_turn, "ann", "m", after=-1)
        check(caught.value, "ann", "after")


async def test_who_steers_has_nothing_to_read() -> None:
    """`busy` may be a client's choice, and the stream the service's."""
    async with open_router("plain") as router:
        busy = WhileBusy.STEER
        with pytest.raises(BadInputError, match="cannot steer") as caught:
            await called(router.open_turn, "ann", "x", busy=busy)
        check(caught.value, "ann", "busy")
        with pytest.raises(BadInputError, match="steers has no stream") as caught:
            router.send("ann", "x", busy=busy, stream=Replay())
        check(caught.value, "ann", "busy")


async def test_an_id_that_a_store_makes_is_bad_input_too() -> None:
    """One error for all that a client has chosen badly."""
    async with open_router("kept") as router:
        with pytest.raises(PromptIdError) as caught:
            router.send("ann", "x", id="~m")
        check(caught.value, "ann", "id")


async def test_the_block_of_open_turn_is_entered_once() -> None:
    """It has sent its prompt then; and what it was given is looked at there."""
    async with open_router("plain") as router:
        block = router.open_turn("ann", "x")
        async with block as stream:
            assert [each async for each in stream] == ["x"]
        with pytest.raises(RuntimeError, match="entered once"):
            async with block:
                pass
        bad = router.open_turn("", "x")  # not yet: a TurnResponse enters it
        with trio.fail_after(1), pytest.raises(BadInputError):
            async with bad:
                pass
