"""What a static supervisor decides, rule by rule, without Trio.

`World` (machine_shell.py) stands for actors and for the supervisor's shell.  Its
log says what was commanded, in order; `lives` is who is alive, by identity.  Rules are
numbered as in OTP's supervisor, where they come from.
"""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    Crashed,
    DuplicateNameError,
    Exit,
    Finished,
    Killed,
    Stopped,
)
from supervision import (
    AutoShutdown,
    Backoff,
    ChildAlreadyPresentError,
    ChildAlreadyStartedError,
    ChildCounts,
    ChildRestartingError,
    ChildRunningError,
    ChildStartError,
    ChildState,
    CombinationError,
    Restart,
    RestartLimit,
    RestartLimitError,
    StartedChild,
    Strategy,
    UnknownChildError,
)
from tests.trees.machine_shell import BangError, World, bang, spec, specs

WAITING, STARTING = ChildState.WAITING, ChildState.STARTING
RUNNING, HALTING = ChildState.RUNNING, ChildState.HALTING
RESTARTING, STOPPING = ChildState.RESTARTING, ChildState.STOPPING
STOPPED, QUARANTINED = ChildState.STOPPED, ChildState.QUARANTINED
ONE, ALL, REST = Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE
PERMANENT, TRANSIENT, TEMPORARY = (
    Restart.PERMANENT,
    Restart.TRANSIENT,
    Restart.TEMPORARY,
)
NEVER, ANY, EVERY = (
    AutoShutdown.NEVER,
    AutoShutdown.ANY_SIGNIFICANT,
    AutoShutdown.ALL_SIGNIFICANT,
)
ONCE = RestartLimit(1, within=5)
WAIT = Backoff(1, 8, jitter=0)
GROUPS = pytest.mark.parametrize("strategy", [ALL, REST])


def end(world: World, id_: str, exit_: Exit) -> None:
    """The child ends by itself."""
    world.end(world[id_], exit_)


def given_up(world: World) -> Exception:
    """The error with which the supervisor has given up."""
    assert world.given_up is not None
    return world.given_up.error


def over_the_limit(world: World) -> RestartLimitError:
    """The error of a supervisor over its limit."""
    error = given_up(world)
    assert isinstance(error, RestartLimitError)
    return error


# --------------------------------------------------------------- the start


def test_children_start_in_order_each_when_the_one_before_is_ready() -> None:
    """R8: a child that hangs holds up those behind it, and the supervisor."""
    world = World(specs("a b c"), hung={"b"})
    assert world.take() == ["start a", "start b"]
    assert world.states() == {"a": RUNNING, "b": STARTING, "c": WAITING}

    world.ready("b")

    assert world.take() == ["start c", "ready"]
    assert world.states() == {"a": RUNNING, "b": RUNNING, "c": RUNNING}


def test_children_without_a_hook_are_ready_at_once() -> None:
    """Nothing is waited for."""
    world = World([spec(id_, instant=True) for id_ in "abc"], quick=False)

    assert world.take() == ["start a", "start b", "start c", "ready"]


def test_a_supervisor_without_children_is_ready() -> None:
    """C1: sup_start_normal."""
    assert World([]).take() == ["ready"]


@pytest.mark.parametrize("restart", list(Restart))
@pytest.mark.parametrize("where", ["constructor", "started"])
def test_a_start_that_fails_fails_the_supervisor(restart: Restart, where: str) -> None:
    """R10: with the child's id and crash; no younger one is started."""
    made = [spec("a"), spec("b", restart=restart), spec("c")]
    if where == "constructor":
        world = World(made, fail_made={"b"})
    else:
        world = World(made, hung={"b"})
        world.crash("b")

    assert world.take() == ["start a", "start b", "give up"]
    error = given_up(world)
    assert isinstance(error, ChildStartError)
    assert (error.path, error.id) == ("/s", "b")
    assert isinstance(error.__cause__, BangError)
    assert world.given_up is not None
    assert world.given_up.cause is error.__cause__


@pytest.mark.parametrize("exit_", [Stopped("no"), Killed()])
def test_a_child_that_is_stopped_before_it_is_ready_fails_the_supervisor(
    exit_: Exit,
) -> None:
    """It has not been started; there is no crash to be the cause."""
    world = World(specs("a"), hung={"a"})
    end(world, "a", exit_)

    error = given_up(world)
    assert isinstance(error, ChildStartError)
    assert error.exit == exit_
    assert error.__cause__ is None


def test_a_name_that_is_taken_fails_the_supervisor() -> None:
    """R15: what has the name is not adopted."""
    world = World(specs("a b"), occupied={"b"})

    assert world.take() == ["start a", "start b", "give up"]
    assert isinstance(given_up(world), DuplicateNameError)


@pytest.mark.parametrize(
    ("restart", "kept"), [(PERMANENT, True), (TRANSIENT, True), (TEMPORARY, False)]
)
def test_a_child_that_finishes_in_started_is_passed_over(
    restart: Restart, *, kept: bool
) -> None:
    """R11, OTP's ignore: its spec is kept unless it is temporary; the rest starts."""
    world = World([spec("a", restart=restart), spec("b")], hung={"a"})
    world.finish_by_itself("a")

    assert world.take() == ["start a", "start b", "ready"]
    assert world.states() == ({"a": STOPPED} if kept else {}) | {"b": RUNNING}


def test_a_crash_of_the_first_while_the_second_starts_is_an_ordinary_restart() -> None:
    """Only the first start of a child is part of the supervisor's own."""
    world = World(specs("a b"), hung={"b"})
    world.crash("a")
    assert world.states() == {"a": RUNNING, "b": STARTING}
    assert world.info("a").restarts == 1

    world.ready("b")

    assert world.take() == ["start a", "start b", "ready"]


@GROUPS
def test_a_group_restart_during_the_start_starts_the_rest_too(
    strategy: Strategy,
) -> None:
    """Those that were never started are started behind those that come back."""
    world = World(specs("a b c"), strategy=strategy, hung={"b"})
    world.take()
    world.hung.clear()
    world.crash("a")

    assert world.take() == ["halt b", "resume a", "resume b", "start c", "ready"]
    assert world.states() == dict.fromkeys("abc", RUNNING)


