"""What a client may do to the control socket, and that it harms nobody but itself."""

from __future__ import annotations

import gc
import logging
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import ActorSystem
from supervision.control import connection, server
from supervision.control._endpoints import app, gate
from supervision.control._endpoints import stream as event_stream
from supervision.service import ResultShape, View
from tests.control.client import Served, answer_in, rest_of, serving

GET = b"GET /health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /sessions/k/cancel HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


def big(system: ActorSystem) -> View:
    """A view that answers with megabytes."""
    return View(system, name="x" * 4_000_000)


async def check_unharmed(served: Served) -> None:
    """The server answers, and holds nothing of what came before."""
    assert (await served.get("/ready")).status == 200
    await settle()
    assert served.system.statistics().crashes == 0


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\r\n\r\n", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /health\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        (b"GET /he alth HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (GET + b"no colon\r\n\r\n", 400),
        (GET + b"a: b\x00\r\n\r\n", 400),
        (GET + b"Content-Length: x\r\n\r\n", 400),
        (GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (GET + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (GET + b"a: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"x" * 100_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), 400),  # TLS
        (bytes(range(256)) * 10 + b"\r\n\r\n", 400),
    ],
)
async def test_what_is_no_http_is_refused(
    sent: bytes, status: int, tmp_path: Path
) -> None:
    """With a status, and the end of the connection; nobody else notices."""
    async with serving(tmp_path) as served:
        answer = answer_in(await served.say(sent))
        await check_unharmed(served)

    assert answer.status == status


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\x00",
        b"GET",
        GET,
        POST + b"Content-Length: 10\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n",
        GET + b"\r\n" + GET + b"\r\n" + GET,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20,  # and takes no answer
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nPRI * HTTP/2.0\r\n\r\n",
    ],
)
async def test_a_client_that_goes_away_leaves_nothing(
    sent: bytes, tmp_path: Path
) -> None:
    """Wherever it was in its request."""
    async with serving(tmp_path, big) as served:
        tasks = trio.lowlevel.current_statistics().tasks_living
        for _ in range(3):
            async with await served.connect() as stream:
                await stream.send_all(sent)
                await settle()
        await settle()
        left = trio.lowlevel.current_statistics().tasks_living - tasks
        await check_unharmed(served)

    assert left == 0


@pytest.mark.parametrize("end", [b"", b"0\r\n\r\n"])
async def test_half_a_request_is_none(end: bytes, tmp_path: Path) -> None:
    """Nothing is done for a client that went away before its last byte."""
    async with serving(tmp_path) as served:
        await served.router.send("k", "hi").outcome()
        head = POST.replace(b"cancel", b"close")
        async with await served.connect() as stream:
            await stream.send_all(head + b"Transfer-Encoding: chunked\r\n\r\n")
            await stream.send_all(b"2\r\n{}\r\n")
            await settle()
            await stream.send_all(end)
        await settle()
        known = served.router.inspect("k") is not None
        await check_unharmed(served)

    assert known == (end == b"")


async def test_who_has_said_its_last_may_still_listen(tmp_path: Path) -> None:
    """As a client that sends from a pipe."""
    async with serving(tmp_path) as served, await served.connect() as stream:
        await stream.send_all(GET + b"\r\n")
        await stream.send_eof()
        answer = answer_in(await rest_of(stream))

    assert answer.status == 200


class Slow(View):
    """Stops actors for hours."""

    async def stop_actor(self, path: str) -> ResultShape:
        """As slow as it can be."""
        await trio.sleep(3600)
        return ResultShape(done=path, turn=None, withdrawn=[], node=None)


