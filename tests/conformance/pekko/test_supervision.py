"""Pekko's `SupervisionSpec`, `SupervisorSpec` and `RestartStrategySpec`.

Pekko decides by the class of the exception; a `Supervisor` decides by how the child
ended, and a plain actor's `child_ended` by what it likes.  What Pekko nests (a limit in
a backoff in a strategy) stands side by side in one `ChildSpec`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import attrs
import pytest
import trio

from actors import (
    ActorRef,
    AnyRef,
    Crashed,
    DeadLetterReason,
    Decision,
    Exit,
    Finished,
    Mailbox,
    MailboxFullError,
    Overflow,
    Stopped,
    Terminated,
    open_system,
)
from actors.testing import DeadLetterProbe, seeds
from supervision import (
    AdminRequest,
    Backoff,
    ChildSpec,
    ChildStartError,
    ChildState,
    Restart,
    RestartLimit,
    RestartLimitError,
    Strategy,
    count_children,
    describe_child,
    start_child,
    stop_child,
)
from tests.conformance.actors_under_test import (
    Journal,
    Owner,
    Puppet,
    child_of,
    leaves,
)
from tests.conformance.supervised import (
    BoomError,
    Crash,
    Echo,
    Finish,
    From,
    Stage,
    Wait,
    Worker,
    children_of,
    crash,
    dynamic,
    keep,
    refs_of,
    settle,
    start_ready,
    states_of,
    static,
    worker,
)

ONE_SECOND = Backoff(1, 1, jitter=0)


def gave_up(exit_: Exit | None) -> RestartLimitError:
    """The error of a supervisor that has given up; fails if it has not."""
    assert isinstance(exit_, Crashed)
    assert isinstance(exit_.error, RestartLimitError)
    return exit_.error


class Parent(Worker):
    """A worker with a child of its own, made before its own `started` goes on."""

    async def started(self) -> None:
        self.start(Worker, self.stage, f"{self.name}'s child", None, name="child")
        await super().started()


class Closed(Worker):
    """Stashes everything but crashes until it is told to open."""

    opened = False

    async def receive(self, message: object) -> None:
        if message == "open":
            self.opened = True
            self.unstash_all()
        elif self.opened:
            await super().receive(message)
        else:
            self.stash(message)


class StashAndCrash(Worker):
    """Stashes what it gets until it is told to crash; then handles what it gets."""

    async def receive(self, message: object) -> None:
        fresh = self.stage.count[f"{self.name} made"] == 1
        if fresh and not isinstance(message, Crash):
            self.stash(message)
        else:
            await super().receive(message)


# ------------------------------------------------------- by class of the exception


@seeds(10)
async def test_pekko_supervision_stop_when_unsupervised() -> None:
    """Without a supervisor a crash is not survived: it leaves the block."""
    stage = Stage()
    with pytest.raises(BoomError):  # noqa: PT012 - the block itself raises
        async with open_system() as system:
            await crash(system.start(Worker, stage, "a", None))
            await trio.sleep_forever()

    assert stage.log == ["a made", "a started", "a stopped"]
    assert isinstance(stage.exits["a"][0], Crashed)


def by_class(exit_: Exit) -> Decision:
    """A decider as Pekko's: restart on a ValueError, stop on any other error."""
    if isinstance(exit_, Crashed) and isinstance(exit_.error, ValueError):
        return Decision.RESTART
    return Decision.END


@seeds(10)
async def test_pekko_supervision_restart_by_exception_class() -> None:
    """A plain owner may restart on some errors, subclasses included."""
    async with open_system() as system:
        owner = system.start(Owner, by_class)
        ref = await child_of(owner, Puppet)
        await ref.tell(Crash(UnicodeError("a ValueError")))

        assert await ref.ask(Echo()) == "echo"
        assert system.statistics().restarts == 1


@seeds(10)
async def test_pekko_supervision_stop_by_exception_class() -> None:
    """And let the child go on others."""
    async with open_system() as system:
        owner = system.start(Owner, by_class)
        ref = await child_of(owner, Puppet)
        await ref.tell(Crash(OSError()))

        assert isinstance(await ref.wait_stopped(), Crashed)
        assert (owner.exit, system.statistics().restarts) == (None, 0)