def test_a_child_started_by_request_during_the_start_stays_behind_the_others() -> None:
    """R13: it comes last in the order of start, so it is stopped first."""
    world = World(specs("a b"), hung={"a"})
    world.ask_start(spec("c"))
    world.ready("a")

    assert list(world.states()) == ["a", "b", "c"]
    assert [cell.name for cell in world.stop_order] == ["a", "b", "c"]


@pytest.mark.parametrize("way", ["restart_child", "crash", "constructor"])
def test_a_child_that_comes_again_during_the_start_keeps_its_place(way: str) -> None:
    """The order in which children are stopped is that of the children, always."""
    world = World([spec("a"), spec("b"), spec("c")], hung={"c"})
    if way == "restart_child":
        world.ask_stop("a")
        world.ask_restart("a")
    elif way == "crash":  # of a child that was stopping: it gets a new cell
        world.slow.add("a")
        world.stop("a")
        world.slow.clear()
        world.crash("a")
    else:  # ... and one that cannot be made at first
        world.slow.add("a")
        world.stop("a")
        world.slow.clear()
        world.fail_made["a"] = 1
        world.crash("a")
        world.advance(1)
    world.ready("c")

    assert world.states() == dict.fromkeys("abc", RUNNING)
    assert [cell.name for cell in world.stop_order] == ["a", "b", "c"]


# --------------------------------------------------------------- one child, by its type


@pytest.mark.parametrize("exit_", [Finished(), Stopped(), bang(), Killed()])
@pytest.mark.parametrize("restart", list(Restart))
def test_a_child_comes_back_by_its_type(restart: Restart, exit_: Exit) -> None:
    """R26: by `Restart.wants`; the others are not touched."""
    world = World([spec("a"), spec("b", restart=restart), spec("c")])
    before = world.lives()
    world.take()
    end(world, "b", exit_)

    back = restart.wants(exit_)
    if back:
        ref, _ = before["b"]
        assert world.lives() == {**before, "b": (ref, 2)}
        assert world.info("b").restarts == 1
        assert [record.exit for record in world.info("b").history] == [exit_]
    else:
        assert world.lives() == {id_: before[id_] for id_ in "ac"}
    left = {"a": RUNNING, "b": RUNNING if back else STOPPED, "c": RUNNING}
    if restart is TEMPORARY:
        del left["b"]
    else:
        assert world.info("b").exit == exit_
    assert world.states() == left
    assert world.take() == []


def test_a_restart_whose_constructor_fails_is_tried_again_and_counted() -> None:
    """R33: each failed attempt is one more restart."""
    world = World([spec("a", instant=True)])
    world.fail_made["a"] = 2
    world.crash("a")

    assert world.info("a").restarts == 3
    assert len(world.machine.ledger.counted()) == 3
    assert world.states() == {"a": RUNNING}

    world.crash("a")
    assert [r.id for r in over_the_limit(world).history] == ["a"] * 4


def test_a_restart_whose_started_fails_is_tried_again_and_counted() -> None:
    """R33: the hook belongs to the start."""
    world = World(specs("a"))
    world.hung.add("a")
    for _ in range(3):
        world.crash("a")
        assert world.states() == {"a": STARTING}
    world.ready("a")

    assert world.info("a").restarts == 3
    world.crash("a")
    assert len(over_the_limit(world).history) == 4


@pytest.mark.parametrize(
    ("restart", "left"),
    [(PERMANENT, {"a": STOPPED}), (TRANSIENT, {"a": STOPPED})],
)
def test_a_child_that_finishes_in_started_after_a_restart_stays_stopped(
    restart: Restart, left: dict[str, ChildState]
) -> None:
    """R44: the spec is kept."""
    world = World([spec("a", restart=restart)])
    world.hung.add("a")
    world.crash("a")
    world.finish_by_itself("a")

    assert world.states() == left
    assert world.info("a").restarts == 1


# --------------------------------------------------------------- the limit


@pytest.mark.parametrize(
    ("limit", "times", "survives"),
    [
        (RestartLimit(0, within=5), [0.0], False),
        (RestartLimit(1, within=5), [0.0, 5.0], False),
        (RestartLimit(1, within=5), [0.0, 5.001], True),
        (RestartLimit(2, within=5), [0.0, 1.0, 5.0], False),
        (RestartLimit(2, within=5), [0.0, 1.0, 5.001], True),
        (RestartLimit(3, within=5), [0.0, 0.0, 0.0], True),
        (RestartLimit(3, within=5), [0.0, 0.0, 0.0, 0.0], False),
        (None, [0.0] * 50, True),
    ],
)
@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_limit_is_kept_to_the_instant(
    strategy: Strategy,
    limit: RestartLimit | None,
    times: list[float],
    *,
    survives: bool,
) -> None:
    """R31, R32, R34: a group restart counts once; both ends of the window count."""
    world = World(specs("a b"), strategy=strategy, limit=limit)
    for at in times:
        world.advance(at - world.now)
        assert not world.over
        world.crash("a")

    assert world.over is not survives
    if not survives:
        error = over_the_limit(world)
        assert (error.path, error.id, error.limit) == ("/s", "a", limit)
        assert len(error.history) == limit.restarts + 1 if limit else 0
        assert isinstance(world.given_up and world.given_up.cause, BangError)


@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_restart_that_is_one_too_many_is_not_counted_as_done(
    strategy: Strategy, *, instant: bool
) -> None:
    """`restarts` and `history` are what has happened, for every kind of child."""
    world = World([spec("a", instant=instant)], strategy=strategy, limit=ONCE)
    child = world.machine.children["a"]
    world.crash("a")
    assert (child.info().restarts, len(child.info().history)) == (1, 1)
    world.crash("a")

    assert world.over
    assert (child.info().restarts, len(child.info().history)) == (1, 1)


def test_the_limit_is_shared_by_all_children() -> None:
    """R30: the history says who has used it up."""
    world = World(specs("a b c"))
    for id_ in "abcb":
        world.crash(id_)

    error = over_the_limit(world)
    assert [record.id for record in error.history] == ["a", "b", "c", "b"]


