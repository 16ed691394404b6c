"""Wrong declarations, wrong options and wrong requests, and what is said about them.

What a class declares is refused when the class is made; what `declare` returns, before
any child is started.  A wrong request is its caller's error, and changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import attrs
import pytest
import trio

import supervision
from actors import (
    Actor,
    ActorRef,
    ActorSystem,
    AnyRef,
    Crashed,
    Decision,
    DuplicateNameError,
    Exit,
    Request,
    open_system,
)
from supervision import (
    AdminRequest,
    AutoShutdown,
    Backoff,
    ChildSpec,
    CombinationError,
    DuplicateChildError,
    DynamicSupervisor,
    MaxChildrenError,
    Restart,
    RestartLimit,
    SpecError,
    StartChild,
    StartInstance,
    Strategy,
    Supervisor,
    UnknownChildError,
    UnsupportedError,
    check_specs,
    delete_child,
    describe_child,
    get_spec,
    list_children,
    restart_child,
    start_child,
    stop_child,
)

made: list[str] = []
"""Names of the children that have been made in the test."""


class Plain(Actor[object]):
    """A child that takes anything, and is remembered when it is made."""

    def __init__(self, name: str = "plain") -> None:
        made.append(name)

    def receive(self, message: object) -> None:
        """Take it."""


class Keeper(Actor[Any]):
    """An owner that survives the crash of what it starts."""

    def __init__(self, make: Callable[[], Actor[Any]]) -> None:
        self.make = make

    def started(self) -> None:
        self.child = self.start(self.make, name="sup")

    def receive(self, message: Any) -> None:
        """Tell its child's ref."""
        message.reply(self.child)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        del child, exit
        return Decision.END


@attrs.frozen
class Child(Request[AnyRef]):
    """For a keeper."""


SPEC = ChildSpec(Plain)
SIGNIFICANT = ChildSpec(Plain, significant=True, restart=Restart.TRANSIENT)


@pytest.fixture(autouse=True)
def _nobody_is_made() -> None:
    made.clear()


def spec(*args: Any, **options: Any) -> ChildSpec[Any]:
    """A spec with arguments of any type."""
    return ChildSpec(*args, **options)


def static(**members: Any) -> type[Supervisor]:
    """A class of supervisors with declarations of any type."""
    return type("Declared", (Supervisor,), members)


def dynamic(**members: Any) -> type[DynamicSupervisor]:
    """A class of dynamic supervisors with declarations of any type."""
    return type("Declared", (DynamicSupervisor,), members)


# --------------------------------------------------------------- specs