@seeds(10)
async def test_pekko_supervision_unhandled_class_stops() -> None:
    """After restarts on errors that it knows, one that it does not know ends the child.

    Its last exit is that error, nothing of the earlier ones.
    """
    async with open_system() as system:
        owner = system.start(Owner, by_class)
        ref = await child_of(owner, Puppet)
        last = BoomError()
        for error in (ValueError(), ValueError(), last):
            await ref.tell(Crash(error))

        assert await ref.wait_stopped() == Crashed(last)
        assert (owner.exit, system.statistics().restarts) == (None, 2)


@attrs.frozen
class Worth:
    """What a life is for."""

    ref: AnyRef


# --------------------------------------------------------------------------- limits


@seeds(10)
async def test_pekko_supervision_limit_0_stops_at_first() -> None:
    """A limit of 0 restarts is over at the first crash, of a child or of all."""
    stage = Stage()
    none = RestartLimit(0, within=1)
    async with open_system() as system:
        own = stage.spec("a", limit=none)
        make = static(own, stage.spec("b"), stage.spec("c"), limit=none)
        sup = await keep(system, make)
        await sup.wait_started()
        refs = await refs_of(sup)

        await crash(refs["a"])
        assert await states_of(sup) == {
            "a": ChildState.QUARANTINED,
            "b": ChildState.RUNNING,
            "c": ChildState.RUNNING,
        }
        await crash(refs["b"])

        error = gave_up(await sup.wait_stopped())
        assert [record.id for record in error.history] == ["b"]
        assert refs["c"].exit == Stopped()
        assert sorted(stage.names("made")) == ["a", "b", "c"]


@seeds(10)
async def test_pekko_supervision_limit_hit_stops() -> None:
    """The crash that is one too many ends child and supervisor; its cause is kept."""
    stage = Stage()
    async with open_system() as system:
        sup = await keep(
            system, static(*stage.specs("a"), limit=RestartLimit(2, within=1))
        )
        await sup.wait_started()
        ref = (await refs_of(sup))["a"]
        errors = [BoomError(number) for number in range(3)]
        for error in errors:
            await ref.tell(Crash(error))

        given_up = gave_up(await sup.wait_stopped())
        assert given_up.__cause__ is errors[-1]
        assert [record.exit for record in given_up.history] == [
            Crashed(error) for error in errors
        ]
        assert ref.exit == Crashed(errors[-1])
        assert stage.count["a made"] == 3


@seeds(5)
async def test_pekko_supervision_counter_resets_after_the_window() -> None:
    """A restart counts to the last instant of the window, and not a moment longer."""
    for pause, survives in ((2.0, False), (2.001, True)):
        stage = Stage()
        async with open_system() as system:
            limit = RestartLimit(2, within=2)
            sup = await keep(system, static(*stage.specs("a b"), limit=limit))
            await sup.wait_started()
            refs = await refs_of(sup)
            await crash(refs["a"])
            await crash(refs["b"])
            await trio.sleep(pause)
            await crash(refs["a"])

            assert (sup.exit is None) is survives
            if survives:  # the two old ones count no more: there is room for one more
                await crash(refs["a"])
                assert sup.exit is None
                await crash(refs["b"])
            assert len(gave_up(await sup.wait_stopped()).history) == 3


# ------------------------------------------------------------- children of children


CHILD_FIRST = ["p's child stopped", "p stopped"]


@seeds(10)
async def test_pekko_supervision_children_stopped_on_restart() -> None:
    """The children of an incarnation end before it; the new one has its own."""
    stage = Stage()
    async with open_system() as system:
        spec = ChildSpec(Parent, stage, "p", None, id="p")
        sup = await start_ready(system, static(spec))
        await settle()
        stage.take()

        await crash((await refs_of(sup))["p"])

        assert stage.log[:3] == [*CHILD_FIRST, "p made"]
        assert stage.exits["p's child"] == [Stopped()]
        assert stage.count["p's child made"] == 2
        assert [each.path for each in system.tree().walk()][1:] == [
            "/sup",
            "/sup/p",
            "/sup/p/child",
        ]
        assert system.statistics().actors == 3


@seeds(10)
async def test_pekko_supervision_children_stopped_on_backoff() -> None:
    """They end at the crash, not after the wait; meanwhile there are none."""
    stage = Stage()
    async with open_system() as system:
        spec = ChildSpec(Parent, stage, "p", None, id="p", backoff=ONE_SECOND)
        sup = await start_ready(system, static(spec))
        await settle()
        stage.take()

        await crash((await refs_of(sup))["p"])
        assert stage.take() == CHILD_FIRST
        assert system.statistics().actors == 2  # the supervisor, and p held
        await trio.sleep(1.5)

        assert stage.count["p's child made"] == 2
        assert system.statistics().actors == 3