def test_what_is_no_restart_is_free() -> None:
    """R35: stops by request, ends in order, restarts by request, temporary ones."""
    made = [spec("a"), spec("b", restart=TRANSIENT), spec("c", restart=TEMPORARY)]
    world = World(made, limit=RestartLimit(0, within=5))
    world.ask_stop("a")
    world.ask_restart("a")
    world.finish_by_itself("b")
    world.ask_restart("b")
    world.crash("c")

    assert not world.over
    assert world.states() == {"a": RUNNING, "b": RUNNING}
    world.crash("a")
    assert world.over


def test_after_it_has_given_up_nothing_is_restarted() -> None:
    """What still ends is let go."""
    world = World(specs("a b"), limit=RestartLimit(0, within=5))
    world.crash("a")
    world.take()
    world.crash("b")

    assert world.take() == []
    assert world.lives() == {}


# --------------------------------------------------------------- a child's own limit


def test_a_child_over_its_own_limit_is_let_go_alone() -> None:
    """It is in quarantine; its last crash does not count for the supervisor."""
    world = World([spec("a"), spec("b", limit=ONCE), spec("c")], limit=ONCE)
    before = world.lives()
    world.crash("b")
    world.crash("b")

    assert not world.over
    assert world.states() == {"a": RUNNING, "b": QUARANTINED, "c": RUNNING}
    assert world.lives() == {id_: before[id_] for id_ in "ac"}
    info = world.info("b")
    assert (info.ref, info.restarts, len(info.history)) == (None, 1, 1)

    world.crash("a")  # the supervisor's budget had one left after b's only restart
    assert world.over


@pytest.mark.parametrize(("at", "kept"), [(5.0, False), (5.001, True)])
def test_a_childs_own_window_is_kept_to_the_instant(at: float, *, kept: bool) -> None:
    """Both ends count, as for the supervisor's."""
    world = World([spec("a", limit=ONCE)], limit=None)
    world.crash("a")
    world.advance(at)
    world.crash("a")

    assert world.states() == {"a": RUNNING if kept else QUARANTINED}


def test_the_childs_own_limit_is_looked_at_first() -> None:
    """Over both limits the child is let go and the supervisor lives."""
    world = World(
        [spec("a", limit=RestartLimit(0, within=5))], limit=RestartLimit(0, within=5)
    )
    world.crash("a")

    assert not world.over
    assert world.states() == {"a": QUARANTINED}


def test_a_quarantine_in_the_supervisors_start_lets_the_rest_start() -> None:
    """The order goes on without it."""
    world = World([spec("a", limit=RestartLimit(0, within=5)), spec("b")], hung={"b"})
    world.crash("a")
    world.ready("b")

    assert world.states() == {"a": QUARANTINED, "b": RUNNING}
    assert world.take() == ["start a", "start b", "ready"]


def test_restart_child_ends_a_quarantine_and_the_limit_starts_anew() -> None:
    """It is a new actor in the same place."""
    world = World([spec("a", limit=ONCE)], limit=None)
    old = world["a"].ref
    world.crash("a")
    world.crash("a")
    caller = world.ask_restart("a")

    answer = world.answers[caller]
    assert answer == StartedChild(world["a"].ref)
    assert world["a"].ref is not old
    world.crash("a")
    assert world.states() == {"a": RUNNING}
    world.crash("a")
    assert world.states() == {"a": QUARANTINED}


# --------------------------------------------------------------- the backoff


def test_a_child_waits_for_its_backoff_longer_each_time() -> None:
    """Held, so that its mailbox collects; nobody else is touched."""
    world = World([spec("a", backoff=WAIT), spec("b")], limit=None)
    before = world.lives()
    world.take()
    for seconds in (1, 2, 4, 8, 8):
        world.crash("a")
        assert world.take() == [f"arm a {seconds}"]
        assert world.states() == {"a": RESTARTING, "b": RUNNING}
        world.advance(seconds - 0.001)
        assert world.take() == []
        world.advance(0.001)
        assert world.take() == ["resume a"]

    ref, _ = before["a"]
    assert world.lives() == {"a": (ref, 6), "b": before["b"]}
    assert [r.delay for r in world.info("a").history] == [1, 2, 4, 8, 8]


@pytest.mark.parametrize(("quiet", "wait"), [(2.999, 2), (3, 1)])
def test_a_quiet_time_ends_a_row(quiet: float, wait: int) -> None:
    """Counted from the instant of the restart, not of the crash."""
    world = World([spec("a", backoff=Backoff(1, 8, jitter=0, reset_after=3))])
    world.crash("a")
    world.advance(1)
    world.take()
    world.advance(quiet)
    world.crash("a")

    assert world.take() == [f"arm a {wait}"]


def test_the_jitter_comes_from_the_supervisors_source() -> None:
    """So tests can do without it."""
    made = [spec("a", backoff=Backoff(1, 8, jitter=0.5))]
    world = World(made, random=lambda: 0.5)
    world.take()
    world.crash("a")

    assert world.take() == ["arm a 1.25"]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_constructor_that_fails_on_request_is_no_restart(strategy: Strategy) -> None:
    """The caller knows; the backoff and the limits do not."""
    world = World(specs("a"), strategy=strategy, limit=RestartLimit(0, within=5))
    world.fail_made["b"] = 1
    caller = world.ask_start(spec("b", backoff=WAIT))

    assert isinstance(world.failure(caller), ChildStartError)
    assert world.states() == {"a": RUNNING}
    assert not world.over


def test_restart_child_starts_the_row_anew() -> None:
    """As if it had never failed."""
    world = World([spec("a", backoff=WAIT)])
    world.crash("a")
    world.ask_stop("a")
    world.ask_restart("a")
    world.take()
    world.crash("a")

    assert world.take() == ["arm a 1"]


@GROUPS
def test_a_group_is_halted_at_once_and_started_after_the_backoff(
    strategy: Strategy,
) -> None:
    """Nobody works on while the one they rely on is away."""
    world = World([spec("a", backoff=WAIT), *specs("b c")], strategy=strategy)
    before = world.lives()
    world.take()
    world.crash("a")
    assert world.take() == ["arm a 1", "halt c", "halt b"]
    assert world.states() == dict.fromkeys("abc", RESTARTING)

    world.advance(1)

    assert world.take() == ["resume a", "resume b", "resume c"]
    assert world.lives() == {id_: (before[id_][0], 2) for id_ in "abc"}


# --------------------------------------------------------------- the strategies


