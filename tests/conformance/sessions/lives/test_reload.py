"""Reloading and jobs while turns run: scenarios S106 and S107."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Completed,
    Failed,
    PromptAccepted,
    PromptRefused,
    Receipt,
    StillRunningError,
)
from actors.testing import seeds
from supervision import Limits
from tests.conformance.sessions.conversing import open_stage


@seeds(20)
async def test_s106_new_limits_touch_nothing_that_runs() -> None:
    """Turns that run go on; those that begin later obey the new limits."""
    async with open_stage(limits=Limits(turns=2)) as (stage, router, _, _):
        running = [router.send(key, f"wait:{key}") for key in ("a", "b")]
        later = [router.send(key, f"wait:{key}") for key in ("c", "d", "e")]
        await settle()

        router.configure(Limits(turns=1))
        await settle()

        # fewer slots: nobody is aborted, and nobody begins before there is room
        assert sorted(key for key, _ in stage.begun) == ["a", "b"]
        assert router.statistics().slots == 1
        stage.open("a")
        await running[0].outcome()
        await settle()
        assert sorted(key for key, _ in stage.begun) == ["a", "b"]
        stage.open("b")
        await running[1].outcome()
        await settle()
        assert [key for key, _ in stage.begun[2:]] == ["c"]

        # more slots: who waits begins at once
        router.configure(Limits(turns=3))
        await settle()
        assert sorted(key for key, _ in stage.begun[3:]) == ["d", "e"]
        stage.open("c", "d", "e")
        for receipt in (*running, *later):
            assert isinstance(await receipt.outcome(), Completed)


@seeds(20)
async def test_s106_a_smaller_pool_closes_no_session_that_works() -> None:
    """There may be more sessions than allowed now; no new one comes before room."""
    async with open_stage(limits=Limits(sessions=3)) as (stage, router, _, _):
        receipts = [router.send(key, "wait:door") for key in ("a", "b", "c")]
        await settle()

        router.configure(Limits(sessions=1))
        await settle()

        assert sorted(each.key for each in router.list()) == ["a", "b", "c"]
        stage.open("door")
        for receipt in receipts:
            assert isinstance(await receipt.outcome(), Completed)
        assert isinstance(await router.send("d", "hello").outcome(), Completed)
        await settle()
        assert [each.key for each in router.list()] == ["d"]


@seeds(20)
async def test_s107_a_job_that_still_runs_is_not_started_again() -> None:
    """Its next tick is skipped, which is an error to its sender and an event."""
    async with open_stage() as (_, router, _, system):
        events = system.subscribe(PromptAccepted, PromptRefused)
        taken: list[Receipt[str]] = []
        skipped: list[tuple[float, str, str]] = []

        for _ in range(6):  # a tick each minute, for a job of two and a half
            try:
                taken.append(router.send("k", "sleep:150", job="backup", origin="cron"))
            except StillRunningError as error:
                skipped.append((trio.current_time(), error.key, error.job))
            await trio.sleep(60)
        await taken[-1].outcome()

        assert [when for when, *_ in skipped] == [60, 120, 240, 300]
        assert {rest for _, *rest_ in skipped for rest in [tuple(rest_)]} == {
            ("k", "backup")
        }
        assert [type(each.ended) for each in taken] == [Completed, Completed]
        refused = [each for each in events.drain() if isinstance(each, PromptRefused)]
        assert [each.at for each in refused] == [60, 120, 240, 300]
        assert all(isinstance(each.error, StillRunningError) for each in refused)
        assert {each.origin for each in refused} == {"cron"}
        assert router.statistics().refused == {"StillRunningError": 4}


@seeds(20)
async def test_s107_a_name_is_free_again_however_the_job_has_ended() -> None:
    """Failed, withdrawn, aborted; and other names, or none, are never refused."""
    async with open_stage() as (_, router, _, _):
        failed = router.send("k", "fail:why", job="backup")
        assert isinstance(await failed.outcome(), Failed)

        running = router.send("k", "wait:never", job="backup")
        await settle()
        with pytest.raises(StillRunningError):
            router.send("k", "hello", job="backup")
        others = [router.send("k", "hello", job="other"), router.send("k", "hello")]
        router.cancel("k")
        await running.outcome()

        waiting = router.send("k", "wait:never", job="backup")
        waiting.withdraw()
        await waiting.outcome()
        last = router.send("k", "hello", job="backup")
        assert isinstance(await last.outcome(), Completed)
        for each in others:
            assert isinstance(await each.outcome(), Completed)
