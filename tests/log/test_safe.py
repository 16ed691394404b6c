"""Loggers whose calls cannot fail, whatever the handlers of others do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
import trio

from actors import Actor, open_system
from supervision import ChildSpec, RestartLimit, Supervisor, find_child
from supervision._log.safe import Log


class Breaking(logging.Filter):
    """A filter that fails."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def filter(self, record: logging.LogRecord) -> bool:
        """Fail."""
        del record
        raise self.error


@pytest.fixture
def broken() -> Iterator[Callable[[str, BaseException], None]]:
    """Give a logger a filter that fails; taken away afterwards."""
    undo: list[tuple[logging.Logger, logging.Filter]] = []

    def give(name: str, error: BaseException) -> None:
        logger, found = logging.getLogger(name), Breaking(error)
        logger.addFilter(found)
        undo.append((logger, found))

    yield give
    for logger, found in undo:
        logger.removeFilter(found)


Break = Callable[[str, BaseException], None]


def test_a_record_comes_from_who_makes_it(caplog: pytest.LogCaptureFixture) -> None:
    """With its level, fields, exception, and the place in the code of the caller."""
    caplog.set_level(logging.DEBUG)
    log = Log("supervision.test")
    error = ValueError("x")
    log.debug("a %s", 1)
    log.info("b")
    log.warning("c", extra={"key": "k"})
    log.error("d", exc_info=error)
    log.critical("e")
    try:
        raise error
    except ValueError:
        log.exception("f")
    log.write(logging.INFO, "g")

    levels = " ".join(record.levelname for record in caplog.records)
    assert levels == "DEBUG INFO WARNING ERROR CRITICAL ERROR INFO"
    assert [record.getMessage() for record in caplog.records] == [
        *("a 1", "b", "c", "d", "e", "f", "g")
    ]
    assert {record.funcName for record in caplog.records} == {
        "test_a_record_comes_from_who_makes_it"
    }
    assert caplog.records[2].__dict__["key"] == "k"
    for place in (3, 5):
        info = caplog.records[place].exc_info
        assert info is not None
        assert info[1] is error


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), RecursionError()])
def test_what_a_filter_raises_goes_no_further(
    error: BaseException, broken: Break, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted; the first, the second, the fourth ... are told."""
    broken("supervision.test", error)
    log = Log("supervision.test")
    for _ in range(5):
        log.error("lost")

    told = [r.getMessage() for r in caplog.records if r.name == "supervision.log"]
    assert log.failed == 5
    assert told == [
        f"logging itself has failed, {number} times so far for supervision.test: "
        f"{type(error).__name__}"
        for number in (1, 2, 4)
    ]


def test_if_nothing_can_be_told_nothing_is(broken: Break) -> None:
    """Both loggers fail."""
    broken("supervision.test", ValueError("x"))
    broken("supervision.log", SystemExit(1))
    log = Log("supervision.test")
    log.info("debug is lost too")
    log.error("lost")

    assert log.failed >= 1


def test_a_logger_that_cannot_say_its_level_wants_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be of a class of the user's."""
    log = Log("supervision.test")

    def fail(level: int) -> bool:
        raise LookupError(level)

    monkeypatch.setattr(logging.getLogger("supervision.test"), "isEnabledFor", fail)

    assert not log.wants(logging.ERROR)
    assert log.failed == 1


def test_a_ctrl_c_is_not_the_logs(broken: Break) -> None:
    """It goes where it would go anyway."""
    broken("supervision.test", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        Log("supervision.test").error("x")


class Faulty(Actor[str]):
    """Crashes on "crash"; counts its lives."""

    lives = 0

    def __init__(self) -> None:
        Faulty.lives += 1

    def receive(self, message: str) -> None:
        """Crash."""
        raise ValueError(message)


class Tree(Supervisor):
    """With some patience."""

    limit = RestartLimit(5, within=60)
    children = (ChildSpec(Faulty, id="faulty"),)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1)])
async def test_a_supervisor_restarts_although_its_log_is_broken(
    error: BaseException, broken: Break
) -> None:
    """The crash of a child is no reason to end, nor is that nobody can be told."""
    broken("supervision", error)
    Faulty.lives = 0
    async with open_system() as system:
        tree = system.start(Tree)
        child = await find_child(tree, "faulty")
        for _ in range(3):
            await child.tell("crash")
            await trio.testing.wait_all_tasks_blocked()

        assert Faulty.lives == 4
        assert tree.exit is None


class Hanging(Actor[str]):
    """Does not end by itself."""

    grace = 1.0

    async def receive(self, message: str) -> None:
        """Wait."""
        del message
        await trio.sleep_forever()


async def test_who_is_late_is_killed_although_the_log_is_broken(
    broken: Break, autojump_clock: trio.testing.MockClock
) -> None:
    """The engine's own logger, too: what it writes comes from a timer."""
    del autojump_clock
    broken("actors", SystemExit(1))
    async with open_system() as system:
        ref = system.start(Hanging, name="hangs")
        await ref.tell("x")
        await trio.testing.wait_all_tasks_blocked()

    report = system.stop_report
    assert report is not None
    assert [late.path for late in report.late] == ["/hangs"]