@pytest.mark.parametrize(
    ("strategy", "failing", "done", "again"),
    [
        (ONE, "a", [], "a"),
        (ONE, "b", [], "b"),
        (ONE, "c", [], "c"),
        (
            ALL,
            "a",
            ["halt c", "halt b", "resume a", "resume b", "resume c"],
            "abc",
        ),
        (
            ALL,
            "b",
            ["halt c", "halt a", "resume a", "resume b", "resume c"],
            "abc",
        ),
        (
            ALL,
            "c",
            ["halt b", "halt a", "resume a", "resume b", "resume c"],
            "abc",
        ),
        (
            REST,
            "a",
            ["halt c", "halt b", "resume a", "resume b", "resume c"],
            "abc",
        ),
        (REST, "b", ["halt c", "resume b", "resume c"], "bc"),
        (REST, "c", ["resume c"], "c"),
    ],
)
def test_who_is_restarted_and_in_which_order(
    strategy: Strategy, failing: str, done: list[str], again: str
) -> None:
    """R39-R41: the others keep their incarnation, all keep their ref."""
    world = World(specs("a b c"), strategy=strategy)
    before = world.lives()
    world.take()
    world.crash(failing)

    assert world.take() == done
    assert world.lives() == {
        id_: (ref, incarnation + (id_ in again))
        for id_, (ref, incarnation) in before.items()
    }
    restarts = {id_: world.info(id_).restarts for id_ in "abc"}
    assert restarts == {"a": 0, "b": 0, "c": 0} | {failing: 1}


@GROUPS
def test_a_group_is_taken_down_one_after_the_other(strategy: Strategy) -> None:
    """R40, R50: the next is asked when the younger one is down; then up, one by one."""
    world = World(specs("a b c"), strategy=strategy, slow={"b", "c"})
    world.take()
    world.crash("a")
    assert world.take() == ["halt c"]
    assert world.states() == {"a": RESTARTING, "b": RUNNING, "c": HALTING}

    world.let_end(world["c"])
    assert world.take() == ["halt b"]
    assert world.states() == {"a": RESTARTING, "b": HALTING, "c": RESTARTING}

    world.hung.add("a")
    world.let_end(world["b"], Killed())  # it was late
    assert world.take() == ["resume a"]
    assert world.states() == {"a": STARTING, "b": RESTARTING, "c": RESTARTING}

    world.ready("a")
    assert world.take() == ["resume b", "resume c"]


@GROUPS
@pytest.mark.parametrize("exit_", [bang(), Finished(), Stopped()])
def test_a_member_that_ends_before_its_turn_is_not_counted(
    strategy: Strategy, exit_: Exit
) -> None:
    """It would have been taken down anyway, and comes back with its group."""
    world = World(specs("a b c"), strategy=strategy, slow={"c"}, limit=ONCE)
    before = world.lives()
    world.take()
    world.crash("a")
    end(world, "b", exit_)
    assert world.states() == {"a": RESTARTING, "b": RESTARTING, "c": HALTING}
    world.let_end(world["c"])

    assert world.take() == ["halt c", "resume a", "resume b", "resume c"]
    assert world.lives() == {id_: (before[id_][0], 2) for id_ in "abc"}
    assert world.info("b").restarts == 0
    assert not world.over


def test_a_retry_of_one_for_all_halts_everybody_again() -> None:
    """R42: also those that were started again already; each attempt counts."""
    world = World(specs("a b c"), strategy=ALL, limit=RestartLimit(2, within=5))
    before = world.lives()
    world.take()
    world.hung.add("b")
    world.crash("c")
    assert world.take() == ["halt b", "halt a", "resume a", "resume b"]
    world.hung.clear()
    world.crash("b")

    assert world.take() == ["halt a", "resume a", "resume b", "resume c"]
    incarnations = {id_: life[1] for id_, life in world.lives().items()}
    assert incarnations == {"a": 3, "b": 3, "c": 2}
    assert {id_: life[0] for id_, life in world.lives().items()} == {
        id_: life[0] for id_, life in before.items()
    }
    world.crash("a")
    assert len(over_the_limit(world).history) == 3


def test_a_retry_of_rest_for_one_goes_on_from_the_failing_one() -> None:
    """R42: those before it in the group are not restarted again."""
    world = World(specs("a b c d"), strategy=REST, limit=RestartLimit(2, within=5))
    world.take()
    world.hung.add("c")
    world.crash("b")
    assert world.take() == ["halt d", "halt c", "resume b", "resume c"]
    world.hung.clear()
    world.crash("c")

    assert world.take() == ["resume c", "resume d"]
    incarnations = {id_: life[1] for id_, life in world.lives().items()}
    assert incarnations == {"a": 1, "b": 2, "c": 3, "d": 2}
    world.crash("d")
    assert len(over_the_limit(world).history) == 3


@GROUPS
def test_a_constructor_that_fails_in_a_group_restart_is_tried_again(
    strategy: Strategy,
) -> None:
    """R33, R42: it is counted, and the group comes up all the same."""
    world = World(specs("a b c"), strategy=strategy, limit=RestartLimit(3, within=5))
    world.fail_made["b"] = 2
    world.crash("a")

    assert world.states() == dict.fromkeys("abc", RUNNING)
    assert world.info("b").restarts == 2
    assert len(world.machine.ledger.counted()) == 3
    assert not world.over


@GROUPS
def test_a_stopped_child_is_revived_by_a_group_restart(strategy: Strategy) -> None:
    """R20: as OTP does; it is a new actor."""
    world = World(specs("a b c"), strategy=strategy)
    old = world["b"].ref
    world.ask_stop("b")
    world.take()
    world.crash("a")

    assert world.take() == ["halt c", "resume a", "start b", "resume c"]
    assert world.states() == dict.fromkeys("abc", RUNNING)
    assert world["b"].ref is not old
    assert [cell.name for cell in world.stop_order] == ["a", "b", "c"]


def test_a_stopped_child_before_the_failing_one_is_not_revived() -> None:
    """R20: it is not a member."""
    world = World(specs("a b c"), strategy=REST)
    world.ask_stop("a")
    world.crash("b")

    assert world.states() == {"a": STOPPED, "b": RUNNING, "c": RUNNING}


