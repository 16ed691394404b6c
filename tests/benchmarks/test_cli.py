"""Facts about the commands of the benchmarks that measure, as a stranger meets them.

Runs have tiny counts; nothing is asserted about time. Each figure comes from a process
of its own, as always.
"""

import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cli import FAILED, FINE, INTERRUPTED, main
from benchmarks.measuring import conditions
from benchmarks.measuring.store import load

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 100  # seconds until a process is taken for one that hangs

HEAD = """
    import os
    import signal
    import trio
    from actors import Actor, open_system
    from benchmarks import Run, Scenario

    class Signer(Actor[list[str]]):
        def receive(self, message: list[str]) -> None:
            message.append("signed")

"""
SIGNING = """
    class Signing(Scenario):
        \"\"\"Sign a book.\"\"\"
        count = 20
        floor = "channel"
        short = True

        async def ours(self, run: Run) -> None:
            book: list[str] = []
            with run.timed():
                async with open_system() as system:
                    signer = system.start(Signer)
                    for _ in range(run.count):
                        await signer.tell(book)
            print("a contender may print")
            run.note(depth=3)
            run.equal(len(book), run.count)

        async def channel(self, run: Run) -> None:
            send, receive = trio.open_memory_channel[str](run.count)
            with run.timed():
                for _ in range(run.count):
                    send.send_nowait("signed")
                book = [await receive.receive() for _ in range(run.count)]
            run.equal(len(book), run.count)
"""
FAILING = """
    class Failing(Scenario):
        \"\"\"One is wrong, one crashes, one cannot be had.\"\"\"
        count = 20
        warm_up = 0

        async def ours(self, run: Run) -> None:
            with run.timed():
                pass
            run.equal(run.count, run.count)

        async def wrong(self, run: Run) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._check, run)

        async def _check(self, run: Run) -> None:
            run.equal(41, 42, "the sum")

        def crashing(self, run: Run) -> None:
            raise ValueError("out of order")

        def absent(self, run: Run) -> None:
            import no_such_peer
"""
SAMPLES = """
    class Curve(Scenario):
        unit = "us"
        family = "curve"
        count = size = 10
        warm_up = 0

        def ours(self, run: Run) -> None:
            run.samples([1e-6 * self.size] * run.count)
            run.equal(1, 1)

    class CurveTwo(Curve):
        size = 1000

    class Held(Scenario):
        unit = "bytes"
        warm_up = 0

        def ours(self, run: Run) -> None:
            run.bytes_each(300, 10)
            run.equal(1, 1)
"""

ENDLESS = """
        async def endless(self, run: Run) -> None:
            os.kill(os.getppid(), signal.SIGINT)
            await trio.sleep_forever()
"""
STAYING = """
    class Staying(Scenario):
        async def ours(self, run: Run) -> None:
            with open(os.environ["TELL"], "w") as told:
                told.write(f"{os.getpid()}")
            await trio.sleep_forever()
"""
SLEEPING = """
    class Sleeping(Scenario):
        async def ours(self, run: Run) -> None:
            await trio.sleep_forever()
"""


