"""Renewals of a shared resource that fail, hang, or wait for themselves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from actors.testing import seeds
from supervision import Shared

Open = Callable[[], AbstractAsyncContextManager[object]]


def opener(log: list[str], *, then: Callable[[int], Exception | None]) -> Open:
    """Open in a second what is a new object each time; `then` says what fails."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[object]:
        number = len(log)
        log.append("opening")
        await trio.sleep(1)
        error = then(number)
        if error is not None:
            raise error
        yield object()

    return opened


@seeds(20)
async def test_what_fails_is_left_to_the_next() -> None:
    """Who is told why; the others go on with what that one has opened."""
    log: list[str] = []
    told: list[str] = []

    async def find_out(shared: Shared[object]) -> None:
        async with shared.use() as broken:
            try:
                await shared.renew(broken)
            except OSError as error:
                told.append(str(error))

    opened = opener(log, then=lambda n: OSError("away") if n == 1 else None)
    async with Shared(opened) as shared, trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(find_out, shared)
    assert told == ["away"]
    assert log == ["opening"] * 3


@seeds(20)
async def test_who_is_cancelled_leaves_it_to_the_next() -> None:
    """That is no failure of the others."""
    log: list[str] = []

    async def find_out(shared: Shared[object], patience: float) -> None:
        with trio.move_on_after(patience):
            async with shared.use() as broken:
                await shared.renew(broken)

    async with Shared(opener(log, then=lambda _: None)) as shared:
        async with shared.use() as broken, trio.open_nursery() as nursery:
            nursery.start_soon(find_out, shared, 0.5)
            await trio.sleep(0.1)
            nursery.start_soon(find_out, shared, 60)
            nursery.start_soon(find_out, shared, 60)
        async with shared.use() as now:
            assert now is not broken
    assert log == ["opening"] * 3


@seeds(20)
async def test_one_that_opens_the_same_object_is_renewed_once_for_all() -> None:
    """A singleton that connects anew: it cannot be told from what it was before."""
    one, log = object(), [0]

    @asynccontextmanager
    async def opened() -> AsyncGenerator[object]:
        log[0] += 1
        await trio.sleep(1)
        yield one

    async with Shared(opened) as shared, trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(shared.renew, one)
    assert log == [2]


@seeds(20)
@pytest.mark.parametrize("verb", ["renew", "replace"])
async def test_the_end_of_the_block_does_not_wait_for_an_opening(verb: str) -> None:
    """Who asked for it is told that it has ended: nobody would use it."""
    told: list[str] = []
    log: list[str] = []

    def hang(number: int) -> None:
        if number:
            raise AssertionError

    opened = opener(log, then=hang)

    async def ask(shared: Shared[object], broken: object) -> None:
        with pytest.raises(trio.ClosedResourceError, match="was left"):
            await (shared.renew(broken) if verb == "renew" else shared.replace(opened))
        told.append(verb)

    async with trio.open_nursery() as nursery, Shared(opened) as shared:
        async with shared.use() as broken:
            nursery.start_soon(ask, shared, broken)  # noqa: ASYNC111 - it is the fact
            nursery.start_soon(ask, shared, broken)  # noqa: ASYNC111 - it is the fact
        await trio.sleep(0.5)
    assert told == [verb] * 2
    assert trio.current_time() == 1.5


@seeds(20)
@pytest.mark.parametrize("verb", ["renew", "replace"])
async def test_what_opens_it_cannot_have_it_opened(verb: str) -> None:
    """It would wait for itself; the old one stays."""
    log: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncGenerator[object]:
        log.append("opening")
        if len(log) == 2:
            async with shared.use() as old:
                await (shared.renew(old) if verb == "renew" else shared.replace(opened))
        yield object()

    shared = Shared(opened)
    async with shared, shared.use() as broken:
        with pytest.raises(RuntimeError, match=f"{verb} in the function that opens"):
            await shared.renew(broken)
        await shared.renew(broken)
    assert log == ["opening"] * 3


async def _coroutine() -> object:
    return object()


async def _generator() -> AsyncGenerator[object]:
    yield object()


@contextmanager
def _sync() -> Any:
    yield object()


@pytest.mark.parametrize("wrong", [_coroutine, _generator, _sync, object])
async def test_a_function_that_makes_no_context_manager_is_refused(
    wrong: Any, autojump_clock: MockClock
) -> None:
    """With what would be right; and a replacement with it changes nothing."""
    del autojump_clock
    with pytest.raises(TypeError, match=r"below @asynccontextmanager; <.* made <"):
        async with Shared(cast("Open", wrong)):
            pass
    async with Shared(opener([], then=lambda _: None)) as shared:
        with pytest.raises(TypeError, match="below @asynccontextmanager"):
            await shared.replace(wrong)
        async with shared.use():
            pass


@pytest.mark.parametrize("wrong", [None, object(), "made"])
async def test_the_resource_is_given_as_a_function(
    wrong: Any, autojump_clock: MockClock
) -> None:
    """One context manager could be entered once only, and would seem to be callable."""
    del autojump_clock
    if wrong == "made":
        wrong = opener([], then=lambda _: None)()
    with pytest.raises(
        TypeError, match=r"a function that makes .* lambda: open_client"
    ):
        Shared(wrong)
    async with Shared(opener([], then=lambda _: None)) as shared:
        with pytest.raises(TypeError, match="a function that makes"):
            await shared.replace(wrong)
        with pytest.raises(TypeError, match="what `use` has given, got the Shared"):
            await shared.renew(shared)


async def test_a_block_that_was_not_entered_is_not_left() -> None:
    """It says so."""
    shared = Shared(opener([], then=lambda _: None))
    with pytest.raises(trio.ClosedResourceError, match="was not entered"):
        await shared.__aexit__(None, None, None)