@GROUPS
def test_a_child_that_finished_is_revived_by_a_group_restart(
    strategy: Strategy,
) -> None:
    """R20: every spec that is not temporary is started."""
    world = World([spec("a"), spec("b", restart=TRANSIENT)], strategy=strategy)
    world.finish_by_itself("b")
    assert world.states() == {"a": RUNNING, "b": STOPPED}
    world.crash("a")

    assert world.states() == {"a": RUNNING, "b": RUNNING}


@GROUPS
def test_a_quarantined_child_is_not_revived(strategy: Strategy) -> None:
    """Only `restart_child` ends a quarantine."""
    made = [spec("a"), spec("b", limit=RestartLimit(0, within=5)), spec("c")]
    world = World(made, strategy=strategy)
    world.crash("b")
    world.take()
    world.crash("a")

    assert world.take() == ["halt c", "resume a", "resume c"]
    assert world.states() == {"a": RUNNING, "b": QUARANTINED, "c": RUNNING}


@GROUPS
def test_a_child_stopped_during_a_group_restart_stays_stopped(
    strategy: Strategy,
) -> None:
    """By this group and its retries; the next group restart revives it."""
    world = World(specs("a b c"), strategy=strategy)
    world.hung.add("a")
    world.crash("a")
    caller = world.ask_stop("b")
    assert world.answers[caller] is None
    world.crash("a")
    world.ready("a")
    assert world.states() == {"a": RUNNING, "b": STOPPED, "c": RUNNING}

    world.crash("a")

    assert world.states() == dict.fromkeys("abc", RUNNING)


@GROUPS
def test_a_child_restarted_by_request_during_a_group_restart_belongs_to_it_again(
    strategy: Strategy,
) -> None:
    """Halted by the next attempt it comes back with the others."""
    world = World(specs("a b c"), strategy=strategy, limit=None)
    world.hung.add("a")
    world.crash("a")
    world.ask_stop("b")
    world.ask_restart("b")
    assert world.states()["b"] is RUNNING
    world.crash("a")
    assert world.states()["b"] is RESTARTING
    world.ready("a")

    assert world.states() == dict.fromkeys("abc", RUNNING)


@GROUPS
def test_temporary_bystanders_are_stopped_and_forgotten(strategy: Strategy) -> None:
    """R40: in their turn; nobody starts them again."""
    made = [spec("a"), spec("b", restart=TEMPORARY), spec("c"), spec("d")]
    world = World(made, strategy=strategy)
    world.take()
    world.crash("a")

    assert world.take() == [
        *["halt d", "halt c", "stop b"],
        *["resume a", "resume c", "resume d"],
    ]
    assert world.states() == dict.fromkeys("acd", RUNNING)


@GROUPS
def test_the_end_of_a_temporary_child_restarts_nobody(strategy: Strategy) -> None:
    """R28: the restart type comes first."""
    world = World(
        [spec("a"), spec("b", restart=TEMPORARY), spec("c")], strategy=strategy
    )
    before = world.lives()
    world.take()
    world.crash("b")

    assert world.take() == []
    assert world.lives() == {id_: before[id_] for id_ in "ac"}


@GROUPS
def test_a_temporary_member_that_ends_before_its_turn_is_forgotten(
    strategy: Strategy,
) -> None:
    """The takedown goes on without it."""
    made = [spec("a"), spec("b", restart=TEMPORARY), spec("c")]
    world = World(made, strategy=strategy, slow={"c"})
    world.take()
    world.crash("a")
    world.crash("b")
    world.let_end(world["c"])

    assert world.take() == ["halt c", "resume a", "resume c"]
    assert world.states() == {"a": RUNNING, "c": RUNNING}


def test_a_second_failure_of_an_older_child_widens_the_group() -> None:
    """Rest for one: all from the older one on come back, once each."""
    world = World(specs("a b c"), strategy=REST, slow={"c"})
    world.take()
    world.crash("b")
    world.crash("a")
    world.let_end(world["c"])

    assert world.take() == ["halt c", "resume a", "resume b", "resume c"]
    assert [life[1] for life in world.lives().values()] == [2, 2, 2]


@pytest.mark.parametrize("how", ["start", "restart"])
@pytest.mark.parametrize("what", ["hangs", "waits", "goes down"])
def test_a_failure_behind_a_group_at_work_does_not_forget_the_group(
    how: str, what: str
) -> None:
    """Rest for one: who came by request meanwhile may fail; the rest still comes up."""
    made = [spec("a"), spec("b", backoff=WAIT if what == "waits" else None), spec("c")]
    if how == "restart":
        made.append(spec("d", limit=RestartLimit(1, within=5)))
    world = World(made, strategy=REST, limit=None)
    if how == "restart":
        world.crash("d")
        world.crash("d")
        assert world.states()["d"] is QUARANTINED
    if what == "hangs":
        world.hung.add("b")
    if what == "goes down":
        world.slow.add("c")
    world.crash("b")
    if how == "restart":
        world.ask_restart("d")
    else:
        world.ask_start(spec("d"))
    world.crash("d")

    if what == "hangs":
        world.ready("b")
    elif what == "goes down":
        world.slow.clear()
        world.settle()
    world.advance(10)
    assert world.states() == dict.fromkeys("abcd", RUNNING)
    assert world.machine.group is None


def test_a_failure_behind_the_supervisors_own_start_does_not_forget_the_start() -> None:
    """Rest for one: it is ready when all declared children are, not before."""
    world = World(specs("a b"), strategy=REST, hung={"a"})
    world.ask_start(spec("c"))
    world.crash("c")
    assert "ready" not in world.log
    world.ready("a")

    assert world.states() == dict.fromkeys("abc", RUNNING)
    assert world.take().count("ready") == 1


# --------------------------------------------------------------- ended by somebody else


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize(
    ("restart", "states"),
    [(PERMANENT, {"a": STOPPED}), (TRANSIENT, {"a": STOPPED})],
)
def test_a_waiting_child_that_somebody_stops_stays_stopped(
    strategy: Strategy, restart: Restart, states: dict[str, ChildState]
) -> None:
    """Its ref's `stop` ends the wait and the restart."""
    made = [spec("a", restart=restart, backoff=WAIT), spec("b")]
    world = World(made, strategy=strategy)
    world.crash("a")
    world.take()
    world.stop("a")

    assert "disarm a" in world.take()
    assert world.states() == {**states, "b": RUNNING}
    assert world.timers == {}
    assert world.machine.group is None


