"""The handle by itself: of a router that has ended, of keys that are none.

What a verb of such a handle says is its own; nothing behind it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Abort,
    Aborted,
    Bounded,
    ClosedToNewError,
    Completed,
    Phase,
    PromptPolicy,
    Replay,
    Steered,
    Turn,
    Withdrawal,
    Withdrawn,
    open_system,
)
from actors.hosting import Chunks
from supervision import (
    Limits,
    NoStoreError,
    RouterRef,
    TurnStream,
    VerbResult,
    start_router,
)
from supervision.durable import MemoryStore
from tests.routing.core.double import Later, made, send
from tests.sessions.doers import Doer, for_ever

UNKNOWN = VerbResult(known=False)
Look = Callable[[RouterRef[Any, Any]], Any]

SAYS: list[tuple[Look, object]] = [
    (lambda r: r.abort(1), Abort.STALE),
    (lambda r: r.cancel("k"), UNKNOWN),
    (lambda r: r.cancel_all("k"), UNKNOWN),
    (lambda r: r.reset("k"), UNKNOWN),
    (lambda r: r.close("k"), UNKNOWN),
    (lambda r: r.stop_admission(), None),
    (lambda r: r.inspect("k"), None),
    (lambda r: r.list(), []),
    (lambda r: r.suspended(), []),
]
RAISES: list[tuple[Look, str]] = [
    (lambda r: r.statistics(), "/router"),
    (lambda r: r.limits, "/router"),
    (lambda r: r.configure(Limits()), "/router"),
    (lambda r: r.send("k", "x"), "k"),
    (lambda r: r.steer("k", "x"), "k"),
]


class Speaker(Doer):
    """Says its prompt, once, and then does not end if that is "on"."""

    async def take_turn(self, turn: Turn[Any, Any]) -> object:
        await turn.emit(turn.prompt)
        if turn.prompt == "on":
            await trio.sleep_forever()
        return turn.prompt


class Open(Doer):
    """Takes what steers it in its first second, and goes on for nine."""

    async def take_turn(self, turn: Turn[Any, Any]) -> object:
        await trio.sleep(1)
        await turn.checkpoint()
        await trio.sleep(9)
        return turn.prompt


class Narrow(Doer):
    """One prompt may wait."""

    prompts = PromptPolicy(capacity=1)


async def ended() -> RouterRef[Any, Any]:
    """A router that had a session, and has ended for good."""
    async with open_system() as system:
        router = start_router(system, Doer)
        await router.send("k", "hello").outcome()
    return router


@pytest.mark.parametrize(("look", "says"), SAYS)
async def test_a_router_that_has_ended_knows_nobody(look: Look, says: object) -> None:
    """Its handle says so, and raises nothing."""
    assert look(await ended()) == says


@pytest.mark.parametrize(("look", "key"), RAISES)
async def test_what_a_router_that_has_ended_cannot_say_or_do_is_refused(
    look: Look, key: str
) -> None:
    """The error names the prompt's key, or the router."""
    router = await ended()

    with pytest.raises(ClosedToNewError) as caught:
        look(router)

    assert caught.value.key == key


async def test_a_handle_shows_whose_it_is() -> None:
    """Also when it is shown in a list."""
    assert repr([await ended()]) == "[<RouterRef /router>]"


VERBS: list[Look] = [
    lambda r: r.cancel,
    lambda r: r.cancel_all,
    lambda r: r.reset,
    lambda r: r.close,
    lambda r: r.inspect,
]


@pytest.mark.parametrize(("key", "error"), [(3, TypeError), ("", ValueError)])
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("over", [False, True])
async def test_a_verb_is_for_a_key_also_when_there_is_nobody(
    verb: Look, key: Any, error: type[Exception], *, over: bool
) -> None:
    """A wrong key is a mistake of the caller's, whether the router lives or not."""
    async with open_system() as system:
        router = start_router(system, Doer)
        if over:
            router.ref.stop()
            await router.ref.wait_stopped()

        with pytest.raises(error, match="key must"):
            verb(router)(key)


ASKS: list[Callable[[RouterRef[Any, Any], Any], Any]] = [
    lambda r, key: r.accept(key, "x"),
    lambda r, key: r.find(key, "id"),
    lambda r, key: r.forget(key, "name"),
    lambda r, key: r.remind(key, "name", after=1, prompt="x"),
    lambda r, key: r.release(key),
]


@pytest.mark.parametrize(("key", "error"), [(3, TypeError), ("", ValueError)])
@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("stored", [False, True])
async def test_a_key_is_looked_at_before_the_store(
    ask: Callable[[RouterRef[Any, Any], Any], Any],
    key: Any,
    error: type[Exception],
    *,
    stored: bool,
) -> None:
    """A wrong key is refused as one, whether there is a store or not."""
    async with open_system() as system:
        router = start_router(system, Doer, durable=MemoryStore() if stored else None)

        with pytest.raises(error, match="key must"):
            await ask(router, key)


async def test_work_that_is_run_exclusively_has_no_prompt_and_no_origin() -> None:
    """It is no message: nobody has sent it from anywhere."""
    seen: list[object] = []

    async def work(turn: Turn[Any, Any]) -> None:
        await trio.lowlevel.checkpoint()
        seen.append(turn.prompt)

    async with open_system() as system:
        router = start_router(system, Doer)
        receipt = router.run_exclusive("k", work)

        assert isinstance(await receipt.outcome(), Completed)

    assert [*seen, receipt.prompt, receipt.origin] == [None, None, None]


