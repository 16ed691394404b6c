"""Pekko's `BackoffSupervisorSpec` and `BackoffOnRestartSupervisorSpec`.

In Pekko a backoff is an actor in the middle; here it is a field of the child's spec.
The time that a child is down is measured by an ask: it waits in the mailbox and is
answered by the next incarnation.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
from typing import Any

import pytest
import trio

from actors import (
    ActorCrashedError,
    ActorRef,
    ActorStoppedError,
    AnyRef,
    Crashed,
    Decision,
    Exit,
    Finished,
    Mailbox,
    Stopped,
    open_system,
)
from actors.testing import seeds
from supervision import (
    Backoff,
    ChildRestartingError,
    ChildSpec,
    ChildState,
    Restart,
    RestartLimit,
    RestartLimitError,
    Strategy,
    Supervisor,
    delete_child,
    describe_child,
    list_children,
    restart_child,
    start_child,
    stop_child,
)
from tests.conformance.actors_under_test import Do, Owner, Puppet, child_of
from tests.conformance.supervised import (
    Crash,
    Echo,
    Finish,
    From,
    Stage,
    Worker,
    children_of,
    crash,
    end_with,
    keep,
    refs_of,
    settle,
    start_ready,
    states_of,
    static,
)

GROWING = Backoff(1, 100, jitter=0)
ONE_SECOND = Backoff(1, 1, jitter=0)
End = Callable[[AnyRef], object]
KILL: End = methodcaller("kill")
STOP: End = methodcaller("stop")


async def seconds_down(ref: AnyRef, how: str = "crashed") -> float:
    """Have a child's incarnation end; how long it takes until it answers again."""
    await end_with(how, ref)
    before = trio.current_time()
    assert await ref.ask(Echo()) == "echo"
    return trio.current_time() - before


async def only_child(
    system: Any, stage: Stage, **options: Any
) -> tuple[ActorRef[Any], AnyRef]:
    """Start a supervisor without a limit, with one child "a"; return both."""
    sup = await start_ready(system, static(stage.spec("a", **options), limit=None))
    return sup, (await refs_of(sup))["a"]


# ------------------------------------------------------------- BackoffSupervisorSpec


@seeds(10)
async def test_pekko_backoff_on_stop_restarts_after_normal_stop() -> None:
    """A permanent child is started again after the wait also when it finished."""
    for how in ("finished", "stopped", "killed", "crashed"):
        stage = Stage()
        async with open_system() as system:
            sup, ref = await only_child(system, stage, backoff=GROWING)

            assert await seconds_down(ref, "finished") == 1
            await end_with(how, ref)
            assert (await states_of(sup)) == {"a": ChildState.RESTARTING}
            assert stage.count["a made"] == 2
            await trio.sleep(2.5)
            assert (await states_of(sup)) == {"a": ChildState.RUNNING}
            assert stage.count["a made"] == 3


@seeds(10)
async def test_pekko_backoff_on_failure_not_after_a_normal_stop() -> None:
    """A transient child waits when it failed; when it finished it stays away."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(
            system, stage, restart=Restart.TRANSIENT, backoff=GROWING
        )
        assert await seconds_down(ref) == 1

        await end_with("finished", ref)
        await trio.sleep(1000)

        assert await states_of(sup) == {"a": ChildState.STOPPED}
        assert ref.exit == Finished()
        assert stage.count["a made"] == 2


@seeds(20)
async def test_pekko_backoff_forwards_to_child() -> None:
    """What is sent during the wait is handled after it, in order."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(system, stage, backoff=ONE_SECOND)
        ref.tell_nowait(Crash())
        ref.tell_nowait("queued")
        await trio.sleep(0.5)
        await ref.tell("during the wait")
        await settle()
        assert "a got queued" not in stage.log

        await trio.sleep(1)

        assert stage.log[-2:] == ["a got queued", "a got during the wait"]
        assert (await refs_of(sup)) == {"a": ref}


@seeds(10)
async def test_pekko_backoff_custom_strategy() -> None:
    """An owner makes a backoff of its own by HOLD, and a message to itself later."""

    class Waiting(Owner):
        """Lets OSErrors wait for three seconds, restarts on others at once."""

        def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
            if isinstance(exit, Crashed) and isinstance(exit.error, OSError):
                resume = Do(lambda me: me.resume_child(child, Decision.RESTART))
                self.after(3, resume)
                return Decision.HOLD
            return super().child_ended(child, exit)

    async with open_system() as system:
        owner = system.start(Waiting)
        ref = await child_of(owner, Puppet)

        for error, at in ((OSError(), 3), (ValueError(), 3), (OSError(), 6)):
            await ref.tell(Crash(error))
            assert await ref.ask(Echo()) == "echo"
            assert trio.current_time() == at


