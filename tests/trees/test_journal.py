"""What supervisors say in the log: each crash, never a flood, never nothing.

Records go to the logger "supervision".  Time is virtual; the first second of a test
begins with its first crash.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorRef,
    ActorSystem,
    Crashed,
    Decision,
    Finished,
    Killed,
    open_system,
)
from supervision import (
    Backoff,
    ChildSpec,
    ChildStartError,
    DynamicSupervisor,
    Restart,
    RestartLimit,
    RestartLimitError,
    Supervisor,
    find_child,
    list_children,
    restart_child,
    start_child,
    stop_child,
)
from supervision._log.rate import IN_A_WINDOW, WINDOW
from supervision._trees.errors import shown
from supervision._trees.journal import Journal


class BangError(Exception):
    """What children crash with."""


class MuteError(Exception):
    """An exception that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class DumbError(MuteError):
    """An exception that cannot be shown in any way."""

    def __repr__(self) -> str:
        raise RuntimeError("no words either")


@attrs.frozen
class Crash:
    """Have the child crash."""

    error: Exception = attrs.Factory(lambda: BangError("bang"))


@attrs.frozen
class Finish:
    """Have the child end by its own will."""


class Worker(Actor[Crash | Finish]):
    """It does as it is told."""

    def receive(self, message: Crash | Finish) -> None:
        if isinstance(message, Crash):
            raise message.error
        self.finish()


class Slow(Worker):
    """It has a `started` hook."""

    def started(self) -> None:
        """Do nothing."""


class BadEnd(Worker):
    """It crashes when it is stopped."""

    def stopped(self, exit: Any) -> None:  # noqa: A002
        del exit
        raise BangError("at the end")


class Broken(Actor[object]):
    """It cannot be made; the error cannot be shown."""

    def __init__(self, error: Exception) -> None:
        raise error

    def receive(self, message: object) -> None:
        """Never."""


class Owner(Actor[Any]):
    """It survives the end of the supervisor that it starts."""

    def __init__(self, make: type[Supervisor], refs: list[ActorRef[Any]]) -> None:
        self.make = make
        self.refs = refs

    def started(self) -> None:
        self.refs.append(self.start(self.make, name="s"))

    def receive(self, message: object) -> None:
        """Take nothing."""

    def child_ended(self, child: ActorRef[Any], exit: Any) -> Decision:  # noqa: A002
        del child, exit
        return Decision.END


Record = tuple[str, int, str]
"""What a record is about, its level, its text."""


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log, with all levels."""
    caplog.set_level(logging.DEBUG, "supervision")
    return caplog


def records(log: pytest.LogCaptureFixture) -> list[Any]:
    """The records of supervision so far, once; Any: they have fields of ours."""
    found = [record for record in log.records if record.name == "supervision"]
    log.clear()
    return found


def levels(log: pytest.LogCaptureFixture) -> Counter[str]:
    """How many records there are of each level, once."""
    return Counter(record.levelname for record in records(log))


def static(*children: ChildSpec[Any], **members: Any) -> type[Supervisor]:
    """A class of supervisors; without a limit, unless one is given."""
    members = {"limit": None, "children": children, **members}
    return type("Static", (Supervisor,), members)


async def refs_of(sup: ActorRef[Any]) -> dict[str, ActorRef[Any]]:
    """`{id: ref}`."""
    listed = await list_children(sup)
    return {info.id: info.ref for info in listed if info.ref is not None}


# --------------------------------------------------------------- the fields


async def test_a_crash_is_one_error_with_its_fields(
    log: pytest.LogCaptureFixture,
) -> None:
    """The traceback is the child's; the fields are for structured logs."""
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Worker, id="w")), name="s")
        child = (await refs_of(sup))["w"]
        records(log)
        crash = BangError("bang")
        child.tell_nowait(Crash(crash))
        await settle()

        (record,) = records(log)
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "/s: child w crashed: BangError: bang; restarting"
    assert record.exc_info[1] is crash
    assert (record.supervisor, record.child, record.decision) == (
        "/s",
        "w",
        "restarting",
    )
    assert record.exit == Crashed(crash)
    assert record.restarts == 1