@pytest.mark.parametrize("stored", [False, True])
async def test_what_is_sent_again_has_the_chunks_of_the_first(*, stored: bool) -> None:
    """The chunks that were kept are not put away for those of nobody."""
    async with open_system() as system:
        router = start_router(
            system, Speaker, durable=MemoryStore() if stored else None
        )
        options: dict[str, Any] = {"id": "m", "stream": Replay()}
        first = router.send("k", "hello", **options)
        await first.outcome()

        again = router.send("k", "hello", **options)
        third = await router.send_wait("k", "hello", **options)
        if stored:
            assert (await router.accept("k", "hello", **options)).id == first.id
        async with router.reopen_turn("k", "m") as stream:
            chunks = [chunk async for chunk in stream]

        assert first.id == again.id == third.id
        assert chunks == ["hello"]


def test_a_turn_whose_end_is_being_kept_is_ending() -> None:
    """It is neither where it was, nor over before its store has its end."""
    store = Later("ended")
    core, world = made(keeping=store)
    receipt = send(core, "k")
    stream: TurnStream[Any, Any] = TurnStream(
        core, receipt, Chunks[Any](Bounded()), None, aborts=False
    )
    world.step()
    phases = [stream.phase]

    world.finish(1)
    phases.append(stream.phase)
    store.release_all()
    phases.append(stream.phase)

    assert phases == [Phase.RUNNING, Phase.ENDING, Phase.ENDED]


@pytest.mark.parametrize("stored", [False, True])
async def test_a_stream_aborts_a_prompt_that_waits(*, stored: bool) -> None:
    """It is taken back; with a store its outcome comes a little later."""
    async with open_system() as system:
        router = start_router(
            system, Speaker, durable=MemoryStore() if stored else None
        )
        running = router.send("k", "on")
        await settle()
        async with router.open_turn("k", "waits") as stream:
            await settle()
            assert stream.turn is None

            first = stream.abort("why")
            again = stream.abort("other")
            outcome = await stream.outcome()

            assert first is Abort.ABORTING
            assert again is (Abort.ALREADY if stored else Abort.STALE)
            assert outcome == Withdrawn("why")
            assert stream.abort() is Abort.STALE
            assert stream.receipt.withdraw() is Withdrawal.TOO_LATE
        assert running.turn is not None
        router.abort(running.turn)


@pytest.mark.usefixtures("autojump_clock")
@pytest.mark.parametrize("stored", [False, True])
async def test_the_answer_of_who_has_steered_aborts_nobody_elses_turn(
    *, stored: bool
) -> None:
    """It has no turn of its own; the one that took it is aborted by its id."""
    async with open_system() as system:
        router = start_router(system, Open, durable=MemoryStore() if stored else None)
        goes_on, stopped = router.send("k", "one"), router.send("k", "two")
        for first in goes_on, stopped:
            await trio.sleep(0.5)
            steers = router.steer("k", "more", stream=Replay())
            await trio.sleep(1.5)  # it is taken; a store tells it with the turn's end
            async with router.reopen_turn("k", steers.id) as answer:
                assert answer.turn is not None
                assert answer.turn == first.turn

                done = answer.abort("why")

                assert done is (Abort.ALREADY if stored else Abort.STALE)
                if first is stopped:
                    assert router.abort(answer.turn, reason="why") is Abort.ABORTING
                outcome = await first.outcome()
                assert await answer.outcome() == Steered(turn=first.turn)
                assert answer.abort() is Abort.STALE
            assert isinstance(outcome, Aborted if first is stopped else Completed)


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        (3, TypeError, "path must be a str or a Path, got 3"),
        (b"copy", TypeError, "path must be a str or a Path, got b'copy'"),
        (None, TypeError, "path must be a str or a Path, got None"),
        ("", ValueError, "path must be the path of a file, got ''"),
        ("a\0b", ValueError, r"path must be the path of a file, got 'a\\x00b'"),
    ],
)
@pytest.mark.parametrize("stored", [False, True])
async def test_a_copy_has_a_path(
    path: Any, error: type[Exception], words: str, *, stored: bool
) -> None:
    """It is looked at before the store is."""
    async with open_system() as system:
        router = start_router(system, Doer, durable=MemoryStore() if stored else None)

        with pytest.raises(error, match=f"^{words}$"):
            await router.backup(path)


async def test_a_router_without_a_store_has_no_copy() -> None:
    """It says which call needs one."""
    async with open_system() as system:
        router = start_router(system, Doer)

        with pytest.raises(NoStoreError, match=r"backup\(\)"):
            await router.backup("copy")


@pytest.mark.parametrize("key", ["a", "b"])
async def test_who_is_cancelled_in_line_has_sent_nothing(key: str) -> None:
    """In line for a queue, or for a place: whoever stands behind is let in."""
    receipts: list[Any] = []
    gone = trio.CancelScope()
    async with open_system() as system:
        router = start_router(system, Narrow, limits=Limits(sessions=1, turns=1))

        async def send(prompt: str) -> None:
            receipts.append(await router.send_wait(key, prompt))

        async def send_in_vain() -> None:
            with gone:
                await send("first")

        router.send("a", for_ever)
        await settle()
        waits = router.send("a", "waits")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send_in_vain)
            await settle()
            nursery.start_soon(send, "second")
            await settle()
            gone.cancel()
            await settle()
            assert gone.cancelled_caught
            assert receipts == []
            router.cancel("a")

        (second,) = receipts
        assert await second.outcome() == Completed("second", turn=3)
        assert await waits.outcome() == Completed("waits", turn=2)
        assert router.statistics().accepted == 3
        assert router.statistics().refused == {}