@seeds(10)
async def test_pekko_supervision_children_stopped_a_second_time_during_unstash() -> (
    None
):
    """Failing again on what was stashed ends the new children too."""
    stage = Stage()

    class Both(StashAndCrash, Parent):
        """Stashes, crashes, has a child."""

    async with open_system() as system:
        spec = ChildSpec(Both, stage, "p", None, id="p")
        sup = await start_ready(system, static(spec))
        ref = (await refs_of(sup))["p"]
        for message in ("stashed", Crash(), Crash(), "queued"):
            ref.tell_nowait(message)
        await settle()

        assert stage.count["p made"] == 3
        assert stage.count["p's child made"] == 3
        assert stage.exits["p's child"] == [Stopped(), Stopped()]
        assert [each for each in stage.log if "got" in each] == [
            "p got stashed",
            "p got queued",
        ]
        assert system.statistics().actors == 3


@seeds(10)
async def test_pekko_supervision_children_stopped_when_setup_throws_first() -> None:
    """A start that fails after it has started a child leaves neither behind."""
    stage = Stage()
    stage.plan("p", fail_started={1})
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a")))
        before = await children_of(system, sup)

        with pytest.raises(ChildStartError) as caught:
            await start_child(sup, ChildSpec(Parent, stage, "p", None, id="p"))

        assert (caught.value.path, caught.value.id) == ("/sup", "p")
        assert isinstance(caught.value.__cause__, BoomError)
        assert stage.exits["p's child"] == [Stopped()]
        assert await children_of(system, sup) == before
        assert system.statistics().actors == 2


@seeds(10)
async def test_pekko_supervision_children_stopped_when_setup_throws_later() -> None:
    """The same at a restart: each attempt's child ends with it."""
    stage = Stage()
    stage.plan("p", fail_started={2, 3})
    async with open_system() as system:
        spec = ChildSpec(Parent, stage, "p", None, id="p")
        sup = await start_ready(system, static(spec))
        await crash((await refs_of(sup))["p"])

        assert stage.count["p made"] == 4
        assert stage.exits["p's child"] == [Stopped()] * (
            stage.count["p's child made"] - 1
        )
        assert (await describe_child(sup, "p")).restarts == 3
        assert system.statistics().actors == 3


@seeds(20)
async def test_pekko_supervision_watched_children_do_not_confuse_a_restart() -> None:
    """A new incarnation hears nothing of the children that the old one watched."""
    journal: Journal = []

    class Watching(Puppet):
        """Watches a child of its own."""

        def started(self) -> None:
            self.watch_with(self.start(Puppet, name="child"), "child ended")

    async with open_system() as system:
        spec = ChildSpec(Watching, journal, id="w")
        sup = await start_ready(system, static(spec))
        ref = (await refs_of(sup))["w"]
        for _ in range(3):
            await crash(ref)

        assert journal == []
        assert system.statistics().actors == 3
        assert (await describe_child(sup, "w")).restarts == 3


# ------------------------------------------------------------- factories that fail


@seeds(10)
async def test_pekko_supervision_failed_factory_during_restart_handled() -> None:
    """A constructor that fails at a restart is called again, and each try counts."""
    stage = Stage()
    stage.plan("a", fail_made={2, 3})
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        before = await children_of(system, sup)
        await crash((await refs_of(sup))["a"])

        after = await children_of(system, sup)
        assert after["b"] == before["b"]
        assert after["a"].ref is before["a"].ref
        assert after["a"].state is ChildState.RUNNING
        assert (await describe_child(sup, "a")).restarts == 3
        assert sup.exit is None


@seeds(10)
async def test_pekko_supervision_failed_factory_unhandled() -> None:
    """A constructor that fails at the first start is not called again.

    Who asked for it is told, the spec is not kept.
    """
    stage = Stage()
    stage.plan("a", fail_made=From(1))
    async with open_system() as system:
        sup = await start_ready(system, static())
        with pytest.raises(ChildStartError) as caught:
            await start_child(sup, stage.spec("a"))

        assert isinstance(caught.value.exit, Crashed)
        assert caught.value.__cause__ is caught.value.exit.error
        assert stage.log == ["a made"]
        assert await states_of(sup) == {}