@pytest.mark.parametrize(
    ("options", "decisions"),
    [
        ({}, ["restarting", "restarting", "restarting"]),
        ({"restart": Restart.TEMPORARY}, ["let go"]),
        ({"limit": RestartLimit(1, within=9)}, ["restarting", "quarantined"]),
        ({"limit": RestartLimit(0, within=9)}, ["quarantined"]),
        (
            {"backoff": Backoff(1.5, 9, jitter=0)},
            ["restarting in 1.5 s", "restarting in 3 s"],
        ),
    ],
)
async def test_the_decision_says_what_becomes_of_the_child(
    log: pytest.LogCaptureFixture,
    autojump_clock: MockClock,
    options: dict[str, Any],
    decisions: list[str],
) -> None:
    """And `restarts` how often it has been restarted, this one included."""
    del autojump_clock
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Worker, id="w", **options)), name="s")
        child = (await refs_of(sup))["w"]
        for number, decision in enumerate(decisions, start=1):
            records(log)
            child.tell_nowait(Crash())
            await settle()
            errors = [r for r in records(log) if r.levelno == logging.ERROR]
            assert [r.decision for r in errors] == [decision]
            restarted = decision.startswith("restarting")
            assert errors[0].restarts == (number if restarted else number - 1)
            await trio.sleep(4)


async def test_other_unwanted_ends_are_warnings_and_ordinary_ones_are_not(
    log: pytest.LogCaptureFixture,
) -> None:
    """A kill is a WARNING, `finish` is INFO; neither has a traceback."""
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Worker, id="w")), name="s")
        child = (await refs_of(sup))["w"]
        records(log)
        child.kill()
        await settle()
        (killed,) = records(log)
        child.tell_nowait(Finish())
        await settle()
        (finished,) = records(log)

    assert (killed.levelno, finished.levelno) == (logging.WARNING, logging.INFO)
    assert killed.getMessage() == "/s: child w was killed; restarting"
    assert finished.getMessage() == "/s: child w ended: Finished(); restarting"
    assert (killed.exit, finished.exit) == (Killed(), Finished())
    assert killed.exc_info is None
    assert finished.exc_info is None


async def test_starts_are_info_and_those_on_request_are_debug(
    log: pytest.LogCaptureFixture,
) -> None:
    """R63; a stop on request says nothing."""
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Slow, id="a")), name="s")
        await sup.wait_started()
        (declared,) = records(log)
        await start_child(sup, ChildSpec(Slow, id="b"))
        (asked,) = records(log)
        await stop_child(sup, "a")
        assert records(log) == []
        await restart_child(sup, "a")
        (again,) = records(log)

    assert declared.getMessage() == "/s: child a is ready"
    assert (declared.supervisor, declared.child) == ("/s", "a")
    assert declared.levelno == logging.INFO
    assert (asked.levelno, again.levelno) == (logging.DEBUG, logging.DEBUG)


async def kept(system: ActorSystem, make: type[Supervisor]) -> ActorRef[Any]:
    """Start a supervisor below somebody who survives its crash."""
    refs: list[ActorRef[Any]] = []
    system.start(Owner, make, refs, name="o")
    await settle()
    return refs[0]


async def test_giving_up_is_an_error_beside_the_crash(
    log: pytest.LogCaptureFixture,
) -> None:
    """The crash has its traceback, the supervisor's end its history."""
    make = static(ChildSpec(Worker, id="w"), limit=RestartLimit(0, within=1))
    async with open_system() as system:
        sup = await kept(system, make)
        child = (await refs_of(sup))["w"]
        records(log)
        child.tell_nowait(Crash())
        exit_ = await sup.wait_stopped()

    assert isinstance(exit_, Crashed)
    assert isinstance(exit_.error, RestartLimitError)
    over, crash = sorted(records(log), key=lambda record: record.exc_info is not None)
    assert (crash.levelno, crash.child, crash.decision) == (
        logging.ERROR,
        "w",
        "giving up",
    )
    assert (over.levelno, over.supervisor, over.decision) == (
        logging.ERROR,
        "/o/s",
        "gave up",
    )
    assert over.getMessage() == str(exit_.error)