@seeds(10)
async def test_pekko_backoff_default_stopping_strategy() -> None:
    """A temporary child does not wait for a restart that does not come."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(
            system, stage, restart=Restart.TEMPORARY, backoff=GROWING
        )
        await crash(ref)

        assert isinstance(ref.exit, Crashed)
        assert await list_children(sup) == ()
        assert trio.current_time() == 0
        await trio.sleep(1000)
        assert stage.count["a made"] == 1


@seeds(10)
async def test_pekko_backoff_manual_reset() -> None:
    """Who says that all is well again stops the child and starts it: the row is new."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(system, stage, backoff=GROWING)
        assert [await seconds_down(ref) for _ in range(4)] == [1, 2, 4, 8]

        await stop_child(sup, "a")
        fresh = await restart_child(sup, "a")

        assert fresh is ref
        assert [await seconds_down(fresh) for _ in range(3)] == [1, 2, 4]


@seeds(20)
async def test_pekko_backoff_reply_while_stopped() -> None:
    """Nobody answers in the place of a child that waits: the supervisor says how it is.

    An ask is kept for the child; who does not want to wait says `within`.
    """
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(system, stage, backoff=Backoff(10, 10, jitter=0))
        await crash(ref)

        with pytest.raises(trio.TooSlowError):
            await ref.ask(Echo("first"), within=3)
        info = await describe_child(sup, ref)
        assert info.state is ChildState.RESTARTING
        assert isinstance(info.exit, Crashed)
        assert info.history[-1].delay == 10
        assert await ref.ask(Echo("second")) == "second"

        assert trio.current_time() == 10
        assert system.statistics().late_replies == 0  # the first was skipped


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [
        (Backoff(1, 100, jitter=0), [1, 2, 4, 8, 16, 32, 64, 100, 100]),
        (Backoff(0.5, 3, jitter=0), [0.5, 1, 2, 3, 3]),
        (Backoff(2, 2, jitter=0), [2, 2, 2]),
        (Backoff(1, 100, factor=1, jitter=0), [1, 1, 1, 1]),
        (Backoff(1, 100, factor=10, jitter=0), [1, 10, 100, 100]),
    ],
)
def test_pekko_backoff_delay_formula_table(
    backoff: Backoff, delays: list[float]
) -> None:
    """The n-th wait is `min(limit, first * factor**n)`, however large n is."""
    random: Callable[[], float] = lambda: 0.9  # noqa: E731
    assert [backoff.seconds(n, random) for n in range(len(delays))] == delays
    assert backoff.seconds(100_000, random) == delays[-1]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.999])
def test_pekko_backoff_delay_formula_jitter(share: float) -> None:
    """The jitter is added: `1 + jitter * random()` times, above the limit too."""
    backoff = Backoff(1, 8, jitter=0.5)
    for n, plain in enumerate([1, 2, 4, 8, 8]):
        wait = backoff.seconds(n, lambda: share)
        assert wait == pytest.approx(plain * (1 + 0.5 * share))
        assert plain <= wait < plain * 1.5


@seeds(10)
async def test_pekko_backoff_jitter_of_a_supervisor() -> None:
    """A supervisor takes the random part from its `random`, once for each wait."""
    numbers = iter((0.0, 0.5, 1.0))
    stage = Stage()

    class Jittery(Supervisor):
        """Has a source of numbers."""

        children = (stage.spec("a", backoff=Backoff(10, 10, jitter=0.5)),)

        def random(self) -> float:
            return next(numbers)

    async with open_system() as system:
        sup = await start_ready(system, Jittery)
        ref = (await refs_of(sup))["a"]

        assert [await seconds_down(ref) for _ in range(3)] == [10, 12.5, 15]
        history = (await describe_child(sup, "a")).history
        assert [record.delay for record in history] == [10, 12.5, 15]