@pytest.mark.parametrize(
    ("args", "options", "error", "text"),
    [
        ((3,), {}, SpecError, "make must be a subclass of Actor, got 3"),
        ((None,), {}, SpecError, "make must be a subclass of Actor, got None"),
        (
            (dict,),
            {},
            SpecError,
            "make must be a subclass of Actor, got <class 'dict'>",
        ),
        (("Plain",), {}, SpecError, "make must be a subclass of Actor, got 'Plain'"),
        ((Plain,), {"id": ""}, SpecError, "id must be a non-empty str without '/'"),
        ((Plain,), {"id": "a/b"}, SpecError, "without '/', got 'a/b'"),
        (
            (Plain,),
            {"id": 3},
            SpecError,
            "id must be a non-empty str without '/', got 3",
        ),
        ((Plain,), {"id": b"a"}, SpecError, "without '/', got b'a'"),
        ((Plain,), {"restart": True}, SpecError, "restart must be a Restart, got True"),
        (
            (Plain,),
            {"restart": "permanent"},
            SpecError,
            "restart must be a Restart, got 'permanent'",
        ),
        ((Plain,), {"restart": None}, SpecError, "restart must be a Restart, got None"),
        (
            (Plain,),
            {"grace": -1},
            SpecError,
            "grace must be a number of seconds, at least 0, got -1",
        ),
        ((Plain,), {"grace": "5"}, SpecError, "at least 0, got '5'"),
        ((Plain,), {"grace": True}, SpecError, "at least 0, got True"),
        ((Plain,), {"grace": float("nan")}, SpecError, "at least 0, got nan"),
        ((Plain,), {"grace": 10**400}, SpecError, "seconds, at least 0, got 1000"),
        ((Plain,), {"mailbox": 5}, SpecError, "mailbox must be a Mailbox, got 5"),
        (
            (Plain,),
            {"significant": 1, "restart": Restart.TRANSIENT},
            SpecError,
            "significant must be True or False, got 1",
        ),
        (
            (Plain,),
            {"significant": None},
            SpecError,
            "significant must be True or False, got None",
        ),
        (
            (Plain,),
            {"limit": 3},
            SpecError,
            "limit must be a RestartLimit or None, got 3",
        ),
        (
            (Plain,),
            {"limit": (3, 5.0)},
            SpecError,
            "limit must be a RestartLimit or None, got (3, 5.0)",
        ),
        ((Plain,), {"backoff": 1.0}, SpecError, "backoff must be a Backoff or None"),
        (
            (Plain,),
            {"backoff": RestartLimit(3, within=5)},
            SpecError,
            "backoff must be a Backoff or None, got RestartLimit(",
        ),
        (
            (Plain,),
            {"significant": True},
            CombinationError,
            "restart must be TRANSIENT or TEMPORARY for a significant child, got <Rest",
        ),
        ((Plain,), {"restarts": 3}, TypeError, "restarts"),
        ((Plain,), {"name": "a"}, TypeError, "name"),
        ((Plain,), {"shutdown": 5}, TypeError, "shutdown"),
        ((), {}, TypeError, "make"),
    ],
)
def test_a_wrong_spec_is_refused_where_it_is_written(
    args: tuple[Any, ...],
    options: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    """R3: each field with its own error; an unknown option is not ignored."""
    with pytest.raises(error) as caught:
        spec(*args, **options)

    assert type(caught.value) is error
    assert text in str(caught.value)


def test_a_spec_error_has_its_parts() -> None:
    """`field`, `value` and `expected`; it is a ValueError too."""
    with pytest.raises(ValueError, match="grace") as caught:
        spec(Plain, grace=-1)

    error = caught.value
    assert isinstance(error, SpecError)
    assert (error.field, error.value) == ("grace", -1)
    assert error.expected == "a number of seconds, at least 0"


def test_a_spec_cannot_be_changed() -> None:
    """What was checked stays so."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        SPEC.id = "a/b"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("specs", "mode", "error", "text"),
    [
        (
            [SPEC, 3],
            AutoShutdown.NEVER,
            SpecError,
            "children must be ChildSpec objects",
        ),
        ([Plain], AutoShutdown.NEVER, SpecError, "children must be ChildSpec objects"),
        ("ab", AutoShutdown.NEVER, SpecError, "of ChildSpecs, got 'ab'"),
        (
            [SPEC, SPEC],
            AutoShutdown.NEVER,
            DuplicateChildError,
            "id must be unique among the children of a supervisor, got 'Plain'",
        ),
        (
            [SIGNIFICANT],
            AutoShutdown.NEVER,
            CombinationError,
            "significant must be False for 'Plain', as auto_shutdown is NEVER, got",
        ),
        ([], "never", SpecError, "auto_shutdown must be an AutoShutdown, got 'never'"),
        ([], None, SpecError, "auto_shutdown must be an AutoShutdown, got None"),
        ([], False, SpecError, "auto_shutdown must be an AutoShutdown, got False"),
        (3, AutoShutdown.NEVER, SpecError, "a list of ChildSpecs, got 3"),
        (None, AutoShutdown.NEVER, SpecError, "a list of ChildSpecs, got None"),
        ({}, AutoShutdown.NEVER, SpecError, "a list of ChildSpecs, got {}"),
        (SIGNIFICANT, AutoShutdown.NEVER, SpecError, "(of one: with a comma behind"),
    ],
)
def test_specs_that_do_not_go_together_are_refused(
    specs: Any, mode: Any, error: type[Exception], text: str
) -> None:
    """R7: without starting anything."""
    with pytest.raises(error) as caught:
        check_specs(specs, auto_shutdown=mode)

    assert type(caught.value) is error
    assert text in str(caught.value)
    assert made == []


@pytest.mark.parametrize(
    "mode", [AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT]
)
def test_what_is_right_is_given_back(mode: AutoShutdown) -> None:
    """As a tuple, from any iterable."""
    assert check_specs(iter([SIGNIFICANT]), auto_shutdown=mode) == (SIGNIFICANT,)


# --------------------------------------------------------------- declarations


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        (
            {"strategy": "one for one"},
            SpecError,
            "strategy must be a Strategy, got 'one",
        ),
        ({"strategy": None}, SpecError, "strategy must be a Strategy, got None"),
        (
            {"strategy": Restart.PERMANENT},
            SpecError,
            "strategy must be a Strategy, got <Restart.PERMANENT",
        ),
        ({"limit": 3}, SpecError, "limit must be a RestartLimit or None, got 3"),
        ({"limit": (3, 5)}, SpecError, "limit must be a RestartLimit or None"),
        ({"limit": Backoff(1, 2)}, SpecError, "limit must be a RestartLimit or None"),
        ({"auto_shutdown": True}, SpecError, "auto_shutdown must be an AutoShutdown"),
        ({"children": (Plain,)}, SpecError, "children must be ChildSpec objects"),
        ({"children": (SPEC, SPEC)}, DuplicateChildError, "got 'Plain'"),
        ({"children": (SIGNIFICANT,)}, CombinationError, "auto_shutdown is NEVER"),
        ({"children": None}, SpecError, "of ChildSpecs"),
        ({"children": SPEC}, SpecError, "of ChildSpecs"),
        ({"template": SPEC}, SpecError, "template must be in a DynamicSupervisor: "),
        ({"grace": -1}, ValueError, "grace must be at least 0"),
        ({"mailbox": 5}, TypeError, "mailbox must be a Mailbox"),
    ],
)
def test_a_wrong_static_supervisor_is_refused_when_its_class_is_made(
    members: dict[str, Any], error: type[Exception], text: str
) -> None:
    """R3: before there is anything that could start a child."""
    with pytest.raises(error) as caught:
        static(**members)

    assert type(caught.value) is error
    assert text in str(caught.value)
    assert made == []


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        ({"template": Plain}, SpecError, "template must be a ChildSpec, got <class"),
        ({"template": None}, SpecError, "template must be a ChildSpec, got None"),
        ({"template": (SPEC,)}, SpecError, "template must be a ChildSpec, got ("),
        (
            {"template": SIGNIFICANT},
            CombinationError,
            "significant must be False in a template, got True",
        ),
        ({"template": SPEC, "limit": 3}, SpecError, "limit must be a RestartLimit"),
        (
            {"template": SPEC, "max_children": 0},
            SpecError,
            "max_children must be an int of at least 1, or None, got 0",
        ),
        ({"template": SPEC, "max_children": -1}, SpecError, "or None, got -1"),
        ({"template": SPEC, "max_children": 1.5}, SpecError, "or None, got 1.5"),
        ({"template": SPEC, "max_children": True}, SpecError, "or None, got True"),
        ({"template": SPEC, "max_children": "9"}, SpecError, "or None, got '9'"),
        ({"children": (SPEC,)}, SpecError, "children must be in a Supervisor: "),
        (
            {"template": SPEC, "strategy": Strategy.ONE_FOR_ONE},
            SpecError,
            "strategy must be in a Supervisor: this has one template, got <Strat",
        ),
        (
            {"template": SPEC, "auto_shutdown": AutoShutdown.NEVER},
            SpecError,
            "auto_shutdown must be in a Supervisor: ",
        ),
    ],
)
def test_a_wrong_dynamic_supervisor_is_refused_when_its_class_is_made(
    members: dict[str, Any], error: type[Exception], text: str
) -> None:
    """R6: one right template, and a number that lets at least one in."""
    with pytest.raises(error) as caught:
        dynamic(**members)

    assert type(caught.value) is error
    assert text in str(caught.value)


async def crash_of(system: ActorSystem, make: Any) -> BaseException:
    """Start a supervisor below somebody who survives it; return its crash."""
    keeper = system.start(Keeper, make)
    child = await keeper.ask(Child())
    exit_ = await child.wait_stopped()
    assert isinstance(exit_, Crashed)
    return exit_.error


@pytest.mark.parametrize(
    ("declared", "error", "text"),
    [
        (None, SpecError, "of ChildSpecs"),
        (3, SpecError, "of ChildSpecs"),
        (SPEC, SpecError, "of ChildSpecs"),
        ([SPEC, Plain], SpecError, "children must be ChildSpec objects"),
        ([SPEC, None], SpecError, "children must be ChildSpec objects, got None"),
        ([SPEC, SPEC], DuplicateChildError, "got 'Plain'"),
        ([ChildSpec(Plain, id="a"), SIGNIFICANT], CombinationError, "is NEVER"),
    ],
)
async def test_a_wrong_declare_ends_the_supervisor_before_any_child(
    declared: Any, error: type[Exception], text: str
) -> None:
    """R3: also when only the last of the specs is wrong."""

    class Declaring(Supervisor):
        def declare(self) -> Any:
            return declared

    async with open_system() as system:
        crash = await crash_of(system, Declaring)

    assert type(crash) is error
    assert text in str(crash)
    assert made == []


async def test_a_declare_that_fails_in_its_middle_has_started_nothing() -> None:
    """A generator is exhausted before the first child is started."""

    class Declaring(Supervisor):
        def declare(self) -> Any:
            yield SPEC
            raise LookupError("no more")

    async with open_system() as system:
        crash = await crash_of(system, Declaring)

    assert isinstance(crash, LookupError)
    assert made == []


@pytest.mark.parametrize(
    ("declared", "error", "text"),
    [
        (None, SpecError, "template must be a ChildSpec, got None"),
        ([SPEC], SpecError, "template must be a ChildSpec, got ["),
        (SIGNIFICANT, CombinationError, "significant must be False in a template"),
    ],
)
async def test_a_wrong_template_from_declare_ends_the_supervisor(
    declared: Any, error: type[Exception], text: str
) -> None:
    """It crashes with what is wrong."""

    class Declaring(DynamicSupervisor):
        def declare(self) -> Any:
            return declared

    async with open_system() as system:
        crash = await crash_of(system, Declaring)

    assert type(crash) is error
    assert text in str(crash)


@pytest.mark.parametrize("kind", [Supervisor, DynamicSupervisor])
async def test_a_declare_that_is_async_is_refused_by_name(kind: type[Any]) -> None:
    """Its coroutine is not left behind: that would be a warning."""

    async def declare(_: object) -> None:
        raise AssertionError

    make = type("Declaring", (kind,), {"declare": declare})
    async with open_system() as system:
        crash = await crash_of(system, make)

    assert type(crash) is SpecError
    assert "declare must be a function that is not async, got <coro" in str(crash)


@pytest.mark.parametrize(
    ("kind", "word", "value", "text"),
    [
        (DynamicSupervisor, "max_children", "9", "an int of at least 1, or None"),
        (DynamicSupervisor, "limit", 3, "a RestartLimit or None, got 3"),
        (Supervisor, "limit", 3, "a RestartLimit or None, got 3"),
        (Supervisor, "strategy", "rest", "a Strategy, got 'rest'"),
        (Supervisor, "auto_shutdown", True, "an AutoShutdown, got True"),
    ],
)
async def test_what_one_supervisor_has_of_its_own_is_looked_at_too(
    kind: type[Any], word: str, value: object, text: str
) -> None:
    """Before it starts a child."""

    def init(self: Any) -> None:
        setattr(self, word, value)

    declared = (
        {"template": SPEC} if kind is DynamicSupervisor else {"children": (SPEC,)}
    )
    make = type("Own", (kind,), {**declared, "__init__": init})
    async with open_system() as system:
        crash = await crash_of(system, make)

    assert type(crash) is SpecError
    assert f"{word} must be {text}" in str(crash)
    assert made == []


def test_a_word_of_the_other_kind_may_mean_something_else() -> None:
    """A class has its own words."""
    assert dynamic(template=SPEC, children={"a": 1}, strategy="fast").template is SPEC
    assert static(template="page.html").children == ()


async def test_a_dynamic_supervisor_without_a_template_cannot_be_started() -> None:
    """R6: it says what is missing."""

    class Empty(DynamicSupervisor):
        pass

    async with open_system() as system:
        crash = await crash_of(system, Empty)

    assert type(crash) is SpecError
    assert "template must be a ChildSpec, declared in a subclass" in str(crash)


async def test_a_wrong_declaration_is_an_ordinary_crash_for_a_supervisor_above(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The inner one cannot be started, so the outer one cannot."""
    caplog.set_level(logging.CRITICAL)

    class Inner(Supervisor):
        def declare(self) -> Any:
            return [None]

    class Outer(Supervisor):
        children = (ChildSpec(Plain, id="a"), ChildSpec(Inner))

    async with open_system() as system:
        crash = await crash_of(system, Outer)

    assert "'Inner'" in str(crash)
    assert isinstance(crash.__cause__, SpecError)
    assert made == ["plain"]


# --------------------------------------------------------------- requests


class Static(Supervisor):
    """Two children and one that is stopped in the tests."""

    children = (ChildSpec(Plain, id="a"), ChildSpec(Plain, id="b"))


class Dynamic(DynamicSupervisor):
    """At most two."""

    template = SPEC
    max_children = 2


Asking = Callable[[Any, Any], Any]
"""What is asked of a supervisor; it also gets a living ref that is not its child's."""


def junk(value: object) -> Any:
    """What no checker would let through."""
    return value


STATIC_ROWS: list[tuple[Asking, type[Exception], str]] = [
    (lambda s, _: stop_child(s, "x"), UnknownChildError, "/sup has no child 'x'"),
    (lambda s, _: stop_child(s, ""), UnknownChildError, "/sup has no child ''"),
    (
        stop_child,
        UnknownChildError,
        "/sup has no child <ActorRef",
    ),
    (lambda s, _: stop_child(s, junk(3)), UnknownChildError, "/sup has no child 3"),
    (
        lambda s, _: stop_child(s, junk(None)),
        UnknownChildError,
        "/sup has no child None",
    ),
    (
        lambda s, _: restart_child(s, "x"),
        UnknownChildError,
        "/sup has no child 'x'",
    ),
    (lambda s, _: delete_child(s, "x"), UnknownChildError, "/sup has no child 'x'"),
    (lambda s, _: describe_child(s, "x"), UnknownChildError, "no child 'x'"),
    (describe_child, UnknownChildError, "no child <ActorRef"),
    (lambda s, _: get_spec(s, "x"), UnknownChildError, "/sup has no child 'x'"),
    (lambda s, _: get_spec(s, junk([])), UnknownChildError, "/sup has no child []"),
    (
        lambda s, _: start_child(s, 1, 2),
        UnsupportedError,
        "/sup is static: give start_child() a ChildSpec",
    ),
    (lambda s, _: start_child(s), UnsupportedError, "/sup is static: give"),
    (lambda s, _: start_child(s, Plain), UnsupportedError, "/sup is static: give"),
    (
        lambda s, _: start_child(s, SIGNIFICANT),
        CombinationError,
        "significant must be False for 'Plain', as auto_shutdown is NEVER, got",
    ),
    (
        lambda s, _: s.ask(StartChild(junk(Plain))),
        SpecError,
        "must be a ChildSpec, got <class",
    ),
    (
        lambda s, _: s.ask(StartChild(junk(None))),
        SpecError,
        "must be a ChildSpec, got None",
    ),
    (
        lambda s, _: s.ask(StartInstance()),
        UnsupportedError,
        "/sup is static: give start_child() a ChildSpec",
    ),
]


@pytest.mark.parametrize(("ask", "error", "text"), STATIC_ROWS)
async def test_a_wrong_request_to_a_static_supervisor(
    ask: Asking, error: type[Exception], text: str
) -> None:
    """The caller's error; its children live on, by identity, and nobody is added."""
    async with open_system() as system:
        foreign = system.start(Plain)
        sup = system.start(Static, name="sup")
        await sup.wait_started()
        before = await list_children(sup)

        with pytest.raises(error) as caught:
            await ask(sup, foreign)

        assert type(caught.value) is error
        assert text in str(caught.value)
        assert await list_children(sup) == before
    assert len(made) == 3


DYNAMIC_ROWS: list[tuple[Asking, type[Exception], str]] = [
    (
        lambda s, _: stop_child(s, "x"),
        UnsupportedError,
        "/sup is dynamic: its children have no ids such as 'x', give a ref",
    ),
    (
        stop_child,
        UnknownChildError,
        "/sup has no child <ActorRef",
    ),
    (lambda s, _: describe_child(s, "x"), UnsupportedError, "have no ids"),
    (describe_child, UnknownChildError, "no child <ActorRef"),
    (lambda s, _: get_spec(s, "x"), UnsupportedError, "have no ids"),
    (get_spec, UnknownChildError, "no child <ActorRef"),
    (lambda s, _: stop_child(s, junk(3)), UnknownChildError, "/sup has no child 3"),
    (
        lambda s, _: stop_child(s, junk(None)),
        UnknownChildError,
        "/sup has no child None",
    ),
    (lambda s, _: get_spec(s, junk([])), UnknownChildError, "/sup has no child []"),
    (
        lambda s, _: restart_child(s, "x"),
        UnsupportedError,
        "/sup is dynamic: its children are forgotten when they have ended",
    ),
    (lambda s, _: delete_child(s, "x"), UnsupportedError, "children are forgotten"),
    (
        lambda s, _: start_child(s, SPEC),
        UnsupportedError,
        "/sup is dynamic: start_child() takes arguments for its template",
    ),
    (lambda s, _: s.ask(StartChild(SPEC)), UnsupportedError, "is dynamic: start"),
]


@pytest.mark.parametrize(("ask", "error", "text"), DYNAMIC_ROWS)
async def test_a_wrong_request_to_a_dynamic_supervisor(
    ask: Asking, error: type[Exception], text: str
) -> None:
    """The caller's error; its children live on, by identity, and nobody is added."""
    async with open_system() as system:
        foreign = system.start(Plain)
        sup = system.start(Dynamic, name="sup")
        await start_child(sup)
        before = await list_children(sup)

        with pytest.raises(error) as caught:
            await ask(sup, foreign)

        assert type(caught.value) is error
        assert text in str(caught.value)
        assert await list_children(sup) == before
    assert len(made) == 2


async def test_a_full_dynamic_supervisor_says_how_many_it_may_have() -> None:
    """Nothing is started."""
    async with open_system() as system:
        sup = system.start(Dynamic, name="sup")
        await start_child(sup)
        await start_child(sup)
        with pytest.raises(MaxChildrenError) as caught:
            await start_child(sup)

        assert str(caught.value) == "/sup has 2 children, and may have no more"
        assert (caught.value.path, caught.value.max_children) == ("/sup", 2)
    assert len(made) == 2


async def test_an_id_that_the_supervisor_has_given_away_is_the_callers_error() -> None:
    """R15: what it started itself is not adopted."""

    class Handy(Supervisor):
        def started(self) -> None:
            super().started()
            Supervisor.start(self, Plain, "its own", name="x")

    async with open_system() as system:
        sup: ActorRef[AdminRequest] = system.start(Handy, name="sup")
        await sup.wait_started()
        with pytest.raises(DuplicateNameError):
            await start_child(sup, ChildSpec(Plain, "the child", id="x"))

        assert await list_children(sup) == ()
        await trio.sleep(1)
    assert made == ["its own"]


@pytest.mark.parametrize(
    "name", ["start_child", "list_children", "get_spec", "resize_partitions"]
)
async def test_a_function_that_is_called_as_a_method_of_a_ref(name: str) -> None:
    """The error says that it is one; of a name that is none it is as ever."""
    async with open_system() as system:
        ref = system.start(Plain, "ref")
        with pytest.raises(AttributeError) as caught:
            getattr(ref, name)
        with pytest.raises(AttributeError, match=r"'x': send the actor a message"):
            getattr(ref, "x")  # noqa: B009 - no checker lets it be written

        said = f"a ref has no {name!r}: it is a function of supervision, {name}("
        assert str(caught.value).startswith(said)
        assert callable(getattr(supervision, name))
        assert not hasattr(ref, name)
