"""What fails is in the log once, with its cause, its router, key and turn.

On the virtual clock.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

import pytest
import trio
from trio.testing import MockClock

from actors import (
    ChildOrphaned,
    Completed,
    Failed,
    PromptPolicy,
    Session,
    SessionStartError,
    TimedOut,
    Turn,
    TurnPolicy,
    open_system,
)
from supervision import Backoff, Limits, RestartLimit, RouterRef, start_router
from supervision._log.rate import IN_A_WINDOW, WINDOW
from supervision._routing.parts.telling import log_event


class Chat(Session[str, str]):
    """Does what its prompt says."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(
        time_limit=100.0, inactivity=20.0, stalls=(5.0,), abort_grace=1.0
    )

    async def take_turn(self, turn: Turn[str, str]) -> None:
        match turn.prompt:
            case "fail":
                raise ValueError("the purse is empty")
            case "mute":
                raise MuteError
            case "wait":
                await trio.sleep_forever()
            case "deaf":
                with trio.CancelScope(shield=True):
                    await trio.sleep(1000)
            case "hook":
                await turn.consult(self.hook, within=1.0, default=None)
            case "slow hook":
                await turn.consult(trio.sleep_forever, within=1.0, default=None)
            case _:
                await turn.emit("fine")

    async def hook(self) -> None:
        """Fail."""
        raise LookupError("no answer")


class MuteError(Exception):
    """Cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, Any, Any]]:
    """Level, text, key and turn of each record of a failure."""
    found = [
        (r.levelname, r.getMessage(), r.__dict__.get("key"), r.__dict__.get("turn"))
        for r in caplog.records
        if r.name == "supervision" and "router" in r.__dict__
    ]
    caplog.clear()
    return found


async def test_turns_that_succeed_are_not_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor are those that somebody has aborted or taken back."""
    caplog.set_level(logging.DEBUG)
    async with open_system() as system:
        router = start_router(system, Chat, name="r")
        await router.send("a", "x").outcome()
        receipt = router.send("a", "wait")
        later = router.send("a", "x")
        await trio.testing.wait_all_tasks_blocked()
        later.withdraw()
        router.cancel("a")
        await receipt.outcome()

    assert said(caplog) == []


async def test_a_turn_that_fails_is_written_down_with_its_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once, with what it failed with."""
    async with open_system() as system:
        router = start_router(system, Chat, name="r")
        outcome = await router.send("alice", "fail").outcome()
        await router.send("bob", "mute").outcome()

    assert isinstance(outcome, Failed)
    info = caplog.records[0].exc_info
    assert info is not None
    assert info[1] is outcome.error
    assert caplog.records[0].__dict__["router"] == "/r"
    assert caplog.records[0].__dict__["outcome"] == "Failed"
    assert said(caplog) == [
        (
            "ERROR",
            "/r: turn 1 of 'alice' failed: ValueError: the purse is empty",
            "alice",
            1,
        ),
        ("ERROR", "/r: turn 2 of 'bob' failed: MuteError", "bob", 2),
    ]


async def test_one_that_stalls_and_is_timed_out_is_written_down(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Each of the two once."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Chat, name="r")
        await router.send("a", "wait").outcome()

    assert said(caplog) == [
        (
            "WARNING",
            "/r: turn 1 of 'a' has stalled: nothing has come from it for 5 s",
            "a",
            1,
        ),
        (
            "WARNING",
            "/r: turn 1 of 'a' timed out: nothing came from the turn for too long",
            "a",
            1,
        ),
    ]


async def test_one_that_is_given_up_is_written_down(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Its code may go on."""
    del autojump_clock
    found: list[Any] = []
    with trio.CancelScope() as scope:
        async with open_system(stop_within=1.0) as system:
            router = start_router(system, Chat, name="r")
            receipt = router.send("a", "deaf")
            await trio.testing.wait_all_tasks_blocked()
            router.cancel("a")
            await receipt.outcome()
            found += said(caplog)
            scope.cancel()

    assert found == [
        (
            "ERROR",
            "/r: turn 1 of 'a' Aborted; it was given up, its code may go on",
            "a",
            1,
        )
    ]