@pytest.mark.parametrize(
    ("restart", "back"), [(PERMANENT, True), (TRANSIENT, False), (TEMPORARY, False)]
)
def test_a_child_that_crashes_while_somebody_stops_it(
    restart: Restart, *, back: bool
) -> None:
    """Its cell is gone; a permanent one gets a new one, in its place."""
    world = World([spec("a"), spec("b", restart=restart), spec("c")], slow={"b"})
    before = world.lives()
    world.stop("b")
    world.slow.clear()
    world.crash("b")

    if back:
        assert world.states() == dict.fromkeys("abc", RUNNING)
        assert world["b"].ref is not before["b"][0]
        assert [cell.name for cell in world.stop_order] == ["a", "b", "c"]
        assert world.info("b").restarts == 1
    else:
        assert "b" not in world.lives()
        left = {} if restart is TEMPORARY else {"b": STOPPED}
        assert world.states() == {"a": RUNNING, "c": RUNNING} | left


@pytest.mark.parametrize("shared", [True, False])
def test_a_new_life_after_an_end_that_nobody_asked_about_is_counted(
    *, shared: bool
) -> None:
    """A permanent child that is killed in its `stopped` hook uses up the limit too.

    Also if each of its lives ends with the same exit: `stop()` has but one.
    """
    world = World(specs("a"), limit=RestartLimit(2, within=5), quick=False)
    world.settle()
    exit_ = Stopped()
    for lives in range(3):
        assert len(world.machine.ledger.counted()) == lives
        cell = world["a"]
        world.begin_end(cell, exit_ if shared else Stopped())
        world.stop_from_outside(cell, kill=True)  # the owner will not be asked
        world.settle()
        world.advance(0)
        world.settle()

    assert len(over_the_limit(world).history) == 3


# --------------------------------------------------------------- auto shutdown


SIGNIFICANT: dict[str, Any] = {"significant": True, "restart": TRANSIENT}
FLEETING: dict[str, Any] = {"significant": True, "restart": TEMPORARY}


@pytest.mark.parametrize(
    ("mode", "options", "exit_", "completes"),
    [
        (ANY, SIGNIFICANT, Finished(), True),
        (ANY, SIGNIFICANT, Stopped(), True),
        (ANY, SIGNIFICANT, bang(), False),
        (ANY, SIGNIFICANT, Killed(), False),
        (ANY, FLEETING, Finished(), True),
        (ANY, FLEETING, bang(), True),
        (ANY, FLEETING, Killed(), True),
        (EVERY, SIGNIFICANT, Finished(), False),
        (EVERY, FLEETING, bang(), False),
    ],
)
def test_one_of_two_significant_children_ends(
    mode: AutoShutdown, options: dict[str, Any], exit_: Exit, *, completes: bool
) -> None:
    """R46: ANY completes if it is not restarted, ALL waits for the other."""
    made = [spec("a", **options), spec("b", **options), spec("c")]
    world = World(made, auto_shutdown=mode)
    end(world, "a", exit_)

    assert world.over is completes
    assert ("complete" in world.log) is completes


@pytest.mark.parametrize("mode", [ANY, EVERY])
def test_the_last_significant_child_completes_the_group(mode: AutoShutdown) -> None:
    """R46: in both modes; others do not matter."""
    made = [spec("a", **SIGNIFICANT), spec("b", restart=TRANSIENT), spec("c")]
    world = World(made, auto_shutdown=mode)
    world.finish_by_itself("b")
    assert not world.over
    world.finish_by_itself("a")

    assert world.take()[-1] == "complete"


def test_all_significant_completes_with_the_last_of_them() -> None:
    """R46: not before, and however the others have ended."""
    made = [spec(id_, **SIGNIFICANT) for id_ in "abc"]
    world = World(made, auto_shutdown=EVERY)
    world.finish_by_itself("b")
    world.finish_by_itself("a")
    assert not world.over
    world.crash("c")
    assert not world.over
    world.finish_by_itself("c")

    assert world.over


@pytest.mark.parametrize("mode", [ANY, EVERY])
def test_stop_child_never_completes_the_group(mode: AutoShutdown) -> None:
    """R47: it is an act of administration; restarted by request it counts again."""
    world = World([spec("a", **SIGNIFICANT)], auto_shutdown=mode)
    world.ask_stop("a")
    assert not world.over
    world.ask_restart("a")
    world.finish_by_itself("a")

    assert world.over


@pytest.mark.parametrize("mode", [ANY, EVERY])
def test_a_quarantined_significant_child_has_ended(mode: AutoShutdown) -> None:
    """It is lost by itself."""
    made = [spec("a", limit=RestartLimit(0, within=5), **SIGNIFICANT)]
    world = World(made, auto_shutdown=mode)
    world.crash("a")

    assert world.over


def test_a_significant_bystander_that_is_lost_completes_a_group_of_all() -> None:
    """R48, better than EEP-56: else it would never complete."""
    made = [spec("a"), spec("b", **FLEETING)]
    world = World(made, auto_shutdown=EVERY, strategy=ALL)
    world.crash("a")

    assert world.over


def test_a_significant_bystander_is_not_lost_by_itself() -> None:
    """R47: ANY goes on while another one runs."""
    made = [spec("a"), spec("b", **FLEETING), spec("c", **SIGNIFICANT)]
    world = World(made, auto_shutdown=ANY, strategy=ALL)
    world.crash("a")

    assert not world.over
    assert world.states() == {"a": RUNNING, "c": RUNNING}


@pytest.mark.parametrize("way", ["start", "restart"])
@pytest.mark.parametrize("where", ["constructor", "started"])
def test_a_significant_child_that_could_not_be_started_on_request_counts_for_nothing(
    way: str, where: str
) -> None:
    """It neither completes the group nor keeps it from completing."""
    made = [spec("a", **SIGNIFICANT), spec("b", **SIGNIFICANT)]
    world = World(made[:1] if way == "start" else made, auto_shutdown=EVERY)
    if way == "restart":
        world.ask_stop("b")
    if where == "constructor":
        world.fail_made["b"] = 1
    else:
        world.hung.add("b")
    caller = world.ask_start(made[1]) if way == "start" else world.ask_restart("b")
    if where == "started":
        world.crash("b")
    assert isinstance(world.failure(caller), ChildStartError)
    assert not world.over
    world.finish_by_itself("a")

    assert world.over