@pytest.fixture(autouse=True)
def _as_in_a_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal; and no program is asked for its version."""

    def nothing(peers: Iterable[str]) -> dict[str, Any]:
        del peers
        return {}

    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("benchmarks.measuring.orders.conditions", nothing)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """Where modules are written; what was imported from there is forgotten."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def write(path: Path, *parts: str) -> str:
    """Put a module there; its path for a command line."""
    text = "\n".join(textwrap.dedent(part) for part in parts)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_strangers_scenario_is_measured(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Table to standard output, progress to standard error, every round to the file."""
    module = write(folder / "signing.py", HEAD, SIGNING)
    file = folder / "a.json"

    code = main(["run", "--module", module, "--rounds", "2", "--json", str(file)])

    output, errors = capsys.readouterr()
    report = load(file)
    assert code == FINE
    assert "signing" in output
    assert "channel" in output
    assert "note: signing, ours: depth = 3" in output
    assert "a contender may print" not in output
    assert "round" not in output
    assert "round 1 of 2, step 1 of 4" in errors
    assert "round 2 of 2, step 3 of 4" in errors
    assert report.scenarios() == ["signing"]
    assert report.contenders() == ["ours", "channel"]
    assert [len(each.results) for each in report.entries] == [2, 2]
    assert report.parameters["rounds"] == 2
    assert report.parameters["modules"] == [module]
    assert report.parameters["command"].startswith("python -m benchmarks run --module")
    assert max(map(len, output.splitlines())) <= 120

    # The file shows the same table; beside itself it shows no clear change.
    assert main(["report", str(file)]) == FINE
    assert capsys.readouterr().out == output
    assert main(["compare", str(file), str(file)]) == FINE
    output = capsys.readouterr().out
    assert "signing" in output
    assert "better" not in output
    assert "worse" not in output


def test_failures_keep_the_rest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong and crashed ones are listed and make the code 1; the file has the rest."""
    module = write(folder / "failing.py", HEAD, FAILING)
    file = folder / "a.json"

    code = main(["run", "--module", module, "--rounds", "1", "--json", str(file)])

    output, errors = capsys.readouterr()
    report = load(file)
    assert code == FAILED
    assert "FAILED: failing, wrong: the sum is 41, it must be 42" in output
    assert "FAILED: failing, crashing: ValueError: out of order" in output
    assert "missing: absent: No module named 'no_such_peer' (failing)" in output
    assert "benchmarks: wrong failed at failing: the sum is 41" in errors
    assert "benchmarks: crashing failed at failing: ValueError" in errors
    assert "benchmarks: absent" not in errors
    ours, wrong, absent = (
        report.entry("failing", name) for name in ("ours", "wrong", "absent")
    )
    assert ours is not None
    assert wrong is not None
    assert absent is not None
    assert len(ours.results) == 1
    assert (wrong.failed, absent.failed) == (True, False)


def test_latencies_curves_and_bytes_are_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Percentiles of samples, the exponent of a family, bytes each."""
    module = write(folder / "samples.py", HEAD, SAMPLES)

    assert main(["run", "--module", module, "--rounds", "1"]) == FINE

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["curve", "ours", "10", "10", "10"] in lines
    assert ["curve_two", "ours", "1,000", "1,000", "1,000"] in lines
    assert ["curve", "ours", "10,", "1,000", "1.00"] in lines
    assert ["held", "300", "B", "-", "-", "park", "-", "-"] in lines


def test_a_missing_peer_that_was_named_makes_the_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known, so it is no bad input; the rest is measured."""

    def nobody(name: str) -> str:
        return f"No module named {name!r}"

    monkeypatch.setattr("benchmarks.measuring.catalogue.provided_by", nobody)
    module = write(
        folder / "provided.py", HEAD, SIGNING, "Signing.provided = True  # any peer\n"
    )

    code = main(["run", "-m", module, "--rounds", "1", "--against", "triotp"])

    output, errors = capsys.readouterr()
    assert code == FAILED
    assert "signing" in output
    assert "missing: triotp: No module named 'triotp' (signing)" in output
    assert "benchmarks: triotp cannot be had here: No module named" in errors


def test_the_list_names_what_there_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The standard set and a stranger's."""
    module = write(folder / "signing.py", HEAD, SIGNING)

    assert main(["list", "--module", module]) == FINE

    output = capsys.readouterr().out
    assert "Sign a book." in output
    words = (
        "tell*",
        "watch_10k",
        "storm_1000*",
        "cascade_flat",
        "signing*",
        "router_churn",
        "real_traffic",
    )
    for word in words:
        assert word in output


def test_the_conditions_are_those_of_a_repeatable_run() -> None:
    """Versions, build, processor, load, collector, date and revision."""
    found = conditions.conditions(["attrs", "no_such_peer"])

    assert found["python"] == sys.version.split()[0]
    assert set(found["build"]) >= {"pgo", "lto", "compiler", "flags"}
    assert found["versions"]["trio"]
    assert found["peers"] == {}
    assert "default thresholds" in found["gc"]
    assert {"cpu", "cores", "load_before", "date", "git", "platform"} <= set(found)
    assert (
        "CPython" in conditions.summary(found) or found["implementation"] != "CPython"
    )


def test_ctrl_c_keeps_what_is_measured(folder: Path) -> None:
    """Ours has a figure when the endless one interrupts; it is shown and written."""
    module = write(folder / "endless.py", HEAD, SIGNING + ENDLESS)
    file = folder / "a.json"
    words = ["run", "--module", module, "--json", str(file), "--against", "endless"]

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    entries = load(file).entries
    assert done.returncode == INTERRUPTED
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("benchmarks: interrupted")
    assert "signing" in done.stdout
    assert [(each.contender, len(each.results)) for each in entries] == [
        ("ours", 1),
        ("endless", 0),
    ]
    assert load(file).parameters["interrupted"] is True


def test_no_worker_outlives_a_run_that_is_killed(folder: Path) -> None:
    """`kill -9`, as by whoever loses patience: nobody measures on for ever."""
    module = write(folder / "staying.py", HEAD, STAYING)
    told = folder / "told"
    os.mkfifo(told)
    hears = os.open(told, os.O_RDWR)
    words = ["run", "--module", module, "--rounds", "1"]

    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TELL": str(told)},
    ) as running:
        try:
            heard, _, _ = select.select([hears], [], [], PATIENCE)
            pid = int(os.read(hears, 100)) if heard else 0
            worker = os.pidfd_open(pid)  # readable when it has ended
        finally:
            running.kill()
            os.close(hears)
    ended, _, _ = select.select([worker], [], [], PATIENCE)
    os.close(worker)
    if not ended:
        os.killpg(pid, signal.SIGKILL)

    assert ended


def test_a_contender_that_takes_too_long_is_ended(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The limit is in the reason."""
    module = write(folder / "sleeping.py", HEAD, SLEEPING)

    assert main(["run", "-m", module, "--rounds", "1", "--limit", "0.01"]) == FAILED

    assert "FAILED: sleeping, ours: not done in 0.01 s" in capsys.readouterr().out
