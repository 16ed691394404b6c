"""Erlang/OTP gen_server on one scheduler: compile `erlang/bench.erl` and run it.

The program prints the count, the seconds and the value; everything else is here. Bytes
are `erlang:memory(total)`, the emulator's own count, not resident memory; `skynet` and
`busy` are plain processes, which are faster than gen_servers; a cast never waits, so
`tell_wait` is `tell`.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from .harness import Function, Result

SOURCE: Final = Path(__file__).parent / "erlang" / "bench.erl"
LIMIT: Final = 120.0


class ErlangError(Exception):
    """The peer is missing, does not compile, or failed."""


def _compiled() -> Path:
    """The folder with the compiled program; one for each version of the source."""
    compiler = shutil.which("erlc")
    if compiler is None:
        raise ErlangError("erlc is not on PATH")
    version = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"trio-actors-erlang-{version}"
    if not (folder / "bench.beam").exists():
        folder.mkdir(exist_ok=True)
        command = [compiler, "-o", str(folder), str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode:
            raise ErlangError(done.stdout + done.stderr)
    return folder


def _run(workload: str) -> Function:
    def measure(count: int) -> Result:
        folder = _compiled()
        emulator = shutil.which("erl")
        if emulator is None:
            raise ErlangError("erl is not on PATH")
        command = [emulator, "+S", "1:1", "+P", "2000000", "-noshell"]
        command += ["-pa", str(folder), "-s", "bench", "main"]
        command += ["-extra", workload, str(count)]
        done = subprocess.run(  # noqa: S603 - our own program
            command, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        if done.returncode:
            raise ErlangError((done.stdout + done.stderr).strip()[-500:])
        data = json.loads(done.stdout)
        return Result(data["value"], data["count"], data["seconds"])

    return measure


ERLANG: dict[str, Function] = {
    "tell": _run("tell"),
    "tell_wait": _run("tell"),
    "fan_in": _run("fan_in"),
    "ping_pong": _run("ping_pong"),
    "ask_async": _run("ping_pong"),
    "ask_100_1": _run("ask_100_1"),
    "ask_100_100": _run("ask_100_100"),
    "ring_100": _run("ring_100"),
    "ring_503": _run("ring_503"),
    "spawn_stop": _run("spawn_stop"),
    "memory_10k": _run("memory"),
    "memory_100k": _run("memory"),
    "memory_1m": _run("memory"),
    "restart": _run("restart"),
    "skynet": _run("skynet"),
    "busy": _run("busy"),
    "ask_within": _run("ping_pong"),
}