@seeds(10)
async def test_pekko_backoff_max_retries_on_stop() -> None:
    """A limit counts waits after normal ends like all others: then it is over."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(
            system, stage, backoff=ONE_SECOND, limit=RestartLimit(2, within=60)
        )
        assert await seconds_down(ref, "finished") == 1
        assert await seconds_down(ref, "stopped") == 1

        await end_with("finished", ref)

        assert ref.exit == Finished()
        assert await states_of(sup) == {"a": ChildState.QUARANTINED}
        assert trio.current_time() == 2
        await trio.sleep(100)
        assert stage.count["a made"] == 3


@seeds(10)
async def test_pekko_backoff_max_retries_on_failure() -> None:
    """The limit of the supervisor counts them too, and is over without a last wait."""
    stage = Stage()
    async with open_system() as system:
        specs = (stage.spec("a", backoff=ONE_SECOND), stage.spec("b"))
        sup = await keep(system, static(*specs, limit=RestartLimit(2, within=60)))
        await sup.wait_started()
        refs = await refs_of(sup)
        assert [await seconds_down(refs["a"]) for _ in range(2)] == [1, 1]

        await crash(refs["a"])

        assert isinstance(sup.exit, Crashed)
        assert isinstance(sup.exit.error, RestartLimitError)
        assert [each.at for each in sup.exit.error.history] == [0, 1, 2]
        assert trio.current_time() == 2
        assert refs["b"].exit == Stopped()


@seeds(10)
async def test_pekko_backoff_final_stop_message() -> None:
    """A transient child ends for good by the message on which it finishes."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(
            system, stage, restart=Restart.TRANSIENT, backoff=ONE_SECOND
        )
        ref.tell_nowait(Crash())
        ref.tell_nowait(Finish())

        assert await ref.wait_stopped() == Finished()
        assert trio.current_time() == 1
        assert await states_of(sup) == {"a": ChildState.STOPPED}


@seeds(10)
async def test_pekko_backoff_other_messages_do_not_end_it() -> None:
    """No other message does, during a wait or after it."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(
            system, stage, restart=Restart.TRANSIENT, backoff=ONE_SECOND
        )
        await crash(ref)
        for number in range(5):
            await ref.tell(number)
        await trio.sleep(2)
        await ref.tell("last")
        await settle()

        assert await states_of(sup) == {"a": ChildState.RUNNING}
        assert stage.log[-6:] == [f"a got {x}" for x in (0, 1, 2, 3, 4, "last")]


@seeds(10)
async def test_pekko_backoff_final_stop_during_the_wait() -> None:
    """A stop or a kill during the wait ends a child at once and for good."""
    for end in (STOP, KILL):
        stage = Stage()
        async with open_system() as system:
            sup, ref = await only_child(system, stage, backoff=GROWING)
            await crash(ref)
            ref.tell_nowait("left")

            before = trio.current_time()
            end(ref)
            await settle()

            assert ref.exit is not None
            assert await states_of(sup) == {"a": ChildState.STOPPED}
            assert trio.current_time() == before
            with pytest.raises(ActorStoppedError):
                ref.tell_nowait("too late")
            await trio.sleep(10)
            assert stage.count["a made"] == 1
            assert [each.message for each in system.dead_letters][1:] == ["left"]
            fresh = await restart_child(sup, "a")
            assert await fresh.ask(Echo()) == "echo"


@seeds(10)
async def test_pekko_backoff_grows() -> None:
    """Each wait in a row is longer than the one before."""
    stage = Stage()
    async with open_system() as system:
        _, ref = await only_child(system, stage, backoff=GROWING)

        assert [await seconds_down(ref) for _ in range(5)] == [1, 2, 4, 8, 16]


@seeds(10)
async def test_pekko_backoff_has_a_max() -> None:
    """But none is longer than the limit."""
    stage = Stage()
    async with open_system() as system:
        _, ref = await only_child(system, stage, backoff=Backoff(1, 5, jitter=0))

        assert [await seconds_down(ref) for _ in range(6)] == [1, 2, 4, 5, 5, 5]


async def after_quiet(backoff: Backoff, quiet: float) -> float:
    """The wait after two in a row and so many seconds of quiet."""
    stage = Stage()
    async with open_system() as system:
        _, ref = await only_child(system, stage, backoff=backoff)
        assert [await seconds_down(ref) for _ in range(2)] == [1, 2]
        await trio.sleep(quiet)
        return await seconds_down(ref)


@seeds(5)
async def test_pekko_backoff_resets() -> None:
    """A child that has run for `reset_after` since its last restart begins anew."""
    backoff = Backoff(1, 100, jitter=0, reset_after=7)

    assert await after_quiet(backoff, 6.5) == 4
    assert await after_quiet(backoff, 7.5) == 1


@seeds(5)
async def test_pekko_backoff_default_reset() -> None:
    """Without a say the quiet is half of what first and limit are together."""
    backoff = Backoff(1, 9, jitter=0)

    assert backoff.quiet == 5
    assert await after_quiet(backoff, 4.5) == 4
    assert await after_quiet(backoff, 5.5) == 1


@seeds(5)
async def test_pekko_backoff_reset_counts_from_the_restart() -> None:
    """The time that a child was down is no quiet: that begins with the restart."""
    stage = Stage()
    backoff = Backoff(10, 1000, jitter=0, reset_after=15)
    async with open_system() as system:
        _, ref = await only_child(system, stage, backoff=backoff)

        # down for 10, then for 20 seconds, longer than 15, with 10 of quiet between
        waits: list[float] = []
        for _ in range(4):
            waits.append(await seconds_down(ref))
            await trio.sleep(10)

        assert waits == [10, 20, 40, 80]


@seeds(5)
async def test_pekko_backoff_of_a_group() -> None:
    """A group is halted at once and comes back after the wait of who failed."""
    stage = Stage()
    specs = (stage.spec("a"), stage.spec("b", backoff=GROWING), stage.spec("c"))
    async with open_system() as system:
        make = static(*specs, strategy=Strategy.ONE_FOR_ALL)
        sup = await start_ready(system, make)
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        stage.take()

        await crash(refs["b"])
        assert stage.take() == ["b stopped", "c stopped", "a stopped"]
        assert set((await states_of(sup)).values()) == {ChildState.RESTARTING}
        await refs["c"].tell("kept")
        await trio.sleep(0.999)
        assert stage.log == []
        await trio.sleep(0.002)

        assert await children_of(system, sup) == {
            name: child.again() for name, child in before.items()
        }
        assert stage.names("started") == ["a", "b", "c"]
        assert stage.names("got kept") == ["c"]
        # `a` has no backoff of its own: it restarts all at once
        await crash(refs["a"])
        assert stage.count["c made"] == 3


# --------------------------------------------------- BackoffOnRestartSupervisorSpec


@seeds(10)
async def test_pekko_backoff_on_restart_terminates_with_child() -> None:
    """A child in its wait ends with its supervisor, at once."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(system, stage, backoff=GROWING)
        await crash(ref)

        sup.stop()

        assert await sup.wait_stopped() == Stopped()
        assert ref.exit is not None
        assert trio.current_time() == 0
        assert system.statistics().actors == 0
        await trio.sleep(10)
        assert stage.count["a made"] == 1


