"""Restate: its server, which keeps and pushes, and a service by its Python SDK.

The server is one program, from npm (`@restatedev/restate-server`) or its releases, on
the PATH or where `BENCH_RESTATE` says; it runs with its defaults, which wait for the
disk, in a folder of its own.  The service is served by Hypercorn over HTTP/2, as its
guide has it.  A prompt is one call with an idempotency key that waits for its answer:
accepted, run, committed and told in one round trip.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import trio

from benchmarks.load import share
from benchmarks.peers import MissingPeerError
from benchmarks.run import Run

PATIENCE: Final = 60.0
"""Seconds for the server to start."""
ROOT: Final = Path(__file__).resolve().parents[2]
HOST: Final = "127.0.0.1"


def program() -> str:
    """Find the server.

    Raises:
        MissingPeerError: it, or the SDK, is not installed.
    """
    found = os.environ.get("BENCH_RESTATE") or shutil.which("restate-server")
    if found is None:
        msg = (
            "restate-server is not on the PATH, and BENCH_RESTATE does not say where"
            " it is: npm install @restatedev/restate-server"
        )
        raise MissingPeerError(msg)
    for each in ("restate", "hypercorn"):
        importlib.import_module(each)
    return found


async def turns(run: Run, sessions: int, text: str) -> None:
    """Have so many sessions take turns at once, each one after the other."""
    each = share(run.count, sessions)
    right = 0
    async with _serving(program()) as port:

        async def client(number: int, times: int) -> None:
            nonlocal right
            body = json.dumps(text).encode()
            stream = await trio.open_tcp_stream(HOST, port)
            async with stream:
                for turn in range(times):
                    answer = await _post(
                        stream,
                        f"/Session/s{number}/take_turn",
                        body,
                        {"idempotency-key": f"{number}-{times}-{turn}"},
                    )
                    right += answer == b"%d" % len(text)

        async with trio.open_nursery() as clients:
            for number in range(sessions):
                clients.start_soon(client, number, 1)  # it is warm
        run.equal(right, sessions, "right answers")
        right = 0
        with run.timed(each * sessions):
            async with trio.open_nursery() as clients:
                for number in range(sessions):
                    clients.start_soon(client, number, each)
        run.equal(right, each * sessions, "right answers")


@asynccontextmanager
async def _serving(server: str) -> AsyncGenerator[int]:
    """Run the server and the service; gives the port for calls."""
    names = ("ingress", "admin", "fabric", "service")
    ports = {each: _free_port() for each in names}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = {
            **os.environ,
            "RESTATE_DISABLE_TELEMETRY": "true",
            "RESTATE_LISTEN_MODE": "tcp",
            "RESTATE_BIND_IP": HOST,
            "RESTATE_BIND_PORT": str(ports["fabric"]),
            "RESTATE_INGRESS__BIND_PORT": str(ports["ingress"]),
            "RESTATE_ADMIN__BIND_PORT": str(ports["admin"]),
            "RUST_LOG": "warn",
        }
        log = Path(folder) / "log"
        bind = f"{HOST}:{ports['service']}"
        app = "benchmarks.peers.restate_service:app"
        commands = (
            [server, "--base-dir", folder, "--node-name", "bench", "--no-logo"],
            [sys.executable, "-m", "hypercorn", "--bind", bind, app],
        )
        processes: list[subprocess.Popen[bytes]] = []
        try:
            for each in commands:
                with log.open("ab") as output:
                    processes.append(
                        subprocess.Popen(  # noqa: ASYNC220, S603 - the peer's
                            each,
                            env=environment,
                            cwd=ROOT,
                            stdout=output,
                            stderr=output,
                        )
                    )
            await _register(ports["admin"], f"http://{bind}", processes, log)
            yield ports["ingress"]
        finally:
            for process in reversed(processes):
                process.send_signal(signal.SIGKILL)
                process.wait()


async def _register(
    admin: int, service: str, processes: list[subprocess.Popen[bytes]], log: Path
) -> None:
    """Tell the server of the service, once both are there."""
    body = json.dumps({"uri": service}).encode()
    until = trio.current_time() + PATIENCE
    while not await _taken(admin, body):
        ended = any(each.poll() is not None for each in processes)
        if ended or trio.current_time() > until:
            words = await trio.Path(log).read_text(errors="replace")
            raise RuntimeError(words[-2_000:])
        await trio.sleep(0.2)


async def _taken(admin: int, body: bytes) -> bool:
    """Whether the server is there, and reaches the service."""
    try:
        async with await trio.open_tcp_stream(HOST, admin) as stream:
            await _post(stream, "/deployments", body, {})
    except (OSError, trio.BrokenResourceError, _RefusedError):
        return False
    return True


class _RefusedError(Exception):
    """The server has answered with another status than one that begins with 2."""


async def _post(
    stream: trio.SocketStream, path: str, body: bytes, headers: Mapping[str, str]
) -> bytes:
    """Send a request, and read its answer; the connection stays."""
    head = [
        f"POST {path} HTTP/1.1",
        f"host: {HOST}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    await stream.send_all("\r\n".join([*head, "", ""]).encode() + body)
    data = b""
    while b"\r\n\r\n" not in data:
        data += await _more(stream)
    top, answer = data.split(b"\r\n\r\n", 1)
    status, *lines = top.decode("latin-1").split("\r\n")
    values: dict[str, Any] = dict(
        line.lower().split(": ", 1) for line in lines if ": " in line
    )
    length = int(values.get("content-length", 0))
    while len(answer) < length:
        answer += await _more(stream)
    if not status.startswith("HTTP/1.1 2"):
        raise _RefusedError(f"{status}: {answer!r}")
    return answer


async def _more(stream: trio.SocketStream) -> bytes:
    data = await stream.receive_some()
    if not data:
        raise trio.BrokenResourceError
    return bytes(data)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        port: int = found.getsockname()[1]
        return port
