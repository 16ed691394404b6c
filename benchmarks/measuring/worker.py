"""One contender of one scenario, once, in a process of its own.

`run_worker` starts the process and reads its one line; `work` is what happens in it. A
figure is never taken in the process that shows it: what other contenders have
allocated, imported or warmed would be part of it.
"""

import contextlib
import fcntl
import importlib
import json
import math
import os
import select
import signal
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self, cast

import attrs
import trio

from benchmarks.measuring import catalogue
from benchmarks.measuring.store import result_from
from benchmarks.run import Result, Run, WrongResultError
from benchmarks.scenario import Contender

ROOT: Final = Path(__file__).resolve().parents[2]

DONE: Final = "done"
WRONG: Final = "wrong"
"""It gave a wrong result."""
BROKEN: Final = "broken"
"""It raised, died, or took too long."""
ABSENT: Final = "absent"
"""Something that it needs is not installed."""

_KEY: Final = "outcome"
_LOOPS: Final = ("asyncio", "uvloop")
"""Contenders that are run by the event loop of their name; the others by Trio."""


@attrs.frozen
class Job:
    """What a worker is to do."""

    scenario: str
    contender: str
    count: int
    seed: int
    module: Path | None = None
    """The stranger's module with the scenario; None for the standard set."""
    room: str = ""
    """Name of the module of the standard set that has it; empty: any."""

    def arguments(self) -> list[str]:
        """The same as a command line."""
        words = [self.scenario, self.contender, str(self.count), str(self.seed)]
        return [
            "worker",
            *words,
            self.room,
            *([str(self.module)] if self.module else []),
        ]

    @classmethod
    def from_arguments(cls, words: Sequence[str]) -> Self:
        """The job of a command line, without its first word."""
        scenario, contender, count, seed, room, *module = words
        path = Path(module[0]) if module else None
        return cls(scenario, contender, int(count), int(seed), path, room)


@attrs.frozen
class Outcome:
    """What became of a job."""

    kind: str
    """`DONE`, `WRONG`, `BROKEN` or `ABSENT`."""
    result: Result | None = None
    """There if it is done."""
    reason: str = ""
    """One line, if it is not."""
    seconds: float = 0.0
    """How long the process took, for the estimate of the time left."""


def run_worker(job: Job, limit: float) -> Outcome:
    """Do the job in a process of its own, in at most `limit` seconds.

    Strings hash alike for all contenders with the same seed. The process and whatever
    it has started are killed if it takes too long, or if this one is interrupted; if
    this one is killed, they see the end of a pipe that is held here, and end too.
    """
    started = time.monotonic()
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    seed = str(job.seed % 2**32)
    theirs, ours = os.pipe()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks", *job.arguments()],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        outcome = Outcome(BROKEN, reason=f"not done in {limit:g} s")
    else:
        outcome = read(output, errors, process.returncode)
    finally:
        _kill_group(process)
        os.close(ours)
    return attrs.evolve(outcome, seconds=time.monotonic() - started)


def read(output: str, errors: str, code: int) -> Outcome:
    """What a worker that has ended said, whatever else it has printed."""
    for line in reversed(output.splitlines()):
        if line.startswith(f'{{"{_KEY}"'):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                data: dict[str, Any] = json.loads(line)
                if data[_KEY] == DONE:
                    return Outcome(DONE, result_from(data["result"]))
                return Outcome(str(data[_KEY]), reason=str(data["reason"]))
    if code < 0:
        name = signal.Signals(-code).name
        return Outcome(BROKEN, reason=f"its process was ended by {name}")
    said = errors.strip().splitlines() or ["it said nothing"]
    return Outcome(BROKEN, reason=f"its process ended with {code}: {said[-1].strip()}")


def main(words: Sequence[str]) -> int:
    """The hidden command `worker`: do the job of these words, print its line."""
    _end_with_starter()
    sys.stdout.write(work(Job.from_arguments(words)) + "\n")
    sys.stdout.flush()
    return 0


def _end_with_starter() -> None:
    """Kill this group of processes when nobody holds the other end of the input.

    A signal says so: a thread that waits, or a loop that looks, would be measured.
    What is measured has an empty input, as ever.  A worker that was started by hand
    leads no group of its own, or has no pipe, and is left alone.
    """
    if os.getpgrp() != os.getpid() or not stat.S_ISFIFO(os.fstat(0).st_mode):
        return
    pipe = os.dup(0)  # open to the end, and not inherited
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    signal.signal(signal.SIGIO, _kill_all)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_ASYNC)
    if select.select([pipe], [], [], 0)[0]:  # it had ended before we could hear it
        _kill_all()


def _kill_all(*_: object) -> None:
    os.killpg(0, signal.SIGKILL)


def work(job: Job) -> str:
    """Do the job in this process; the line that says what became of it."""
    found: dict[str, object]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found = {_KEY: DONE, "result": attrs.asdict(_measured(job))}
    except Exception as error:  # noqa: BLE001 - whatever a contender raises is reported
        traceback.print_exception(error)
        kind, reason = described(error)
        found = {_KEY: kind, "reason": reason}
    return json.dumps(found)


def described(error: BaseException) -> tuple[str, str]:
    """The kind of outcome that this error makes, and its reason in one line.

    A wrong result inside an exception group, as a nursery makes one, is found.
    """
    leaves = list(_leaves(error))
    for leaf in leaves:
        if isinstance(leaf, WrongResultError):
            return WRONG, str(leaf)
    first = leaves[0]
    if isinstance(first, ImportError):
        return ABSENT, str(first)
    text = traceback.format_exception_only(type(first), first)
    return BROKEN, text[0].strip().splitlines()[0]


def _measured(job: Job) -> Result:
    """Warm up, then run. Each has a scenario and a `Run` of its own.

    Raises:
        WrongResultError: a check failed, in the warm-up too.
    """
    if job.module is not None:
        known = catalogue.load([job.module])
    elif job.room:
        known = catalogue.standard_in(job.room)
    else:
        known = catalogue.standard()
    kind = type(known[job.scenario].scenario)
    if warm_up := kind.warm_up:
        run = Run(max(1, int(job.count * warm_up)), job.seed)
        call(job.contender, kind().contender(job.contender), run)
    run = Run(job.count, job.seed)
    call(job.contender, kind().contender(job.contender), run)
    result = run.result()
    numbers = (result.value, result.seconds, *result.notes.values())
    if not all(math.isfinite(each) for each in numbers):
        raise WrongResultError(f"a figure is not a finite number: {result}")
    return result


def call(name: str, contender: Contender, run: Run) -> None:
    """Run a contender to its end, by the event loop that its name asks for."""
    awaitable = contender(run)
    if awaitable is None:
        return
    if name in _LOOPS:
        # Any: uvloop is optional, and need not be there for the type checkers
        loop: Any = importlib.import_module(name)
        loop.run(_wait(awaitable))
    else:
        trio.run(_wait, awaitable)


async def _wait(awaitable: Awaitable[None]) -> None:
    await awaitable


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors of which a group consists, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        for each in group.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _kill_group(process: "subprocess.Popen[str]") -> None:
    """End the process and what it has started, unless it has ended; reap it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