@seeds(10)
async def test_pekko_supervision_failed_factory_over_the_limit() -> None:
    """A constructor that goes on failing uses the limit up: the child's, or all's."""
    for own in (True, False):
        stage = Stage()
        stage.plan("a", fail_made=From(2))
        limit = RestartLimit(2, within=1)
        spec = stage.spec("a", limit=limit if own else None)
        async with open_system() as system:
            make = static(spec, stage.spec("b"), limit=None if own else limit)
            sup = await keep(system, make)
            await sup.wait_started()
            await crash((await refs_of(sup))["a"])

            assert stage.count["a made"] == 3
            if own:
                assert await states_of(sup) == {
                    "a": ChildState.QUARANTINED,
                    "b": ChildState.RUNNING,
                }
            else:
                assert len(gave_up(await sup.wait_stopped()).history) == 3
                assert stage.exits["b"] == [Stopped()]


@seeds(10)
async def test_pekko_supervision_failed_factory_during_backoff() -> None:
    """Each try of a constructor that fails waits longer than the one before."""
    stage = Stage()
    stage.plan("a", fail_made={2, 3})
    spec = stage.spec("a", backoff=Backoff(1, 100, jitter=0))
    async with open_system() as system:
        sup = await start_ready(system, static(spec))
        ref = (await refs_of(sup))["a"]
        await crash(ref)

        assert await ref.ask(Echo()) == "echo"
        assert trio.current_time() == 1 + 2 + 4
        history = (await describe_child(sup, "a")).history
        assert [record.delay for record in history] == [1, 2, 4]
        assert [record.at for record in history] == [0, 1, 3]


# ---------------------------------------------------------------- stash and mailbox


@seeds(10)
async def test_pekko_supervision_stash_full_while_backing_off() -> None:
    """What comes while a child waits is bounded; what is dropped is a dead letter."""
    stage = Stage()
    dropping = Mailbox(2, overflow=Overflow.DROP_NEWEST)
    waiting = Mailbox(2)
    specs = [
        ChildSpec(
            Worker, stage, name, None, id=name, mailbox=mailbox, backoff=ONE_SECOND
        )
        for name, mailbox in (("dropping", dropping), ("waiting", waiting))
    ]
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)
        for ref in refs.values():
            await crash(ref)
        letters = DeadLetterProbe(system)

        for number in range(4):
            refs["dropping"].tell_nowait(number)
        for number in range(2):
            refs["waiting"].tell_nowait(number)
        with pytest.raises(MailboxFullError):
            refs["waiting"].tell_nowait(2)
        await refs["waiting"].tell(3)  # waits for room, which comes with the restart
        await settle()

        assert trio.current_time() == 1
        for number in (2, 3):
            await letters.expect(
                number, DeadLetterReason.DROPPED_NEWEST, ref=refs["dropping"]
            )
        await letters.expect_nothing(1)
        got = [each for each in stage.log if " got " in each]
        assert [each for each in got if each.startswith("dropping")] == [
            f"dropping got {number}" for number in (0, 1)
        ]
        assert [each for each in got if each.startswith("waiting")] == [
            f"waiting got {number}" for number in (0, 1, 3)
        ]


async def unstashing(backoff: Backoff | None, seconds: float) -> None:
    """Fail in the middle of what was unstashed: the rest is handled, in order."""
    stage = Stage()
    async with open_system() as system:
        spec = ChildSpec(Closed, stage, "a", None, id="a", backoff=backoff)
        sup = await start_ready(system, static(spec))
        ref = (await refs_of(sup))["a"]
        for message in (1, Crash(), 2, 3, "open", "open", 4):
            await ref.tell(message)
        await settle()
        if seconds:
            assert stage.names("got 1") == ["a"]
            assert stage.names("got 2") == []
            await trio.sleep(seconds)
            await settle()

        got = [each for each in stage.log if " got " in each]
        assert got == [f"a got {number}" for number in (1, 2, 3, 4)]
        assert (await describe_child(sup, "a")).restarts == 1
        assert trio.current_time() == seconds


@seeds(10)
async def test_pekko_supervision_messages_survive_exception_in_unstash_restart() -> (
    None
):
    """A crash on an unstashed message loses that one, none behind it."""
    await unstashing(None, 0)