async def test_nobody_is_answered_long_after_it_has_gone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Who stays is, however long it takes."""
    del autojump_clock  # time is virtual
    async with serving(tmp_path, Slow) as served:
        before = trio.lowlevel.current_statistics().tasks_living
        for _ in range(5):
            async with await served.connect() as stream:
                await stream.send_all(
                    b"POST /actors/a/stop HTTP/1.1\r\nHost: x\r\n\r\n"
                )
                await settle()
        await trio.sleep(gate.LINGER + 1)
        left = trio.lowlevel.current_statistics().tasks_living - before
        answer = await served.post("/actors/a/stop")

    assert left == 0
    assert answer.json["done"] == "/a"


async def test_half_a_head_is_waited_for_only_for_a_while(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Also if a byte comes now and then."""
    del autojump_clock  # time is virtual
    async with serving(tmp_path) as served:
        async with await served.connect() as stream, trio.open_nursery() as nursery:
            began = trio.current_time()

            async def trickle() -> None:
                for byte in GET * 100:
                    await stream.send_all(bytes([byte]))
                    await trio.sleep(1)

            async def patiently() -> None:
                with suppress(trio.BrokenResourceError):
                    await trickle()

            nursery.start_soon(patiently)
            content = await rest_of(stream)
            lasted = trio.current_time() - began
        await check_unharmed(served)

    assert content == b""
    assert lasted == pytest.approx(server.IDLE, abs=1.5)


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 10\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        GET + b"Content-Length: 10\r\n\r\n",
    ],
)
async def test_half_a_body_is_waited_for_only_for_a_while(
    sent: bytes, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Then the client is told, and the connection ends."""
    del autojump_clock  # time is virtual
    async with serving(tmp_path) as served:
        began = trio.current_time()
        answer = answer_in(await served.say(sent))
        lasted = trio.current_time() - began
        await check_unharmed(served)

    assert answer.status == 408
    assert "did not arrive within 10 s" in answer.error
    assert lasted == pytest.approx(gate.WITHIN, abs=0.1)


async def test_an_idle_connection_is_closed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Before the first request, and after one."""
    del autojump_clock  # time is virtual
    lasted: list[float] = []
    async with serving(tmp_path) as served:
        for sent in (b"", GET + b"\r\n"):
            began = trio.current_time()
            await served.say(sent)
            lasted.append(trio.current_time() - began)
        await check_unharmed(served)

    assert lasted == [pytest.approx(server.IDLE, abs=0.1)] * 2


def body_of(length: int, *, chunked: bool) -> bytes:
    """A POST with a body of that many bytes."""
    if not chunked:
        return POST + b"Content-Length: %d\r\n\r\n" % length + b" " * length
    piece = b"%x\r\n%s\r\n" % (1000, b" " * 1000)
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + piece * (length // 1000) + b"0\r\n\r\n"


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_may_have_64_kib(chunked: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """One more byte and it is too long; its sender is heard out, and told."""
    async with serving(tmp_path) as served:
        fits = answer_in(await served.say(body_of(gate.BODY - 536, chunked=chunked)))
        long = answer_in(await served.say(body_of(1_000_000, chunked=chunked)))
        await check_unharmed(served)

    assert fits.status == 404  # there is no such session
    assert (long.status, long.error) == (
        413,
        "the body is too long: at most 65,536 bytes are read",
    )


@pytest.mark.parametrize("target", [b"/stop", b"/nope", b"/health", b"/events"])
async def test_a_body_without_end_is_cut(target: bytes, tmp_path: Path) -> None:
    """Whatever it is for: after 8 MiB the connection ends."""
    sent = 0
    async with serving(tmp_path) as served:
        async with await served.connect() as stream:
            head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
            await stream.send_all(head % target)
            with suppress(trio.BrokenResourceError):
                while True:
                    await stream.send_all(bytes(60_000))
                    sent += 60_000
            answer = answer_in(await rest_of(stream))
        await check_unharmed(served)

    assert answer.status == 413
    assert sent < gate.TAKEN + 2_000_000


async def test_very_many_tiny_chunks_cost_little(tmp_path: Path) -> None:
    """They are put together as they come."""
    sent = POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 20_000
    async with serving(tmp_path) as served:
        answer = answer_in(await served.say(sent + b"0\r\n\r\n"))
        await check_unharmed(served)

    assert answer.status == 404


async def test_a_hundred_requests_at_once_are_answered_in_their_order(
    tmp_path: Path,
) -> None:
    """Pipelined on one connection, which is kept."""
    last = GET + b"Connection: close\r\n\r\n"
    async with serving(tmp_path) as served:
        content = await served.say((GET + b"\r\n") * 99 + last)
        await check_unharmed(served)

    assert content.count(b"HTTP/1.1 200") == 100


async def test_connections_are_bounded_and_wait_for_each_other(tmp_path: Path) -> None:
    """64 are served; the next ones when those have ended."""
    async with serving(tmp_path) as served:
        before = trio.lowlevel.current_statistics().tasks_living
        idle = [await served.connect() for _ in range(server.CONNECTIONS)]
        await settle()
        tasks = trio.lowlevel.current_statistics().tasks_living - before
        one_more = await served.connect()
        await one_more.send_all(GET + b"Connection: close\r\n\r\n")
        await settle()
        with trio.move_on_after(0):
            await one_more.receive_some(1)
            pytest.fail("the 65th was served")
        await idle.pop().aclose()
        answer = answer_in(await rest_of(one_more))
        for stream in (one_more, *idle):
            await stream.aclose()
        await settle()
        left = trio.lowlevel.current_statistics().tasks_living - before
        await check_unharmed(served)

    assert answer.status == 200
    assert tasks <= server.CONNECTIONS * 2 + 1
    assert left == 0


async def test_thousands_of_connections_one_after_another(tmp_path: Path) -> None:
    """Nothing grows with their number."""
    async with serving(tmp_path) as served:
        before = trio.lowlevel.current_statistics().tasks_living

        async def client() -> None:
            for number in range(60):
                # one that finds 1,024 others waiting is turned away
                with suppress(trio.BrokenResourceError, OSError):
                    async with await served.connect() as stream:
                        await stream.send_all(GET[: number % 30])

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(client)
        await settle()
        left = trio.lowlevel.current_statistics().tasks_living - before
        await check_unharmed(served)

    assert left == 0


async def test_a_client_that_does_not_read_is_cut(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """A minute after it has taken the last piece; others are served meanwhile."""
    del autojump_clock  # time is virtual
    async with serving(tmp_path, big) as served:
        before = trio.lowlevel.current_statistics().tasks_living
        async with await served.connect() as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await settle()
            await trio.sleep(connection.PATIENCE - 1)
            held = trio.lowlevel.current_statistics().tasks_living - before
            healthy = await served.get("/health")
            await trio.sleep(2)
            await settle()
            left = trio.lowlevel.current_statistics().tasks_living - before
            taken = len(await rest_of(stream))

    assert healthy.status == 200
    assert held > 0
    assert left == 0
    assert taken < 4_000_000


async def test_a_slow_reader_gets_all_of_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Who takes some now and then is served for as long as it takes."""
    del autojump_clock  # time is virtual
    async with serving(tmp_path, big) as served:
        began = trio.current_time()
        async with await served.connect() as stream:
            head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            await stream.send_all(head)
            content = b""
            while part := await stream.receive_some(100_000):
                content += part
                await trio.sleep(5)
        lasted = trio.current_time() - began

    assert len(answer_in(content).json["name"]) == 4_000_000
    assert lasted > 100


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        GET,
        GET + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        POST + b"Content-Length: 10\r\n\r\n{",
        b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n" * 20,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20,
    ],
)
async def test_a_cancelled_server_ends_at_once(
    sent: bytes, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Whatever its clients are doing, such as not reading; no warning, no leak."""
    del autojump_clock  # time is virtual
    streams: list[trio.SocketStream] = []
    async with serving(tmp_path, big) as served:
        for _ in range(5):
            streams.append(await served.connect())
            await streams[-1].send_all(sent)
        await settle()
        began = trio.current_time()
        served.scope.cancel()
    lasted = trio.current_time() - began
    for stream in streams:
        await rest_of(stream)
        await stream.aclose()
    gc.collect()

    assert lasted == 0


async def test_websockets_are_refused(tmp_path: Path) -> None:
    """There are none."""
    upgrade = (
        b"GET /events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with serving(tmp_path) as served:
        answer = answer_in(await served.say(upgrade))
        await check_unharmed(served)

    assert answer.status == 403


async def test_http_2_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Also to a client that says it has no room for the answer."""
    del autojump_clock  # time is virtual
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    no_room = b"\0\0\6\4\0\0\0\0\0" + b"\0\4\0\0\0\0"
    get = b"\0\0\4\1\5\0\0\0%c" + b"\x82\x84\x86\x81"
    async with serving(tmp_path) as served:
        before = trio.lowlevel.current_statistics().tasks_living
        async with await served.connect() as stream:
            requests = b"".join(get % number for number in (1, 3, 5))
            await stream.send_all(preface + no_room + requests)
            await settle()
            answers = await stream.receive_some()
            await trio.sleep(2)
            left = trio.lowlevel.current_statistics().tasks_living - before
        await check_unharmed(served)

    assert answers
    assert b"HTTP/1.1 is spoken" not in answers  # there is no room for it
    assert left == 0


@pytest.mark.parametrize(
    "target",
    [
        "/../../etc/passwd",
        "/actors/../../etc/passwd",
        "/actors/%2e%2e/%2e%2e/etc/passwd",
        "/sessions/..%2f..%2fetc%2fpasswd",
        "/sessions/%00",
        "/sessions/%ff%fe",
        "/sessions/%zz%",
        "/sessions/%0d%0aSet-Cookie:%20a",
        "/sessions/" + "%41" * 3000,
        "//actors",
        "/actors",
        "/health/",
        "/HEALTH",
        "/health%2f",
        "/%68ealth",
        "/health;a=b",
        "*",
        "http://other.example/nope",
    ],
)
async def test_strange_paths_lead_nowhere(target: str, tmp_path: Path) -> None:
    """There are no files behind them, and nothing of them is in a header."""
    async with serving(tmp_path) as served:
        answer = await served.get(target)
        await check_unharmed(served)

    assert answer.status == 404
    assert answer.error
    assert "set-cookie" not in answer.headers


async def test_a_whole_address_is_its_path(tmp_path: Path) -> None:
    """As a client behind a proxy writes it."""
    async with serving(tmp_path) as served:
        answers = [
            await served.get("http://x/health"),
            await served.get("http://x/top?rows=1"),
        ]

    assert [each.status for each in answers] == [200, 200]


async def test_event_streams_are_bounded(tmp_path: Path) -> None:
    """So that a crowd of watchers leaves room for who wants to stop it."""
    events = b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n"
    async with serving(tmp_path) as served:
        streams = [await served.connect() for _ in range(app.STREAMS)]
        for stream in streams:
            await stream.send_all(events)
        await settle()
        refused = await served.get("/events")
        await streams.pop().aclose()
        await settle()
        async with await served.connect() as again:
            await again.send_all(events)
            first = await again.receive_some(12)
        for stream in streams:
            await stream.aclose()
        await settle()
        await check_unharmed(served)

    assert refused.status == 503
    assert "follow the events already" in refused.error
    assert first == b"HTTP/1.1 200"


EVENTS = b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n"
PARTS = (
    EVENTS,
    GET + b"\r\n",
    POST + b'Content-Length: 15\r\n\r\n{"reason":"xy"}',
    POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    b"GET /tree?depth=3&width=2 HTTP/1.0\r\n\r\n",
    b"HEAD /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    GET + b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    b"\0\0\x0b\1\5\0\0\0\1\x82\x84\x86\x41\1x\x82\x84\x86\x41\1x",
    b"Content-Length: 5\r\n",
    b"Connection: close\r\n",
    b"\r\n",
    b"%2f",
    b"\0",
    b"x" * 5000,
)


def mangled(random: Random) -> bytes:
    """Some of the parts, one after another, with accidents."""
    sent = bytearray(b"".join(random.choices(PARTS, k=random.randint(1, 4))))
    for _ in range(random.choice((0, 0, 1, 2, 10))):
        place = random.randrange(len(sent) + 1)
        accident = random.randrange(3)
        if accident == 0:
            sent[place : place + 1] = random.randbytes(1)
        elif accident == 1:
            del sent[place : place + random.randrange(10)]
        else:
            sent[place:place] = random.choice(PARTS)
    return bytes(sent)


@pytest.mark.parametrize("seed", range(10))
async def test_accidents_and_malice_end_with_their_connection(
    seed: int,
    tmp_path: Path,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever is sent, and wherever its sender stops listening."""
    del autojump_clock  # time is virtual
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret

    async def client(served: Served) -> None:
        async with await served.connect() as stream:
            with suppress(trio.BrokenResourceError):
                await stream.send_all(mangled(random))
                if random.random() < 0.2:
                    await stream.send_eof()
                if random.random() < 0.5:
                    with trio.move_on_after(random.choice((0, 1, 20))):
                        await stream.receive_some(random.choice((1, 100_000)))

    with caplog.at_level(logging.INFO):
        async with serving(tmp_path) as served:
            before = trio.lowlevel.current_statistics().tasks_living
            for _ in range(4):
                async with trio.open_nursery() as nursery:
                    for _ in range(20):
                        nursery.start_soon(client, served)
            await trio.sleep(event_stream.KEEP_ALIVE + connection.QUIET)
            left = trio.lowlevel.current_statistics().tasks_living - before
            await check_unharmed(served)

    assert left == 0
    assert [each for each in caplog.records if each.name != "supervision.audit"] == []
