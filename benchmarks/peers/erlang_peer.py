"""Erlang/OTP's gen_server on one scheduler: compile `erlang/*.erl` and run them.

The program does a tenth of the work to warm up, then all of it, and prints what it has
measured and done; the checks are here. Bytes are `erlang:memory(total)`, the emulator's
own count, not resident memory. `skynet` and `busy` are plain processes, which are
faster than gen_servers. A cast never waits, so `tell_wait` is `tell` and `fan_in_wait`
`fan_in`. A crash loses the mailbox, so `restart_1000` measures the message sent
after the crash. An Erlang process that tells itself the next message would go on for
some hundred messages before the others run; the neighbours of `latency_*` therefore
tell each other, so that each handles one message at a time, as ours do. Supervisors are
OTP's own, also in `restart`, and write nothing to the log. Sessions are gen_servers in
an ets table, with a monitored process for each turn.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

from benchmarks.load import (
    CLIENTS,
    FORKED,
    LOW,
    PLAYERS,
    QUEUE_ASKS,
    TIMES,
    TREES,
    WATCHES,
    share,
    tree_size,
)
from benchmarks.peers import MissingPeerError, sum_below, whole_tree
from benchmarks.run import Run

SOURCES: Final = sorted((Path(__file__).parent / "erlang").glob("*.erl"))
LIMIT: Final = 300.0
"""Seconds until a program that does not end is killed."""

BUSY: Final = 1_000
"""The actors of `busy`, as in the sources."""


class ErlangError(Exception):
    """The program failed; its text is what the emulator has said."""


def _on_path(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise MissingPeerError(f"{program} is not on the PATH")
    return found


EMULATOR: Final = _on_path("erl")
COMPILER: Final = _on_path("erlc")


def compiled() -> Path:
    """The folder with the compiled sources; one for each version of them.

    Raises:
        MissingPeerError: they do not compile, as with an Erlang that is too old.
    """
    version = hashlib.sha256(b"".join(each.read_bytes() for each in SOURCES))
    name = f"trio-actors-erlang-{os.getuid()}-{version.hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(prefix=name) as fresh:
        made = Path(fresh) / "made"
        made.mkdir(mode=0o700)
        command = [COMPILER, "-o", str(made), *map(str, SOURCES)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode:
            raise MissingPeerError((done.stdout + done.stderr).strip())
        try:
            made.rename(folder)
        except OSError:
            # Another process was faster.
            if not folder.exists():
                raise
    return folder


def emulated(workload: str, *numbers: int) -> dict[str, float | list[float]]:
    """Run the program with these words; what it prints.

    Raises:
        ErlangError: it failed.
    """
    # One scheduler; room for two million processes; no break handler.
    command = [EMULATOR, "+S", "1:1", "+P", "2000000", "+Bd", "-noshell"]
    command += ["-pa", str(compiled()), "-s", "bench", "main"]
    command += ["-extra", workload, *map(str, numbers)]
    # The program ends when its standard input does, so it cannot outlive this process.
    reading, writing = os.pipe()
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command,
            stdin=reading,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            env={**os.environ, "ERL_CRASH_DUMP_SECONDS": "0"},
        )
    finally:
        os.close(reading)
        os.close(writing)
    if done.returncode:
        raise ErlangError((done.stdout + done.stderr).strip()[-500:])
    found: dict[str, float | list[float]] = json.loads(done.stdout)
    return found


@attrs.frozen
class _Program:
    """A contender: a workload of `bench.erl`, and what it must come to."""

    workload: str
    parameter: int = 0
    among: int = 1
    """Each of so many does the same part of the count."""
    total: Callable[[int], int] = int
    """What a count must come to."""
    whole: Callable[[int], int] = int
    """The count that is done instead of this one."""
    warm_up: float = 0.1
    """The part of the count that is done before."""
    times: int = 1
    """How often the count is done."""

    def __call__(self, run: Run) -> None:
        count = self._whole(run.count)
        warm_up = self._whole(int(count * self.warm_up) or 1) if self.warm_up else 0
        found = emulated(self.workload, count, warm_up, self.parameter)
        samples = found.pop("samples", [])
        if isinstance(samples, list):
            run.samples([each / 1e6 for each in samples])
        numbers = {
            name: value for name, value in found.items() if not isinstance(value, list)
        }
        run.equal(numbers.pop("total"), self.times * self.total(count), "the total")
        if "seconds" in numbers:
            run.elapsed(numbers.pop("seconds"), self.times * count)
        if "bytes" in numbers:
            run.bytes_each(numbers.pop("bytes"), count)
        run.note(**numbers)

    def _whole(self, count: int) -> int:
        return share(self.whole(count), self.among) * self.among


def _double(count: int) -> int:
    return 2 * count


def _beyond_low(count: int) -> int:
    """So many that a supervisor with a low limit gives up."""
    return max(count, LOW + 1)


def _cascade(levels: int, children: int) -> _Program:
    """Whole trees of this shape."""
    shape = levels * 100 + children
    return _Program("cascade", shape, among=tree_size(levels, children))


_ESCALATION: Final = _Program("escalation", LOW, whole=_beyond_low, times=TIMES)
_SKYNET: Final = _Program("skynet", total=sum_below, whole=whole_tree)
_MEMORY: Final = _Program("memory", warm_up=0)

# What the turns of bench_sessions.erl do, by number.
_REPLY: Final = 0
_REPLY_SLOWLY: Final = 1
_STREAM: Final = 2

# {scenario's name: contender}
ERLANG: Final[dict[str, Callable[[Run], None]]] = {
    "tell": _Program("tell", 1),
    "tell_wait": _Program("tell", 1),
    "fan_in": _Program("tell", 10, among=10),
    "fan_in_wait": _Program("tell", 10, among=10),
    "ping_pong": _Program("ping_pong"),
    "ping_pong_1m": _Program("ping_pong"),
    "ask_async": _Program("ask"),
    "ask_within": _Program("ask_within"),
    "ask_100_1": _Program("ask_100", 1, among=CLIENTS),
    "ask_100_100": _Program("ask_100", CLIENTS, among=CLIENTS),
    "ring_100": _Program("ring", 100),
    "ring_503": _Program("ring", 503),
    "spawn_stop": _Program("spawn_stop"),
    "fork_join": _Program("fork_join", among=FORKED),
    "big": _Program("big", among=PLAYERS),
    "big_long": _Program("big", among=PLAYERS),
    "chameneos": _Program("chameneos", total=_double),
    "skynet_10k": _SKYNET,
    "skynet_100k": _SKYNET,
    "skynet_1m": _SKYNET,
    "memory_10k": _MEMORY,
    "memory_100k": _MEMORY,
    "memory_1m": _MEMORY,
    "latency_0": _Program("latency", 0),
    "latency_10": _Program("latency", 10),
    "latency_100": _Program("latency", 100),
    "latency_1000": _Program("latency", 1_000),
    "restart": _Program("restart", 0),
    "restart_1000": _Program("restart", 1_000),
    "supervised_restart": _Program("restart", 0),
    "supervised_restart_1000": _Program("restart", 1_000),
    "storm_1000": _Program("storm", times=TIMES),
    "storm_5000": _Program("storm", times=TIMES),
    "escalation_1000": _ESCALATION,
    "escalation_5000": _ESCALATION,
    **{name: _cascade(*shape) for name, shape in TREES.items()},
    "cascade_flat": _Program("cascade_flat", times=TIMES),
    "start_stop_children": _Program("start_stop_children"),
    "mass_crash": _Program("mass_crash", times=TIMES),
    "mass_finish": _Program("mass_finish", times=TIMES),
    "supervised_memory_dynamic": _Program("memory_dynamic", warm_up=0),
    "long_queue": _Program("long_queue", QUEUE_ASKS),
    "watch_10k": _Program("watch", WATCHES, times=WATCHES),
    "busy": _Program("busy", among=BUSY),
    "turn1": _Program("turn_1", _REPLY),
    "turn1s": _Program("turn_1", _REPLY_SLOWLY),
    "turn100": _Program("turn_100", _REPLY, among=CLIENTS),
    "turn100s": _Program("turn_100", _REPLY_SLOWLY, among=CLIENTS),
    "stream100": _Program("stream_100", _STREAM, among=CLIENTS),
    "churn": _Program("churn", _REPLY),
    "memsession": _Program("session_memory", _REPLY, warm_up=0),
}