@seeds(10)
async def test_pekko_supervision_messages_survive_exception_in_unstash_backoff() -> (
    None
):
    """The same with a wait before the restart, in which nothing is handled."""
    await unstashing(ONE_SECOND, 1)


@seeds(10)
async def test_pekko_supervision_stash_survives_start_exceptions() -> None:
    """The stash is there for the first incarnation that starts, after two failures."""
    stage = Stage()
    stage.plan("a", fail_made={2}, fail_started={2})
    async with open_system() as system:
        spec = ChildSpec(StashAndCrash, stage, "a", None, id="a")
        sup = await start_ready(system, static(spec))
        ref = (await refs_of(sup))["a"]
        for message in (1, 2, Crash(), 3):
            ref.tell_nowait(message)
        await settle()

        assert [each for each in stage.log if " got " in each] == [
            f"a got {number}" for number in (1, 2, 3)
        ]
        assert stage.count["a made"] == 4


# --------------------------------------------------------------------- other things


@seeds(20)
async def test_pekko_supervision_death_pact_recoverable() -> None:
    """Who crashes on the end of one it watches is restarted like any other."""
    stage = Stage()

    class Pact(Worker):
        """Does not want to live without the one it watches."""

        async def receive(self, message: object) -> None:
            match message:
                case Terminated():
                    raise BoomError
                case Worth():
                    self.watch(message.ref)
                case _:
                    await super().receive(message)

    async with open_system() as system:
        specs = (
            ChildSpec(Pact, stage, "pact", None, id="pact"),
            stage.spec("other", restart=Restart.TEMPORARY),
        )
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)
        await refs["pact"].tell(Worth(refs["other"]))
        await settle()

        await crash(refs["other"])

        assert refs["other"].exit is not None
        assert stage.count["pact made"] == 2
        await refs["pact"].tell("alive")
        await settle()
        assert stage.log[-1] == "pact got alive"