def test_a_start_on_request_that_fails_does_not_complete_the_group() -> None:
    """Nobody has been lost."""
    world = World(specs("a"), auto_shutdown=EVERY)
    world.hung.add("b")
    caller = world.ask_start(spec("b", **SIGNIFICANT))
    world.crash("b")

    assert isinstance(world.failure(caller), ChildStartError)
    assert not world.over
    assert world.states() == {"a": RUNNING}


def test_a_significant_spec_is_refused_where_it_could_never_count() -> None:
    """R45."""
    world = World(specs("a"))
    caller = world.ask_start(spec("b", **SIGNIFICANT))

    error = world.failure(caller)
    assert isinstance(error, CombinationError)
    assert str(error) == (
        "significant must be False for 'b', as auto_shutdown is NEVER, got True"
    )
    assert world.states() == {"a": RUNNING}


def test_after_completion_nothing_is_started() -> None:
    """Whatever was asked for, or was due, before the end."""
    made = [spec("a", **SIGNIFICANT), spec("b", backoff=WAIT), spec("c")]
    world = World(made, auto_shutdown=ANY)
    world.ask_stop("c")
    world.crash("b")
    world.finish_by_itself("a")
    assert world.over
    world.take()
    world.ask_start(spec("d"))
    world.ask_restart("c")
    world.advance(10)

    assert [line for line in world.take() if line.startswith(("start", "res"))] == []


# --------------------------------------------------------------- administration


def in_state(state: ChildState) -> World:
    """A world whose child "x" is in this state, and will stay in it."""
    faults: dict[str, Any] = {}  # Any: a checker would take them for other options
    if state in (WAITING, STARTING):
        faults["hung"] = {"a" if state is WAITING else "x"}
    if state in (HALTING, STOPPING):
        faults["slow"] = {"x"}
    quarantined = state is QUARANTINED
    own = RestartLimit(0, within=5) if quarantined else None
    made = [spec("a"), spec("x", limit=own, backoff=WAIT)]
    world = World(made, strategy=ALL if state is HALTING else ONE, **faults)
    if state is HALTING:
        world.crash("a")
    elif state in (RESTARTING, QUARANTINED):
        world.crash("x")
    elif state in (STOPPING, STOPPED):
        world.ask_stop("x")
    assert world.states()["x"] is state
    world.take()
    return world


@pytest.mark.parametrize("state", list(ChildState))
def test_start_child_with_an_id_that_is_there(state: ChildState) -> None:
    """R14: already started if it lives, already present if not; nothing happens."""
    world = in_state(state)
    before = world.lives()
    caller = world.ask_start(spec("x"))

    error = world.failure(caller)
    lives = state in (STARTING, RUNNING, HALTING, STOPPING)
    expected = ChildAlreadyStartedError if lives else ChildAlreadyPresentError
    assert type(error) is expected
    assert getattr(error, "ref", error) is world.machine.children["x"].ref
    assert world.lives() == before
    assert world.states()["x"] is state
    assert world.take() == []


@pytest.mark.parametrize(
    ("state", "done"),
    [
        (WAITING, []),
        (STARTING, ["stop x", "ready"]),
        (RUNNING, ["stop x"]),
        (HALTING, ["resume a"]),
        (RESTARTING, ["disarm x", "release x"]),
        (STOPPING, []),
        (STOPPED, []),
        (QUARANTINED, []),
    ],
)
def test_stop_child(state: ChildState, done: list[str]) -> None:
    """R18: it ends for good, a restart of it too, and the caller is told then."""
    world = in_state(state)
    caller = world.ask_stop("x")
    if state in (HALTING, STOPPING):
        assert caller in world.waiting
        assert world.states()["x"] is STOPPING
        world.let_end(world["x"])

    assert world.answers[caller] is None
    assert world.take() == done
    after = QUARANTINED if state is QUARANTINED else STOPPED
    assert world.states() == {
        "a": STARTING if state is WAITING else RUNNING,
        "x": after,
    }
    assert world.timers == {}
    world.advance(100)
    assert world.states()["x"] is after


def test_stop_child_by_ref_and_twice() -> None:
    """Both callers are told; the ref will do for the id."""
    world = World(specs("a b"), slow={"b"})
    first = world.ask_stop(world["b"].ref)
    second = world.ask_stop("b")
    assert world.waiting == {first, second}
    world.let_end(world["b"])

    assert world.answers == {first: None, second: None}


@pytest.mark.parametrize("hung", [True, False])
def test_stop_child_forgets_a_temporary_one(*, hung: bool) -> None:
    """R18: also one that is still waiting for its turn."""
    made = [spec("a"), spec("x", restart=TEMPORARY)]
    world = World(made, hung={"a"} if hung else set())
    caller = world.ask_stop("x")

    assert world.answers[caller] is None
    assert list(world.states()) == ["a"]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (WAITING, ChildRestartingError),
        (STARTING, ChildRunningError),
        (RUNNING, ChildRunningError),
        (HALTING, ChildRestartingError),
        (RESTARTING, ChildRestartingError),
        (STOPPING, ChildRunningError),
        (STOPPED, None),
        (QUARANTINED, None),
    ],
)
def test_restart_child_and_delete_child(
    state: ChildState, error: type[Exception] | None
) -> None:
    """R16, R17: only what is stopped or in quarantine, and it is left in peace else."""
    deleting, world = in_state(state), in_state(state)
    deleter, restarter = deleting.ask_delete("x"), world.ask_restart("x")
    if error is None:
        assert deleting.answers[deleter] is None
        assert list(deleting.states()) == ["a"]
        assert world.answers[restarter] == StartedChild(world["x"].ref)
        assert world.take() == ["start x"]
        assert world.states()["x"] is RUNNING
        return

    for each, caller in ((deleting, deleter), (world, restarter)):
        assert type(each.failure(caller)) is error
        assert each.states()["x"] is state
        assert each.take() == []