async def test_a_crash_while_being_stopped_is_logged(
    log: pytest.LogCaptureFixture,
) -> None:
    """Nobody restarts it, but nobody loses it either."""
    async with open_system() as system:
        sup = system.start(static(ChildSpec(BadEnd, id="w")), name="s")
        await sup.wait_started()
        records(log)
        await stop_child(sup, "w")
        (record,) = records(log)

        assert record.levelno == logging.ERROR
        assert "BangError: at the end" in record.getMessage()
        assert isinstance(record.exc_info[1], BangError)


# --------------------------------------------------------------- the rate


async def crash_often(child: ActorRef[Any], times: int) -> None:
    """Have a child crash this often, at once."""
    for _ in range(times):
        child.tell_nowait(Crash())
    await settle()


async def test_ten_crashes_a_second_are_logged_and_then_their_number(
    log: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """The summary comes by itself, when the second is over."""
    del autojump_clock
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Worker, id="w")), name="s")
        child = (await refs_of(sup))["w"]
        records(log)

        await crash_often(child, IN_A_WINDOW)
        assert levels(log) == {"ERROR": 10}
        await crash_often(child, 990)
        await trio.sleep(WINDOW - 0.01)
        assert levels(log) == {}
        await trio.sleep(0.02)
        (summary,) = records(log)

        assert summary.levelno == logging.WARNING
        assert summary.getMessage() == "/s: 990 more ends of children were not logged"
        assert (summary.supervisor, summary.suppressed) == ("/s", 990)
        await trio.sleep(10)
        assert levels(log) == {}  # said once


async def test_ten_and_no_more_have_no_summary(
    log: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """There is nothing to say; the next second has ten of its own."""
    del autojump_clock
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Worker, id="w")), name="s")
        child = (await refs_of(sup))["w"]
        records(log)
        for _ in range(3):
            await crash_often(child, 10)
            assert levels(log) == {"ERROR": 10}
            await trio.sleep(WINDOW)


async def test_nothing_is_lost_over_many_seconds(
    log: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """What was logged and what the summaries say is what has happened."""
    del autojump_clock
    happened = 0
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Worker, id="w")), name="s")
        child = (await refs_of(sup))["w"]
        for number in range(40):
            await crash_often(child, number % 7)
            happened += number % 7
            await trio.sleep(0.13)
    found = records(log)

    crashes = sum(record.levelno == logging.ERROR for record in found)
    left_out = sum(getattr(record, "suppressed", 0) for record in found)
    assert crashes + left_out == happened
    assert left_out > 0
    assert crashes > 4 * IN_A_WINDOW


async def test_a_supervisor_that_ends_says_the_number_first(
    log: pytest.LogCaptureFixture,
) -> None:
    """The second is not over, nor will it be."""
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Worker, id="w")), name="s")
        child = (await refs_of(sup))["w"]
        records(log)
        await crash_often(child, 15)
        assert levels(log) == {"ERROR": 10}
        sup.stop()
        await sup.wait_stopped()

        (summary,) = records(log)
        assert summary.suppressed == 5


async def test_a_supervisor_that_gives_up_says_the_number_too(
    log: pytest.LogCaptureFixture,
) -> None:
    """Nothing is lost in its crash."""
    make = static(ChildSpec(Worker, id="w"), limit=RestartLimit(14, within=9))
    async with open_system() as system:
        sup = await kept(system, make)
        child = (await refs_of(sup))["w"]
        records(log)
        await crash_often(child, 15)
        await sup.wait_stopped()

    found = records(log)
    crashes = [r for r in found if r.exc_info is not None]
    assert len(crashes) == 11  # the last one was not written: it is told here
    assert [r.suppressed for r in found if hasattr(r, "suppressed")] == [5]
    assert [r.decision for r in crashes][-1] == "gave up"


async def test_each_supervisor_has_its_own_rate(
    log: pytest.LogCaptureFixture,
) -> None:
    """A noisy one does not silence another."""
    async with open_system() as system:
        loud = system.start(static(ChildSpec(Worker, id="w")), name="loud")
        calm = system.start(static(ChildSpec(Worker, id="w")), name="calm")
        noisy, quiet = (await refs_of(loud))["w"], (await refs_of(calm))["w"]
        records(log)
        await crash_often(noisy, 20)
        await crash_often(quiet, 1)

        by = Counter(r.supervisor for r in records(log))
        assert by == {"/loud": 10, "/calm": 1}