@seeds(3)
async def test_pekko_supervision_logging_on_off_by_level(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A crash is one ERROR of the logger `supervision`, and its level turns it off."""
    for level, errors in ((logging.ERROR, 1), (logging.CRITICAL, 0)):
        stage = Stage()
        caplog.clear()
        with caplog.at_level(level, logger="supervision"):
            async with open_system() as system:
                sup = await start_ready(system, static(*stage.specs("a")))
                await crash((await refs_of(sup))["a"])

        records = [each for each in caplog.records if each.name == "supervision"]
        assert len(records) == errors
        for record in records:
            assert record.levelno == logging.ERROR
            assert record.exc_info is not None
            assert isinstance(record.exc_info[1], BoomError)
            fields = vars(record)
            assert (fields["supervisor"], fields["child"]) == ("/sup", "a")
        assert stage.count["a made"] == 2


@seeds(10)
async def test_pekko_supervision_already_stopped_at_setup_stays_stopped() -> None:
    """A permanent child that finishes in its first `started` is not started again."""
    stage = Stage()
    stage.plan("a", finish_started={1})
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        await trio.sleep(10)

        assert await states_of(sup) == {
            "a": ChildState.STOPPED,
            "b": ChildState.RUNNING,
        }
        assert (await describe_child(sup, "a")).exit == Finished()
        assert stage.count["a made"] == 1


@seeds(10)
async def test_pekko_supervision_stopped_after_restart_stays_stopped() -> None:
    """Nor one that finishes in the `started` of a restart."""
    stage = Stage()
    stage.plan("a", finish_started={2})
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        before = await children_of(system, sup)
        ref = (await refs_of(sup))["a"]

        await crash(ref)
        await trio.sleep(10)

        after = await children_of(system, sup)
        assert after["b"] == before["b"]
        assert after["a"].state is ChildState.STOPPED
        assert ref.exit == Finished()
        assert stage.count["a made"] == 2


@seeds(5)
async def test_pekko_supervision_fatal_errors_are_not_caught() -> None:
    """KeyboardInterrupt and SystemExit are nobody's to swallow: they leave the block.

    The children are stopped in order all the same.
    """
    for fatal in (KeyboardInterrupt, SystemExit):
        stage = Stage()

        class Fatal(Worker):
            """Ends the program."""

            async def receive(
                self, message: object, error: type[BaseException] = fatal
            ) -> None:
                del message
                raise error

        with pytest.raises(BaseException) as caught:  # noqa: PT011, PT012 - see below
            async with open_system() as system:
                spec = ChildSpec(Fatal, stage, "a", None, id="a")
                sup = await start_ready(system, static(spec, stage.spec("b")))
                await (await refs_of(sup))["a"].tell("end")
                await trio.sleep_forever()

        assert {type(each) for each in leaves(caught.value)} == {fatal}
        assert stage.exits["b"] == [Stopped()]


@seeds(10)
async def test_pekko_supervision_reset_counters_of_nested_strategies() -> None:
    """Each child counts its own backoffs, and a supervisor's are not its children's."""
    stage = Stage()

    def growing(first: float) -> Backoff:
        return Backoff(first, 100 * first, jitter=0)

    inner = static(
        stage.spec("a", backoff=growing(1)),
        stage.spec("b", backoff=growing(10)),
        limit=None,
    )
    async with open_system() as system:
        spec = ChildSpec(inner, id="inner", backoff=growing(5))
        top = await start_ready(system, static(spec, limit=None), name="top")
        sup: ActorRef[AdminRequest] = (await refs_of(top))["inner"]
        refs = await refs_of(sup)

        assert [await seconds_down(refs["a"]) for _ in range(3)] == [1, 2, 4]
        assert [await seconds_down(refs["b"]) for _ in range(2)] == [10, 20]
        assert await seconds_down(refs["a"]) == 8  # 30 s of quiet are not enough

        sup.kill()
        before = trio.current_time()
        await settle()
        await states_of(sup)  # answered when it is up again
        assert trio.current_time() - before == 5
        await settle()
        fresh = await refs_of(sup)
        assert fresh["a"] is not refs["a"]
        assert await seconds_down(fresh["a"]) == 1


async def seconds_down(ref: ActorRef[object]) -> float:
    """Have a child crash; how long it takes until it answers again."""
    await crash(ref)
    before = trio.current_time()
    await ref.ask(Echo())
    return trio.current_time() - before


# --------------------------------------------------------------- RestartStrategySpec


@seeds(10)
async def test_pekko_restart_strategy_dead_after_max_within_range() -> None:
    """Two restarts in a second are allowed, so the third crash is the end."""
    stage = Stage()
    async with open_system() as system:
        make = static(*stage.specs("a"), limit=RestartLimit(2, within=1))
        sup = await keep(system, make)
        await sup.wait_started()
        ref = (await refs_of(sup))["a"]
        await crash(ref)
        await crash(ref)
        assert await ref.ask(Echo()) == "echo"

        await crash(ref)

        assert ref.exit is not None
        assert [each.id for each in gave_up(sup.exit).history] == ["a"] * 3
        await trio.sleep(10)
        assert stage.count["a made"] == 3


@seeds(5)
async def test_pekko_restart_strategy_immortal_without_limits() -> None:
    """Without a limit a child is started again for ever."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a"), limit=None))
        ref = (await refs_of(sup))["a"]
        for _ in range(100):
            await crash(ref)

        assert await ref.ask(Echo()) == "echo"
        assert (await describe_child(sup, "a")).restarts == 100


@seeds(5)
async def test_pekko_restart_strategy_alive_if_spaced_out() -> None:
    """Crashes that are far enough apart are never too many."""
    stage = Stage()
    async with open_system() as system:
        make = static(*stage.specs("a"), limit=RestartLimit(2, within=0.5))
        sup = await start_ready(system, make)
        ref = (await refs_of(sup))["a"]
        for _ in range(10):
            await crash(ref)
            await crash(ref)
            await trio.sleep(0.6)

        assert await ref.ask(Echo()) == "echo"
        assert (await describe_child(sup, "a")).restarts == 20


# -------------------------------------------------------------------- SupervisorSpec


