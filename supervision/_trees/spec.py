"""`ChildSpec`: how a child is started, and what is to become of it when it ends.

A spec is checked where it is written, the specs of a supervisor together before any
child is started (`check_specs`).  Knows no machine and no supervisor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Generic, TypedDict, TypeVar, TypeVarTuple, Unpack, cast

import attrs

from actors import Actor, Mailbox
from actors.hosting import explained, without_types

from .errors import CombinationError, DuplicateChildError, SpecError
from .policies import AutoShutdown, Backoff, Restart, RestartLimit

M = TypeVar("M")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SharedOptions(TypedDict, total=False):
    """What children of one template have in common, beside their class."""

    restart: Restart
    grace: float | None
    mailbox: Mailbox | None
    limit: RestartLimit | None
    backoff: Backoff | None


@explained
@attrs.frozen(init=False)
class ChildSpec(Generic[M]):
    """One child of a supervisor: an actor class, its arguments, and the rules for it.

    Example:
        >>> ChildSpec(Store, "chat.db", id="store", restart=Restart.TRANSIENT)

    Args:
        make: the actor class, as for `Actor.start`.
        args: for its constructor, now and at each restart.
        id: str, unique in its supervisor, the last part of its path.  Default: the
            name of the class.
        restart: default `Restart.PERMANENT`.
        grace: seconds to stop in, instead of the class's; 0 kills at once, `math.inf`
            waits for ever.  What OTP calls shutdown.
        mailbox: instead of the class's declaration.
        significant: its end may end the supervisor, see `AutoShutdown`.  Not for
            PERMANENT children.  Default False.
        limit: its own limit; over it the child is quarantined: let go, without the
            supervisor giving up.  Its restarts count for the supervisor's limit too,
            the one beyond its own limit does not: allow it fewer than the supervisor,
            or a `backoff`, else the supervisor gives up first (`LimitWarning`).
            Default None: no limit of its own.
        backoff: wait before a restart.  Default None: restart at once, as OTP.

    Raises:
        SpecError: a field is not what it should be; it names the field.
        CombinationError: significant and PERMANENT.
        TypeError: an unknown option.
    """

    make: Callable[..., Actor[M]]
    """The actor class."""
    args: tuple[Any, ...]
    """For its constructor."""
    id: str
    """Unique in its supervisor."""
    restart: Restart
    """Whether it is started again."""
    grace: float | None
    """Seconds to stop in; None: the class's."""
    mailbox: Mailbox | None
    """Its mailbox; None: the class's."""
    significant: bool
    """Whether its end may end the supervisor."""
    limit: RestartLimit | None
    """Its own limit."""
    backoff: Backoff | None
    """The wait before a restart."""

    def __init__(
        self,
        make: Callable[[*Ts], Actor[M]],
        *args: *Ts,
        id: str | None = None,  # noqa: A002 - the field's word
        restart: Restart = Restart.PERMANENT,
        grace: float | None = None,
        mailbox: Mailbox | None = None,
        significant: bool = False,
        limit: RestartLimit | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        cls: object = make
        if not (isinstance(cls, type) and issubclass(cls, Actor)):
            expected = f"a subclass of Actor{without_types(make)}"
            raise SpecError("make", make, expected)
        if cls._needs is not None:
            raise SpecError("make", make, "a Router for a session: Router.spec(...)")
        name = cls.__name__ if id is None else id
        _check_fields(name, restart, grace, mailbox, significant, limit, backoff)
        for field, value in zip(
            _FIELDS,
            (make, args, name, restart, grace, mailbox, significant, limit, backoff),
            strict=True,
        ):
            object.__setattr__(self, field, value)  # frozen, and attrs has no *args

    @classmethod
    def template(
        cls, make: Callable[..., Actor[T]], *args: Any, **options: Unpack[SharedOptions]
    ) -> ChildSpec[T]:
        """What all children of a `DynamicSupervisor` have in common.

        As `ChildSpec(...)`, for a type checker too: the rest of the arguments comes
        with each child.

        Example:
            >>> template = ChildSpec.template(Room, "games.db")
            >>> room = await start_child(rooms, "chess")  # Room("games.db", "chess")

        Args:
            make: the actor class.
            args: the first of its arguments, the same for all.  What each child brings
                itself stands behind them.
            options: `restart`, `grace`, `mailbox`, `limit` and `backoff`, as of a
                `ChildSpec`.

        Raises:
            SpecError: as `ChildSpec`.
            TypeError: an unknown option.
        """
        for option in options:
            if option not in SharedOptions.__annotations__:
                known = ", ".join(SharedOptions.__annotations__)
                msg = f"a template has no {option!r}; it has {known}"
                raise TypeError(msg)
        return ChildSpec(make, *args, **options)

    def evolve(self, **changes: Any) -> ChildSpec[M]:
        """The same with some fields changed, checked like a new one.

        Example:
            >>> patient = spec.evolve(id="patient", grace=60.0)

        Raises:
            TypeError: no such field.
            SpecError, CombinationError: as `ChildSpec`.
        """
        fields: dict[str, Any] = {field: getattr(self, field) for field in _FIELDS}
        for field in changes:
            if field not in fields:
                msg = f"a ChildSpec has no {field!r}; it has {', '.join(_FIELDS)}"
                raise TypeError(msg)
        fields |= changes
        make, args = fields.pop("make"), fields.pop("args")
        return ChildSpec(make, *args, **fields)

    def without_args(self) -> ChildSpec[M]:
        """The same, with no arguments: what is kept of a temporary child."""
        spec = cast("ChildSpec[M]", object.__new__(ChildSpec))
        for field in _FIELDS:
            object.__setattr__(spec, field, getattr(self, field))
        object.__setattr__(spec, "args", ())
        return spec

    @property
    def supervises(self) -> bool:
        """Whether the child is a supervisor itself."""
        return bool(getattr(self.make, "supervises", False))

    @property
    def make_name(self) -> str:
        """The name of its class."""
        return self.make.__name__

    @property
    def simple(self) -> bool:
        """Whether a restart of it asks for nothing but itself."""
        return self.limit is None and self.backoff is None and self.ready_at_once

    @property
    def ready_at_once(self) -> bool:
        """Whether it is ready when it is made: its class has no `started` hook."""
        cls: Any = self.make  # checked: a subclass of Actor
        return not cls._props.started


_FIELDS = tuple(field.name for field in attrs.fields(ChildSpec))


def _check_fields(
    id: object,  # noqa: A002 - the field's word
    restart: object,
    grace: object,
    mailbox: object,
    significant: object,
    limit: object,
    backoff: object,
) -> None:
    if not isinstance(id, str) or not id or "/" in id:
        raise SpecError("id", id, "a non-empty str without '/'")
    if not isinstance(restart, Restart):
        raise SpecError("restart", restart, "a Restart")
    if grace is not None and (
        isinstance(grace, bool)
        or not isinstance(grace, int | float)
        or not grace >= 0
        or (isinstance(grace, int) and grace > sys.float_info.max)
    ):
        raise SpecError("grace", grace, "a number of seconds, at least 0")
    if mailbox is not None and not isinstance(mailbox, Mailbox):
        raise SpecError("mailbox", mailbox, "a Mailbox")
    if not isinstance(significant, bool):
        raise SpecError("significant", significant, "True or False")
    if limit is not None and not isinstance(limit, RestartLimit):
        raise SpecError("limit", limit, "a RestartLimit or None")
    if backoff is not None and not isinstance(backoff, Backoff):
        raise SpecError("backoff", backoff, "a Backoff or None")
    if significant and restart is Restart.PERMANENT:
        expected = "TRANSIENT or TEMPORARY for a significant child"
        raise CombinationError("restart", restart, expected)


def check_specs(
    specs: Iterable[ChildSpec[Any]],
    *,
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER,
) -> tuple[ChildSpec[Any], ...]:
    """Check the specs of one supervisor together, without starting anything.

    Which specs are valid depends on the supervisor's `auto_shutdown`.  Returns them as
    a tuple.

    Raises:
        SpecError: what is given are not `ChildSpec`s, or `auto_shutdown` is no
            `AutoShutdown`.
        DuplicateChildError: an id comes twice.
        CombinationError: a significant child under `AutoShutdown.NEVER`.
    """
    mode: object = auto_shutdown
    if not isinstance(mode, AutoShutdown):
        raise SpecError("auto_shutdown", mode, "an AutoShutdown")
    checked = children_in(specs)
    seen: set[str] = set()
    for spec in checked:
        each: object = spec
        if not isinstance(each, ChildSpec):
            raise SpecError("children", each, "ChildSpec objects")
        if spec.id in seen:
            raise DuplicateChildError(spec.id)
        seen.add(spec.id)
        if spec.significant and auto_shutdown is AutoShutdown.NEVER:
            expected = f"False for {spec.id!r}, as auto_shutdown is NEVER"
            raise CombinationError("significant", True, expected)  # noqa: FBT003
    return checked


def children_in(declared: Iterable[ChildSpec[Any]]) -> tuple[ChildSpec[Any], ...]:
    """What `children` or `declare` gives, as a tuple; what is in it is not looked at.

    Raises:
        SpecError: one alone, a coroutine, names with specs, or nothing of the kind.
    """
    given: object = declared
    if isinstance(given, Coroutine):
        given.close()
        raise SpecError("declare", given, "a function that is not async")
    if isinstance(given, ChildSpec):
        one = "a tuple of ChildSpecs (of one: with a comma behind it)"
        raise SpecError("children", given, one)
    if isinstance(given, Mapping | str | bytes) or not isinstance(given, Iterable):
        raise SpecError("children", declared, "a tuple or a list of ChildSpecs")
    return tuple(declared)


def beyond_reach(spec: ChildSpec[Any], limit: RestartLimit | None) -> str | None:
    """Say so, if a supervisor with this limit gives up before the child is let go.

    That is when the child crashes as soon as it is started, again and again.  If it
    crashes now and then, either may come first.
    """
    own = spec.limit
    if own is None or limit is None or own.restarts <= limit.restarts:
        return None
    if spec.restart is Restart.TEMPORARY:
        return None
    if spec.backoff is not None:
        pause = 0.0
        for number in range(min(limit.restarts, _MANY)):
            pause += spec.backoff.seconds(number, _zero)
        if pause > limit.within:
            return None
    return (
        f"child {spec.id!r} may be restarted {own.restarts} times within "
        f"{own.within:g} s, but its supervisor gives up after {limit.restarts} within "
        f"{limit.within:g} s: a child that crashes at each start ends its supervisor "
        f"instead of being let go; allow it at most {limit.restarts}, or a backoff"
    )


_MANY = 1000  # restarts that a supervisor may allow: enough to tell


def _zero() -> float:
    return 0.0