@pytest.mark.parametrize("key", ["nobody", "", 3, None, "/s/a"])
def test_requests_about_nobody(key: Any) -> None:
    """R16-R19: unknown, whatever is asked."""
    world = World(specs("a"))
    machine = world.machine
    for ask in (world.ask_stop, world.ask_restart, world.ask_delete):
        error = world.failure(ask(key))
        assert isinstance(error, UnknownChildError)
        assert str(error) == f"/s has no child {key!r}"
    caller = world.caller()
    assert machine.ask_one(key, caller) is None
    world.carry_out()
    assert isinstance(world.failure(caller), UnknownChildError)


def test_a_foreign_ref_and_an_old_ref_are_nobody() -> None:
    """R19: a ref counts only if it is the child's own, now."""
    world, other = World(specs("a b")), World(specs("a"))
    old = world["b"].ref
    world.ask_stop("b")
    world.ask_restart("b")

    for ref in (other["a"].ref, old):
        assert isinstance(world.failure(world.ask_stop(ref)), UnknownChildError)
    assert world.states() == {"a": RUNNING, "b": RUNNING}


def test_start_child_comes_last_and_is_a_child_like_the_others() -> None:
    """R13."""
    world = World(specs("a b"), strategy=ALL)
    world.take()
    world.hung.add("c")
    caller = world.ask_start(spec("c"))
    assert caller in world.waiting
    world.ready("c", info=42)
    assert world.answers[caller] == StartedChild(world["c"].ref, 42)
    world.crash("a")

    assert world.take() == [
        *["start c", "halt c", "halt b"],
        *["resume a", "resume b", "resume c"],
    ]


@pytest.mark.parametrize("where", ["constructor", "started"])
def test_a_start_on_request_that_fails_keeps_nothing(where: str) -> None:
    """R14: the caller gets the crash; restart_child keeps the spec (R16)."""
    for way in ("start", "restart"):
        world = World(specs("a x") if way == "restart" else specs("a"))
        if way == "restart":
            world.ask_stop("x")
        world.take()
        if where == "constructor":
            world.fail_made["x"] = 1
        else:
            world.hung.add("x")
        caller = (
            world.ask_start(spec("x")) if way == "start" else world.ask_restart("x")
        )
        if where == "started":
            world.crash("x")

        error = world.failure(caller)
        assert isinstance(error, ChildStartError)
        assert isinstance(error.exit, Crashed)
        assert isinstance(error.__cause__, BangError)
        left = {} if way == "start" else {"x": STOPPED}
        assert world.states() == {"a": RUNNING} | left
        assert world.machine.ledger.counted() == ()
        assert world.take() == ["start x"]


def test_a_name_that_is_taken_is_the_callers_to_know() -> None:
    """R15: the error is passed on, nothing is adopted or kept."""
    world = World(specs("a"), occupied={"b"})
    caller = world.ask_start(spec("b"))

    assert isinstance(world.failure(caller), DuplicateNameError)
    assert world.states() == {"a": RUNNING}
    assert not world.over


@pytest.mark.parametrize(
    ("restart", "kept"), [(PERMANENT, True), (TRANSIENT, True), (TEMPORARY, False)]
)
def test_start_child_that_finishes_in_started_counts_as_started(
    restart: Restart, *, kept: bool
) -> None:
    """R11: the caller gets a ref that has ended."""
    world = World(specs("a"))
    world.hung.add("b")
    caller = world.ask_start(spec("b", restart=restart))
    ref = world["b"].ref
    world.finish_by_itself("b")

    assert world.answers[caller] == StartedChild(ref)
    assert ref.exit == Finished()
    assert world.states() == {"a": RUNNING} | ({"b": STOPPED} if kept else {})


def test_a_start_on_request_that_is_stopped_refuses_the_starter() -> None:
    """Both get their answer."""
    world = World(specs("a"))
    world.hung.add("b")
    starter = world.ask_start(spec("b"))
    stopper = world.ask_stop("b")

    assert world.answers[stopper] is None
    error = world.failure(starter)
    assert isinstance(error, ChildStartError)
    assert error.exit == Stopped()
    assert world.states() == {"a": RUNNING, "b": STOPPED}


def test_a_start_on_request_halted_by_a_group_is_answered_when_it_is_ready() -> None:
    """The caller waits a little longer."""
    world = World(specs("a"), strategy=ALL)
    world.hung.add("b")
    caller = world.ask_start(spec("b"))
    world.crash("a")
    assert world.states() == {"a": RUNNING, "b": STARTING}
    assert caller in world.waiting
    world.ready("b")

    assert world.answers[caller] == StartedChild(world["b"].ref)
    assert world["b"].incarnation == 2


def test_delete_frees_the_id() -> None:
    """Another child may have it then, behind all others."""
    world = World(specs("a b"))
    world.ask_stop("a")
    world.ask_delete("a")
    caller = world.ask_start(spec("a"))

    assert world.answers[caller] == StartedChild(world["a"].ref)
    assert list(world.states()) == ["b", "a"]


def test_children_are_listed_the_latest_first() -> None:
    """R21, as in OTP."""
    world = World(specs("a b c"))
    world.ask_stop("b")

    listed = world.machine.ask_list()

    assert [(info.id, info.state) for info in listed] == [
        ("c", RUNNING),
        ("b", STOPPED),
        ("a", RUNNING),
    ]
    assert [info.ref for info in listed] == [world["c"].ref, None, world["a"].ref]


@pytest.mark.parametrize("state", list(ChildState))
def test_a_child_is_active_while_it_has_a_living_incarnation(state: ChildState) -> None:
    """R22: restarting and stopped ones do not count."""
    world = in_state(state)
    alive = (STARTING, RUNNING, HALTING, STOPPING)
    active = sum(each in alive for each in world.states().values())

    counts = world.machine.ask_counts()
    assert counts == ChildCounts(specs=2, active=active, supervisors=0, workers=2)


def test_a_crash_loop_can_be_stopped_between_attempts() -> None:
    """R43: hanging_restart_loop."""
    world = World([spec("a", backoff=WAIT), spec("b")], limit=None)
    world.fail_made["a"] = 1000
    world.crash("a")
    for _ in range(5):
        world.advance(8)
        assert world.states() == {"a": RESTARTING, "b": RUNNING}
    caller = world.ask_stop("a")

    assert world.answers[caller] is None
    assert world.states() == {"a": STOPPED, "b": RUNNING}
    assert world.timers == {}
