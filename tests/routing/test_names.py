"""Sessions have names in the tree: no key is another's, and none is kept for ever."""

from __future__ import annotations

import trio

from actors import Aborted, Completed, TurnPolicy, open_system
from supervision import start_router
from tests.conformance.sessions.conversing import Stage, Talker


class Impatient(Talker):
    """Turns that do not end are given up soon."""

    turns = TurnPolicy(abort_grace=1.0)


async def test_keys_that_look_alike_have_sessions_of_their_own() -> None:
    """A key with a slash and one that is its encoding; a key that looks as a second."""
    async with open_system() as system:
        router = start_router(system, Talker, Stage())
        keys = ("a/b", "a%2Fb", "a%252Fb", "a~2", "a")
        receipts = [router.send(key, "") for key in keys]
        outcomes = [await each.outcome() for each in receipts]

        assert all(isinstance(each, Completed) for each in outcomes)


async def test_a_key_whose_old_session_is_deaf_is_free(
    autojump_clock: trio.abc.Clock,
) -> None:
    """It was closed and given up; a new session takes what comes while it lives on."""
    del autojump_clock
    stage = Stage()
    async with open_system() as system:
        router = start_router(system, Impatient, stage)
        for _ in range(2):
            deaf = router.send("a", "hang:door")
            await trio.sleep(0.1)
            router.close("a")
            assert isinstance(await deaf.outcome(), Aborted)

        outcome = await router.send("a", "").outcome()
        stage.open("door")

    assert isinstance(outcome, Completed)
