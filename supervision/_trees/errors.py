"""The errors of supervision: when, whose act, and what to do.

One base, `SupervisionError`.  A mistake in a declaration is a `SpecError`, raised
before any child is started; an answer to who asks a supervisor for something is one of
the small classes; `RestartLimitError` and `ChildStartError` are how a supervisor itself
fails, each with the original crash as its cause.
"""

from __future__ import annotations

from actors import ActorError, AnyRef, Crashed, Exit
from actors.hosting import Whole

from .policies import RestartLimit, RestartRecord


def shown(error: BaseException | None) -> str:
    """An exception's text; its `str` is a stranger's code and may fail."""
    try:
        return f"{error!s:.200}"
    except Exception as failure:  # noqa: BLE001 - it must not hide the crash
        return f"(its str() fails: {type(failure).__name__})"


class SupervisionError(ActorError):
    """Base of all errors of this package.

    Catch it for whatever a supervisor, router, store or agent refuses; but for
    `RefusedError`, which is of actors.  Whose act it is says each class below it.
    """


class SpecError(SupervisionError, ValueError):
    """A declaration is wrong: the act of who wrote it; nothing has been started.

    `field` is what is wrong, `value` what it was, `expected` what would be right.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(field, value, expected)
        self.field = field
        """Name of the field or option."""
        self.value = value
        """What it was."""
        self.expected = expected
        """What would be right, in words."""

    def __str__(self) -> str:
        return f"{self.field} must be {self.expected}, got {self.value!r}"


class DuplicateChildError(SpecError):
    """Two children of one supervisor are declared with the same id.

    The act of who wrote the declaration; nothing has been started.  Give each a
    `ChildSpec(..., id=...)` of its own: without one it is the name of the class.
    """

    def __init__(self, id: str) -> None:  # noqa: A002 - its name in a spec
        super().__init__("id", id, "unique among the children of a supervisor")


class CombinationError(SpecError):
    """Fields that are right alone do not go together.

    The act of who wrote the declaration; nothing has been started.  Such as a
    significant child that is `PERMANENT`, or under `AutoShutdown.NEVER`: `expected`
    says what one of them must be.
    """


class LimitWarning(Whole, UserWarning):
    """A child's own limit does not protect its supervisor as it reads.

    The act of who wrote the declaration: the text says which limit to change.
    Given where the class of the supervisor is written; what is declared later, by
    `declare` or `start_child`, is said in the log.  It is no error: a child that
    crashes now and then may reach its own limit still.
    """


class UnknownChildError(SupervisionError, LookupError):
    """The supervisor has no such child: the caller's act, or it is gone already.

    Nothing was done.  `list_children` says which there are; children of a dynamic
    supervisor and temporary ones are forgotten when they have ended.
    """

    def __init__(self, path: str, child: object) -> None:
        super().__init__(path, child)
        self.path = path
        """Path of the supervisor."""
        self.child = child
        """The id or the ref that it was asked about."""

    def __str__(self) -> str:
        return f"{self.path} has no child {self.child!r}"


class ChildStateError(SupervisionError):
    """The child is not in a state in which that can be done; base of the next five.

    The caller's act, who has not looked or was too late.  Nothing was done:
    `describe_child` says in which state it is now.
    """

    text = "is in the wrong state"

    def __init__(self, path: str, id: str, ref: AnyRef | None = None) -> None:  # noqa: A002
        super().__init__(path, id, ref)
        self.path = path
        """Path of the supervisor."""
        self.id = id
        """Id of the child."""
        self.ref = ref
        """Its ref, if it has an actor now."""

    def __str__(self) -> str:
        return f"child {self.id!r} of {self.path} {self.text}"


class ChildAlreadyStartedError(ChildStateError):
    """`start_child`: there is a living child with this id; `ref` is it.

    The caller's act; nothing was started.  Use `ref`, or give another id.
    """

    text = "has been started already"


class ChildAlreadyPresentError(ChildStateError):
    """`start_child`: a child with this id is there, and not running.

    It is stopped, in quarantine or restarting.  The caller's act; nothing was started.
    Restart it with `restart_child`, or delete it first.
    """

    text = "is there already, not running: restart it, or delete it first"


class ChildRunningError(ChildStateError):
    """`restart_child`, `delete_child`: the child is running.

    The caller's act; nothing was done.  Stop it first, with `stop_child`.
    """

    text = "is running: stop it first"


class ChildRestartingError(ChildStateError):
    """`restart_child`, `delete_child`: the child is being restarted just now.

    Nobody's act: it is between two lives.  Nothing was done.  Wait until it runs, or
    stop it, with `stop_child`.
    """

    text = "is being restarted just now"


class ChildNotRunningError(ChildStateError):
    """`find_child`: the child has no actor now; it is stopped, or not started yet.

    The act of whoever stopped it, or nobody's: it may wait for its restart.  Ask again
    later, or start it with `restart_child`.
    """

    text = "has no actor now"


class ChildStartError(SupervisionError):
    """A child could not be started: the act of its constructor or its `started`.

    `__cause__` is the crash; None if it was stopped or killed before it was ready.
    Raised to who asked for the start; in a supervisor's own start it is how the
    supervisor fails.  Mend what the cause says, and start it again.
    """

    def __init__(self, path: str, id: str | None, exit: Exit) -> None:  # noqa: A002
        super().__init__(path, id, exit)
        self.path = path
        """Path of the supervisor."""
        self.id = id
        """Id of the child; None for a child of a dynamic supervisor."""
        self.exit = exit
        """How its start ended."""

    def __str__(self) -> str:
        which = "a child" if self.id is None else f"child {self.id!r}"
        exit_ = self.exit
        if not isinstance(exit_, Crashed):
            how = repr(exit_)
        else:
            how = f"{type(exit_.error).__name__}: {shown(exit_.error)}"
        return f"{which} of {self.path} could not be started: {how}"


class MaxChildrenError(SupervisionError):
    """`start_child`: a dynamic supervisor has as many children as it may have.

    The act of all callers together.  Those that are being restarted count.  Nothing has
    been started: stop a child or wait for one to end, or raise `max_children`.
    """

    def __init__(self, path: str, max_children: int) -> None:
        super().__init__(path, max_children)
        self.path = path
        """Path of the supervisor."""
        self.max_children = max_children
        """How many it may have."""

    def __str__(self) -> str:
        return f"{self.path} has {self.max_children} children, and may have no more"


class UnsupportedError(SupervisionError, TypeError):
    """This kind of supervisor does not do that: the caller's act.

    Such as an id for a dynamic supervisor, whose children have none.  Nothing was done;
    `why` says what this kind takes.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        """Path of the supervisor."""
        self.why = why
        """What would be right."""

    def __str__(self) -> str:
        return f"{self.path} {self.why}"


class RestartLimitError(SupervisionError):
    """A supervisor has given up: too many restarts in too short a time.

    The act of the children's code.
    How a supervisor over its limit crashes: its children are stopped, its own owner
    decides.  Mend what crashes: `history` says which child, and when.  `__cause__` is
    the last crash of the child; None if it did not crash.
    """

    def __init__(
        self,
        path: str,
        id: str,  # noqa: A002 - its name in a spec
        limit: RestartLimit,
        history: tuple[RestartRecord, ...],
    ) -> None:
        super().__init__(path, id, limit, history)
        self.path = path
        """Path of the supervisor."""
        self.id = id
        """The child, by its id or path, whose restart was one too many."""
        self.limit = limit
        """What was allowed."""
        self.history = history
        """The restarts within the window, at most the latest 20, oldest first; the last
        was not done."""

    def __str__(self) -> str:
        limit = self.limit
        children = ", ".join(dict.fromkeys(record.id for record in self.history))
        return (
            f"{self.path} gave up: more than {limit.restarts} restarts within "
            f"{limit.within:g} s ({children})"
        )