async def kills(strategy: Strategy, failing: str) -> None:
    """Crash some children of `a b c d` in one instant; see who lives again, and how."""
    stage = Stage()
    everyone = "abcd"
    async with open_system() as system:
        make = static(*stage.specs("a b c d"), strategy=strategy, limit=None)
        sup = await start_ready(system, make)
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        for name in failing:
            refs[name].tell_nowait(Crash())
            refs[name].tell_nowait("after")
        await settle()

        after = await children_of(system, sup)
        assert {name: child.ref for name, child in after.items()} == refs
        assert {child.state for child in after.values()} == {ChildState.RUNNING}
        assert sorted(stage.names("got after")) == sorted(failing)
        if strategy is Strategy.ONE_FOR_ONE:
            assert after == {
                name: child.again() if name in failing else child
                for name, child in before.items()
            }
        else:  # all went through the same lives, one for each crash at most
            (lives,) = {child.incarnation for child in after.values()}
            assert 2 <= lives <= 1 + len(failing)
        crashed = [
            name
            for name in everyone
            for exit_ in stage.exits.get(name, ())
            if isinstance(exit_, Crashed)
        ]
        assert crashed == sorted(failing)


@seeds(20)
async def test_pekko_supervisor_kill_one_one_for_one() -> None:
    """One child fails: it alone is new."""
    for name in "abcd":
        await kills(Strategy.ONE_FOR_ONE, name)


@seeds(20)
async def test_pekko_supervisor_kill_many_one_for_one() -> None:
    """Several fail in one instant: they are new, and no other."""
    await kills(Strategy.ONE_FOR_ONE, "acd")
    await kills(Strategy.ONE_FOR_ONE, "abcd")


@seeds(20)
async def test_pekko_supervisor_kill_one_all_for_one() -> None:
    """One child fails: all are new."""
    for name in "abcd":
        await kills(Strategy.ONE_FOR_ALL, name)


@seeds(20)
async def test_pekko_supervisor_kill_many_all_for_one() -> None:
    """Several fail in one instant: all are new, all equally often, nothing is lost."""
    await kills(Strategy.ONE_FOR_ALL, "ac")
    await kills(Strategy.ONE_FOR_ALL, "abcd")


@seeds(10)
async def test_pekko_supervisor_call_kill_call() -> None:
    """A call, a crash, a call: the second is answered by the new incarnation."""
    stage = Stage()
    for strategy in Strategy:
        async with open_system() as system:
            make = static(*stage.specs("a b"), strategy=strategy)
            sup = await start_ready(system, make)
            ref = (await refs_of(sup))["a"]

            first = await ref.ask(Echo("first"))
            await ref.tell(Crash())
            second = await ref.ask(Echo("second"))

            assert (first, second) == ("first", "second")


@seeds(10)
async def test_pekko_supervisor_temporary_not_restarted() -> None:
    """A temporary child is not started again, and costs nothing of the limit."""
    stage = Stage()
    specs = [stage.spec(name, restart=Restart.TEMPORARY) for name in "abcde"]
    async with open_system() as system:
        make = static(*specs, stage.spec("f"), limit=RestartLimit(0, within=1))
        sup = await start_ready(system, make)
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        for name in "abcde":
            await crash(refs[name])

        assert await children_of(system, sup) == {"f": before["f"]}
        assert stage.names("made") == [*"abcdef"]
        assert sup.exit is None


@seeds(10)
async def test_pekko_supervisor_nested_hierarchy() -> None:
    """An inner supervisor that gives up is started anew by the outer one, and alone.

    The inner children are other actors at the old paths; those beside are untouched.
    """
    stage = Stage()
    inner = static(*stage.specs("a b"), limit=RestartLimit(1, within=5))
    beside = static(*stage.specs("c d"))
    async with open_system() as system:
        specs = (ChildSpec(inner, id="inner"), ChildSpec(beside, id="beside"))
        top = await start_ready(system, static(*specs), name="top")
        sups = await refs_of(top)
        outer = await children_of(system, top)
        first = await children_of(system, sups["inner"])
        untouched = await children_of(system, sups["beside"])
        refs = await refs_of(sups["inner"])

        await crash(refs["a"])
        assert await children_of(system, top) == outer
        await crash(refs["b"])

        second = await children_of(system, sups["inner"])
        assert list(second) == ["a", "b"]
        for name in "ab":
            assert second[name].ref is not first[name].ref
            assert refs[name].exit is not None
            assert refs[name].path == f"/top/inner/{name}"
        assert await children_of(system, top) == {
            "inner": outer["inner"].again(),
            "beside": outer["beside"],
        }
        assert await children_of(system, sups["beside"]) == untouched