@seeds(10)
async def test_pekko_backoff_on_restart_exponential_spacing() -> None:
    """A child that never comes up is tried at 1, 3, 7, 15 … seconds."""
    stage = Stage()
    stage.plan("a", fail_made=From(2))
    async with open_system() as system:
        _, ref = await only_child(system, stage, backoff=GROWING)
        await crash(ref)
        tries: list[float] = []
        for tick in range(65):
            while len(tries) < stage.count["a made"] - 1:
                tries.append(tick)
            await trio.sleep_until(tick + 1)
            await settle()

        assert tries == [1, 3, 7, 15, 31, 63]


@seeds(10)
async def test_pekko_backoff_on_restart_stop_by_strategy() -> None:
    """What is not to be restarted is not: no wait comes before the end."""
    for restart, how in (
        (Restart.TEMPORARY, "crashed"),
        (Restart.TRANSIENT, "finished"),
        (Restart.TRANSIENT, "stopped"),
    ):
        stage = Stage()
        async with open_system() as system:
            _, ref = await only_child(system, stage, restart=restart, backoff=GROWING)
            before = trio.current_time()
            await end_with(how, ref)
            await ref.wait_stopped()

            assert trio.current_time() == before
            assert stage.count["a made"] == 1


@seeds(20)
async def test_pekko_backoff_on_restart_accepts_commands_while_child_terminates() -> (
    None
):
    """While a child takes its time to end, requests are answered and messages kept."""
    stage = Stage()
    stage.plan("a", stopped_takes=3)
    async with open_system() as system:
        sup, ref = await only_child(system, stage, backoff=ONE_SECOND)
        await ref.tell(Crash())
        await trio.sleep(1)

        await ref.tell("kept")
        assert (await describe_child(sup, "a")).ref is ref
        other = await start_child(sup, stage.spec("b"))
        assert await other.ask(Echo()) == "echo"
        assert trio.current_time() == 1
        assert stage.count["a left"] == 0

        await ref.ask(Echo())
        assert trio.current_time() == 4  # three to end in, one to wait
        assert stage.names("got kept") == ["a"]