async def test_hooks_that_fail_or_are_slow_are_written_down(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Their defaults hide them from everybody else."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Chat, name="r")
        await router.send("a", "hook").outcome()
        await router.send("a", "slow hook").outcome()

    info = caplog.records[0].exc_info
    assert info is not None
    assert isinstance(info[1], LookupError)
    assert [text for _, text, _, _ in said(caplog)] == [
        "/r: turn 1 of 'a' goes on without its hook 'Chat.hook', which failed",
        (
            "/r: turn 2 of 'a' goes on without its hook 'sleep_forever', which was too "
            "slow"
        ),
    ]


class Broken(Chat):
    """Cannot be made."""

    def __init__(self) -> None:
        raise OSError("no socket")


class SlowStart(Chat):
    """Is never ready."""

    async def started(self) -> None:
        await trio.sleep_forever()


class Falling(Chat):
    """Crashes when it starts."""

    def started(self) -> None:
        raise OSError("no table")


async def failed_start(make: type[Chat], **limits: Any) -> None:
    """Send it something; it cannot take it."""
    async with open_system() as system:
        router: RouterRef[str, str] = start_router(
            system, make, limits=Limits(**limits), name="r"
        )
        outcome = await router.send("a", "x").outcome()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SessionStartError)


async def test_a_session_that_does_not_start_is_written_down_once(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Its constructor fails, its `started` does, or takes too long."""
    del autojump_clock
    await failed_start(Broken)
    (unborn,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert unborn.exc_info is not None
    caplog.clear()
    await failed_start(Falling)
    (fallen,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert fallen.exc_info is not None
    caplog.clear()
    await failed_start(SlowStart, start_within=3.0)
    assert said(caplog) == [
        (
            "ERROR",
            "/r: session 'a' could not be started: not started within 3 seconds",
            "a",
            None,
        )
    ]


class Crashing(Chat):
    """Its session crashes beside its turn."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=5)

    async def take_turn(self, turn: Turn[str, str]) -> None:
        del turn
        self.start_soon(self.fail)
        await trio.sleep_forever()

    async def fail(self) -> None:
        """Crash."""
        raise ValueError("beside")


async def test_a_quarantine_is_written_down_and_a_crash_only_once(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """The turn of a session that has crashed is told with the crash."""
    del autojump_clock
    async with open_system() as system:
        limits = Limits(
            restarts=RestartLimit(0, within=10), quarantine=Backoff(30, 60, jitter=0)
        )
        router = start_router(system, Crashing, limits=limits, name="r")
        await router.send("a", "x").outcome()

    crashes = [r for r in caplog.records if r.exc_info]
    assert len(crashes) == 1
    assert said(caplog) == [
        (
            "ERROR",
            (
                "/r: session 'a' is quarantined: it has crashed too often, and is "
                "refused for 30 s"
            ),
            "a",
            None,
        )
    ]


async def test_a_flood_is_counted(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """Ten a second, and then the number of the rest."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Chat, name="r")
        for number in range(IN_A_WINDOW + 5):
            await router.send(f"k{number}", "fail").outcome()
        assert len(said(caplog)) == IN_A_WINDOW
        await trio.sleep(WINDOW + 0.1)
        assert [text for _, text, _, _ in said(caplog)] == [
            "/r: 5 more failures were not logged"
        ]
        await router.send("a", "fail").outcome()
        assert len(said(caplog)) == 1


async def test_a_flood_that_goes_on_is_counted_before_the_next_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also if its timer has not come yet."""
    from supervision._routing.failures import FailureLog  # noqa: PLC0415

    now = [100.0]
    timers: list[float] = []

    def at(when: float, call: object) -> Any:
        del call
        timers.append(when)

    log = FailureLog("/r", lambda: now[0], at)
    for _ in range(IN_A_WINDOW + 3):
        log.write(logging.ERROR, "k", "fails")
    now[0] += WINDOW
    log.write(logging.ERROR, "k", "fails")

    assert timers == [100.0 + WINDOW]
    assert [text for _, text, _, _ in said(caplog)][-2:] == [
        "/r: 3 more failures were not logged",
        "/r: session 'k' fails",
    ]


class Noting:
    """A world that keeps what is written down."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str, str, dict[str, Any]]] = []

    def log_failure(self, level: int, key: str, text: str, **more: Any) -> None:
        """Keep it."""
        self.found.append((level, key, text, more))


def test_a_child_that_fails_when_its_parent_is_over_is_written_down() -> None:
    """Nobody else would hear of it; one that completes is no failure."""
    world: Any = Noting()
    ref: Any = None
    error = ValueError("x")
    for outcome in (Completed(), Failed(error=error), TimedOut()):
        log_event(world, ChildOrphaned(1.0, ref, "k", 7, 3, outcome))

    assert world.found == [
        (
            logging.ERROR,
            "k",
            f"has failed as a child of turn 3, which is over: {name}",
            {"turn": 7, "outcome": name, "error": cause},
        )
        for name, cause in (("Failed", error), ("TimedOut", None))
    ]