@seeds(10)
async def test_pekko_supervisor_exception_during_restart_is_retried() -> None:
    """An error in `started`, or in `stopped`, during a restart does not stop it."""
    stage = Stage()
    stage.plan("a", fail_started={2}, fail_stopped=True)
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b"), limit=None))
        before = await children_of(system, sup)
        ref = (await refs_of(sup))["a"]

        await crash(ref)

        after = await children_of(system, sup)
        assert after["b"] == before["b"]
        assert after["a"] == before["a"].again(2)
        assert await ref.ask(Echo()) == "echo"
        stage.plan("a", fail_stopped=False)


@seeds(30)
async def test_pekko_supervisor_system_messages_not_lost() -> None:
    """Crashes, a stop, an end and requests in one instant: each has its effect."""
    stage = Stage()
    transient = stage.spec("done", restart=Restart.TRANSIENT)
    async with open_system() as system, trio.open_nursery() as nursery:
        make = static(*stage.specs("a b c d"), transient, limit=None)
        sup = await start_ready(system, make)
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        wait = Wait()
        for ref in refs.values():
            ref.tell_nowait(wait)
        await settle()

        for name in "ab":
            refs[name].tell_nowait(Crash())
        refs["done"].tell_nowait(Finish())
        nursery.start_soon(stop_child, sup, "c")
        nursery.start_soon(start_child, sup, stage.spec("new"))
        wait.gate.set()
        await settle()

        after = await children_of(system, sup)
        assert {name: after[name] for name in "abd"} == {
            "a": before["a"].again(),
            "b": before["b"].again(),
            "d": before["d"],
        }
        assert {name: child.state for name, child in after.items()} == {
            "a": ChildState.RUNNING,
            "b": ChildState.RUNNING,
            "c": ChildState.STOPPED,
            "d": ChildState.RUNNING,
            "done": ChildState.STOPPED,
            "new": ChildState.RUNNING,
        }


@seeds(20)
async def test_pekko_supervisor_mass_crash_is_not_lost() -> None:
    """Fifty children crash in one instant: fifty restarts."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage), limit=None))
        refs = [await start_child(sup, f"w{number}") for number in range(50)]
        for ref in refs:
            ref.tell_nowait(Crash())
            ref.tell_nowait("after")
        await settle()

        assert (await count_children(sup)).active == 50
        assert system.statistics().restarts == 50
        assert len([each for each in stage.log if each.endswith("got after")]) == 50


@seeds(10)
async def test_pekko_supervisor_exceptions_in_creation_supervised() -> None:
    """A constructor that raises is no crash of the supervisor, at whatever start."""
    stage = Stage()
    stage.plan("a", fail_made={1, 3})
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("b")))
        before = await children_of(system, sup)
        with pytest.raises(ChildStartError):
            await start_child(sup, stage.spec("a"))
        assert await children_of(system, sup) == before

        ref = await start_child(sup, stage.spec("a"))
        await crash(ref)

        assert await ref.ask(Echo()) == "echo"
        assert stage.count["a made"] == 4
        assert (await children_of(system, sup))["b"] == before["b"]


@seeds(2)
async def test_pekko_supervisor_infinite_retries() -> None:
    """No limit means no limit, also for a child that fails to start 200 times."""
    stage = Stage()
    stage.plan("a", fail_made=range(2, 202))
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a"), limit=None))
        ref = (await refs_of(sup))["a"]
        await crash(ref)

        assert await ref.ask(Echo()) == "echo"
        info = await describe_child(sup, "a")
        assert info.restarts == 201
        assert len(info.history) == 10


def test_pekko_supervisor_unlimited_with_finite_range() -> None:
    """There is no number that stands for "no limit": it is None, and -1 is refused."""
    make: Callable[[int], RestartLimit] = lambda n: RestartLimit(n, within=1)  # noqa: E731
    with pytest.raises(ValueError, match="at least 0"):
        make(-1)
    assert attrs.astuple(make(0)) == (0, 1)
    assert static(limit=None).limit is None


@seeds(2)
async def test_pekko_supervisor_ranges_above_int32_milliseconds() -> None:
    """A window of a century has its two sides too."""
    century = 100 * 365 * 86_400.0
    for pause, survives in ((century, False), (century + 1, True)):
        stage = Stage()
        async with open_system() as system:
            limit = RestartLimit(1, within=century)
            sup = await keep(system, static(*stage.specs("a"), limit=limit))
            await sup.wait_started()
            ref = (await refs_of(sup))["a"]
            await crash(ref)
            await trio.sleep(pause)
            await crash(ref)

            assert (sup.exit is None) is survives
