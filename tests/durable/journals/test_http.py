"""Answers that are kept, as server-sent events."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actors import Journal
from actors.testing import seeds
from supervision import RouterRef
from supervision.durable import CodecError, SqliteStore, StorePolicy
from supervision.http import TurnResponse, last_event_id
from tests.durable.keeping.stage import Stage, make_store, open_process, turn_runs
from tests.durable.sealing.boxes import Keyed
from tests.routing.reading.test_http import Client, Handler

from .test_journals import FAR, numbers


def open_turn(router: RouterRef[str, str], prompt: str) -> Handler:
    """A handler that begins a turn whose answer is kept."""
    return lambda _: TurnResponse(
        router.open_turn("k", prompt, id="m", stream=Journal(chunks=4))
    )


def reopen_turn(router: RouterRef[str, str]) -> Handler:
    """A handler that reads it again."""
    return lambda request: TurnResponse(
        router.reopen_turn("k", "m", after=last_event_id(request))
    )


def chunks(client: Client) -> list[str]:
    """What it has read."""
    return [data for _, name, data in client.events if not name]


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_a_client_leaves_and_comes_back(kind: str, tmp_path: Any) -> None:
    """While the turn runs, when it has ended, and after its process."""
    stage = Stage(make_store(kind, tmp_path, StorePolicy(journal_bytes=300)))
    prompt = "count:40 wait:door count:2"
    async with open_process(stage) as process:
        router = process.router
        first = Client(open_turn(router, prompt))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(first.ask)
            while len(chunks(first)) < 40:  # noqa: ASYNC110 - nobody tells
                await trio.lowlevel.checkpoint()
            first.left.set()
        assert chunks(first) == numbers(1, 40)
        assert not first.whole

        second = Client(reopen_turn(router), last_event_id="7")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(second.ask)
            while len(chunks(second)) < 33:  # noqa: ASYNC110
                await trio.lowlevel.checkpoint()
            stage.open("door")
        assert chunks(second) == numbers(8, 40) + numbers(1, 2)
        assert second.events[-2][0] == "42"
        assert second.events[-1][2]["outcome"] == "Completed"
    async with open_process(stage) as process:
        router = process.router
        third = await Client(reopen_turn(router), last_event_id="39").ask()
        assert [each for each, _, _ in third.events] == ["40", "41", "42", "end"]
        again = await Client(open_turn(router, prompt)).ask()
        assert len(chunks(again)) == 42
        router.reset("k")
        gone = await Client(reopen_turn(router), last_event_id="39").ask()
        assert gone.status == 404


@seeds(3)
@pytest.mark.parametrize("comes", ["early", "late"])
async def test_a_second_try_is_said_to_who_was_in_the_first(comes: str) -> None:
    """Before it has begun as an event; later that has to begin anew, and may."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept(
            "k", "count:6 wait:door", id="m", attempts=2, stream=Journal()
        )
        await turn_runs(stage, "count:6 wait:door")
        await trio.sleep(1)  # so that it is written
        process.kill()
    stage.open("door")
    stage.begun.clear()
    async with open_process(stage) as process:
        router = process.router
        if comes == "late":
            await turn_runs(stage, "count:6 wait:door")
        behind = await Client(reopen_turn(router), last_event_id="5").ask()
        if comes == "late":
            assert behind.status == 410
        else:
            names = [name for _, name, _ in behind.events]
            assert "restart" in names
            assert chunks(behind) == numbers(1, 6, attempt=2)
        anew = await Client(reopen_turn(router)).ask()
        assert chunks(anew) == numbers(1, 6, attempt=2)
        assert anew.events[0][0] == str(FAR + 1)


@seeds(3)
@pytest.mark.parametrize("what", ["running", "waiting"])
async def test_a_stream_is_not_over_when_its_router_ends(what: str) -> None:
    """It ends without the last event: the client comes back, to the next one."""
    stage = Stage()
    words = "count:3 wait:door"
    async with open_process(stage) as process:
        router = process.router
        if what == "waiting":
            await process.router.accept("k", "wait:door", attempts=2)
        await process.router.accept("k", words, id="m", attempts=2, stream=Journal())
        client = Client(reopen_turn(router))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.ask)
            await trio.sleep(1)
            process.router.ref.stop()
        late = await Client(reopen_turn(router), last_event_id="2").ask()
    assert client.status == 200
    assert client.whole
    assert "end" not in [name for _, name, _ in client.events]
    assert late.status == 503
    assert late.sent["retry-after"] == "1"
    stage.open("door")
    async with open_process(stage) as process:
        router = process.router
        again = await Client(reopen_turn(router)).ask()
        attempt = 2 if what == "running" else 1
        assert chunks(again) == numbers(1, 3, attempt)
        assert again.events[-1][2]["outcome"] == "Completed"


@seeds(3)
async def test_what_was_sent_again_when_its_answer_is_gone_says_so() -> None:
    """An empty answer would look whole."""
    stage = Stage()
    async with open_process(stage) as process:
        receipt = await process.router.accept("k", "count:5", id="m", stream=Journal())
        await receipt.outcome()
        process.router.reset("k")
        await trio.sleep(1)
    async with open_process(stage) as process:
        client = await Client(open_turn(process.router, "count:5")).ask()
    names = [name for _, name, _ in client.events if name not in {"waiting", "begun"}]
    assert names == ["gone", "end"]
    assert client.events[-1][2]["outcome"] == "Completed"


async def test_what_cannot_be_read_is_the_servers_fault(tmp_path: Any) -> None:
    """It is raised alone, and nothing is said to be over."""

    def store(key: bytes) -> SqliteStore:
        return SqliteStore(tmp_path / "chat.db", seal=Keyed(key))

    async with open_process(Stage(store(b"k"))) as process:
        receipt = await process.router.accept("k", "count:5", id="m", stream=Journal())
        await receipt.outcome()
    async with open_process(Stage(store(b"other"))) as process:
        client = Client(reopen_turn(process.router))
        with pytest.raises(CodecError):
            await client.ask()
    assert client.events == []