async def test_ordinary_ends_do_not_silence_a_crash(
    log: pytest.LogCaptureFixture,
) -> None:
    """Ten of many short-lived children that finish in order are not ten crashes."""
    made = [
        ChildSpec(Worker, id=f"w{number}", restart=Restart.TRANSIENT)
        for number in range(12)
    ]
    async with open_system() as system:
        sup = system.start(static(*made), name="s")
        children = await refs_of(sup)
        records(log)
        for number in range(11):
            children[f"w{number}"].tell_nowait(Finish())
        await settle()
        await crash_often(children["w11"], 1)

        assert [r.child for r in records(log) if r.levelno == logging.ERROR] == ["w11"]


async def test_ordinary_ends_do_not_put_off_the_summary(
    log: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """One crash was left out, then others finish all the time, which nobody reads."""
    del autojump_clock
    log.set_level(logging.WARNING, "supervision")
    made = [ChildSpec(Worker, id="loud"), ChildSpec(Worker, id="calm")]
    async with open_system() as system:
        sup = system.start(static(*made), name="s")
        children = await refs_of(sup)
        await crash_often(children["loud"], 11)
        assert levels(log) == {"ERROR": 10}
        for _ in range(20):
            await trio.sleep(0.1)
            children["calm"].tell_nowait(Finish())
            await settle()

        assert [record.suppressed for record in records(log)] == [1]


async def test_crashes_in_stopped_are_summed_up_in_time(
    log: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """The summary comes when the second is over, whichever crash was left out first."""
    del autojump_clock
    made = [ChildSpec(BadEnd, id=f"w{number}") for number in range(12)]
    async with open_system() as system:
        sup = system.start(static(*made), name="s")
        await sup.wait_started()
        records(log)
        for number in range(12):
            await stop_child(sup, f"w{number}")
        assert levels(log) == {"ERROR": 10}
        await trio.sleep(2)

        assert [record.suppressed for record in records(log)] == [2]


# --------------------------------------------------------------- dynamic supervisors


async def test_a_dynamic_supervisor_logs_its_children_by_path(
    log: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """At the same rate, and the rest in a summary."""
    del autojump_clock

    class Crowd(DynamicSupervisor):
        template = ChildSpec(Worker)
        limit = None

    async with open_system() as system:
        sup = system.start(Crowd, name="s")
        children = [await start_child(sup) for _ in range(3)]
        records(log)
        for child in children:
            child.tell_nowait(Crash())
        await settle()
        found = records(log)
        assert sorted(r.child for r in found) == sorted(c.path for c in children)
        assert {r.decision for r in found} == {"restarting"}
        assert {r.restarts for r in found} == {1}

        await crash_often(children[0], 20)
        assert levels(log) == {"ERROR": 7}
        await trio.sleep(WINDOW + 0.1)
        (summary,) = records(log)
        assert summary.suppressed == 13


@pytest.mark.parametrize(
    ("options", "decision"),
    [
        ({"restart": Restart.TEMPORARY}, "let go"),
        ({"limit": RestartLimit(0, within=9)}, "let go, over its own limit"),
        ({"backoff": Backoff(1.5, 9, jitter=0)}, "restarting in 1.5 s"),
    ],
)
async def test_a_dynamic_supervisor_says_what_becomes_of_a_child(
    log: pytest.LogCaptureFixture, options: dict[str, Any], decision: str
) -> None:
    """As a static one does."""

    class Crowd(DynamicSupervisor):
        template = ChildSpec(Worker, **options)

    async with open_system() as system:
        child = await start_child(system.start(Crowd, name="s"))
        records(log)
        child.tell_nowait(Crash())
        await settle()

        (record,) = records(log)
        assert (record.levelno, record.decision) == (logging.ERROR, decision)


# ------------------------------------------------------------ errors without a text


@pytest.mark.parametrize("error", [MuteError("x"), DumbError("x")])
async def test_a_crash_whose_text_fails_is_logged_all_the_same(
    log: pytest.LogCaptureFixture, error: Exception
) -> None:
    """A stranger's `__str__` hides nothing; the formatted record can be written."""
    async with open_system() as system:
        sup = system.start(static(ChildSpec(Worker, id="w")), name="s")
        child = (await refs_of(sup))["w"]
        records(log)
        child.tell_nowait(Crash(error))
        await settle()

        (record,) = records(log)
        kind = type(error).__name__
        assert record.getMessage() == (
            f"/s: child w crashed: {kind}: (its str() fails: RuntimeError); restarting"
        )
        assert record.exc_info[1] is error
        assert kind in logging.Formatter().format(record)
        assert list(await refs_of(sup)) == ["w"]


@pytest.mark.parametrize("error", [MuteError("x"), DumbError("x")])
async def test_a_start_that_fails_with_such_an_error_is_logged_too(
    log: pytest.LogCaptureFixture, error: Exception
) -> None:
    """The supervisor's own end is in the log, and its error can be shown."""
    async with open_system() as system:
        sup = await kept(system, static(ChildSpec(Broken, error, id="w")))
        exit_ = await sup.wait_stopped()

    assert isinstance(exit_, Crashed)
    assert isinstance(exit_.error, ChildStartError)
    assert exit_.error.__cause__ is error
    assert "child 'w' of /o/s could not be started" in str(exit_.error)
    gave_up = [r for r in records(log) if getattr(r, "decision", "") == "gave up"]
    assert [r.getMessage() for r in gave_up] == [str(exit_.error)]


def test_a_long_text_is_cut() -> None:
    """An exception may hold a whole request."""
    assert shown(BangError("x" * 1000)) == "x" * 200
    assert shown(MuteError()) == "(its str() fails: RuntimeError)"


# --------------------------------------------------------------- by the clock


def test_the_second_begins_with_its_first_crash(
    log: pytest.LogCaptureFixture,
) -> None:
    """Ten in it are written; one at its end belongs to the next."""
    journal = Journal("/s")
    start = 1000.5
    crash = Crashed(BangError("bang"))

    assert [journal.skips(start, crash) for _ in range(12)] == [False] * 10 + [True] * 2
    assert journal.skips(start + WINDOW - 0.001, crash)
    assert journal.held == 3
    assert not journal.skips(start + WINDOW, crash)
    assert journal.held == 0
    assert [record.suppressed for record in records(log)] == [3]
    journal.flush()
    assert records(log) == []


class BadStart(Worker):
    """It crashes when it is started."""

    def started(self) -> None:
        raise BangError("no port")


@pytest.mark.parametrize(
    "spec",
    [
        ChildSpec(Broken, BangError("no port"), id="web"),
        ChildSpec(BadStart, id="web"),
    ],
    ids=["constructor", "started"],
)
async def test_a_start_that_fails_has_its_traceback_once(
    caplog: pytest.LogCaptureFixture, spec: ChildSpec[Any]
) -> None:
    """However many supervisors give up because of it, each in words."""

    class Inner(Supervisor):
        children = (spec,)

    class Middle(Supervisor):
        children = (ChildSpec(Inner, id="inner"),)

    refs: list[ActorRef[Any]] = []
    async with open_system() as system:
        system.start(Owner, Middle, refs, name="owner")
        await settle()

    told = [each.exc_info[1] for each in caplog.records if each.exc_info]
    assert [repr(each) for each in told] == ["BangError('no port')"]
    assert all("no port" in each.getMessage() for each in caplog.records)
    assert "/owner/s could not be started" in caplog.records[-1].getMessage()


async def test_an_error_of_a_start_that_an_actor_asked_for_is_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is told with the traceback, from where the actor let it escape."""

    class Asker(Actor[object]):
        def receive(self, message: object) -> None:
            del message
            raise ChildStartError("/elsewhere", "web", Crashed(BangError("no port")))

    class Top(Supervisor):
        children = (ChildSpec(Asker, id="asker", restart=Restart.TEMPORARY),)

    async with open_system() as system:
        top = system.start(Top, name="top")
        await top.wait_started()
        asker = await find_child(top, "asker")
        await asker.tell(None)
        await settle()

    (record,) = caplog.records
    assert record.exc_info