@seeds(10)
async def test_pekko_backoff_on_restart_waiting_child_is_not_stopped() -> None:
    """A child in its wait can be stopped, not restarted or deleted."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(system, stage, backoff=GROWING)
        await crash(ref)

        for refused in (restart_child, delete_child):
            with pytest.raises(ChildRestartingError) as caught:
                await refused(sup, "a")
            assert (caught.value.id, caught.value.ref) == ("a", ref)

        await stop_child(sup, "a")
        await delete_child(sup, "a")
        assert await list_children(sup) == ()
        assert trio.current_time() == 0


@seeds(10)
async def test_pekko_backoff_on_restart_max_nr_of_retries_honoured() -> None:
    """So many tries, each after its wait, and then no more."""
    stage = Stage()
    stage.plan("a", fail_made=From(2))
    async with open_system() as system:
        sup, ref = await only_child(
            system, stage, backoff=GROWING, limit=RestartLimit(3, within=1000)
        )
        await crash(ref)
        await ref.wait_stopped()

        assert trio.current_time() == 1 + 2 + 4
        assert stage.count["a made"] == 1 + 3
        assert await states_of(sup) == {"a": ChildState.QUARANTINED}
        history = (await describe_child(sup, "a")).history
        assert [each.delay for each in history][:3] == [1, 2, 4]


@seeds(10)
async def test_pekko_backoff_on_restart_within_time_range_honoured() -> None:
    """Failures within the window of the limit add up to the end."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(
            system,
            stage,
            backoff=Backoff(0.5, 0.5, jitter=0),
            limit=RestartLimit(2, within=2),
        )
        for _ in range(2):
            await seconds_down(ref)
            await trio.sleep(0.25)
        await crash(ref)  # at 1.5, the earlier ones at 0 and at 0.75

        assert await states_of(sup) == {"a": ChildState.QUARANTINED}


@seeds(5)
async def test_pekko_backoff_on_restart_failures_outside_the_range() -> None:
    """Failures that are further apart than that are restarted for ever."""
    stage = Stage()
    async with open_system() as system:
        sup, ref = await only_child(
            system,
            stage,
            backoff=Backoff(0.5, 0.5, jitter=0),
            limit=RestartLimit(2, within=2),
        )
        for _ in range(40):
            await seconds_down(ref)
            await trio.sleep(0.51)  # three of them take 2.02 seconds

        assert await states_of(sup) == {"a": ChildState.RUNNING}
        assert (await describe_child(sup, "a")).restarts == 40


# ------------------------------------------------------------------------ StashSpec


@seeds(20)
async def test_stash_failure_mid_unstash_under_backoff() -> None:
    """A crash on an unstashed message: the others wait for the restart, in order.

    The request among them is answered after it; one that was in hand fails at once.
    """
    stage = Stage()

    class Closed(Worker):
        """Stashes everything until it is told to open."""

        opened = False

        async def receive(self, message: object) -> None:
            if message == "open":
                self.opened = True
                self.unstash_all()
            elif self.opened:
                await super().receive(message)
            else:
                self.stash(message)

    answers: list[tuple[str, float]] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        spec = ChildSpec(
            Closed, stage, "a", None, id="a", backoff=GROWING, mailbox=Mailbox(8)
        )
        sup = await start_ready(system, static(spec))
        ref = (await refs_of(sup))["a"]

        async def ask() -> None:
            answers.append((await ref.ask(Echo()), trio.current_time()))

        for message in (1, Crash(), 2):
            await ref.tell(message)
        nursery.start_soon(ask)
        await settle()
        await ref.tell("open")
        await settle()
        await ref.tell("open")
        await ref.tell(3)
        assert stage.names("got 2") == []
        await trio.sleep(1.5)

        got = [each for each in stage.log if " got " in each]
        assert got == [f"a got {number}" for number in (1, 2, 3)]
        assert answers == [("echo", 1)]
        assert len(system.dead_letters) == 1  # the crash


@seeds(10)
async def test_stash_request_in_hand_fails_before_the_backoff() -> None:
    """Whose request the child crashed on does not wait for the backoff."""

    class Fragile(Puppet):
        """Crashes on every request."""

        async def receive(self, message: object) -> None:
            raise ValueError(message)

    async with open_system() as system:
        spec = ChildSpec(Fragile, None, id="a", backoff=GROWING)
        sup = await start_ready(system, static(spec))
        with pytest.raises(ActorCrashedError):
            await (await refs_of(sup))["a"].ask(Echo())

        assert trio.current_time() == 0
