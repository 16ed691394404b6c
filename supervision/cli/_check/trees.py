"""A supervisor, its children, and theirs: each declaration is built, none is started.

Supervisors are made, as only `declare` says what their children are; of other actors
only the signature of the constructor is looked at.
"""

from __future__ import annotations

import inspect
import math
import warnings
from typing import Any, Final

from supervision._routing.router import Router
from supervision._trees.calling import needed_by
from supervision._trees.dynamic import DynamicSupervisor, check_template
from supervision._trees.errors import LimitWarning, SpecError
from supervision._trees.spec import ChildSpec, beyond_reach, check_specs, children_in
from supervision._trees.supervisor import Supervisor
from supervision.service import Tree, TreeError, load_tree
from supervision.service.loading import undefined_in

from .findings import Found, place_of, said_by
from .routers import Routers
from .unborn import NotRunningError, given_a_place

# Any in this file: a user's classes and values

_SPEC: Final[Any] = ChildSpec  # a checker would lose M in isinstance
_DEEPEST: Final = 50
"""Levels of supervisors: one that declares itself has no end."""


def check_tree(target: str, budget: float) -> Found:
    """Load a tree, and look at all that it declares.

    Args:
        target: `module:Tree`, as for `actors run`.
        budget: seconds that drain and stop may take together.
    """
    found = Found()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LimitWarning)  # a finding says the same
        try:
            tree = load_tree(target)
        except TreeError as error:
            found.wrong(target, f"{error}{place_of(error.__cause__)}")
        else:
            _Look(found, budget).at_top(tree)
    return found


class _Look:
    """One look at one tree."""

    def __init__(self, found: Found, budget: float) -> None:
        self._found = found
        self._budget = budget
        self._too_deep = False  # else two that declare each other twice have no end
        self._routers = Routers(found)

    def at_top(self, tree: Tree) -> None:
        self._actor(f"/{tree.name}", tree.make, tree.args, 0)

    def _actor(self, path: str, cls: Any, args: tuple[Any, ...], depth: int) -> None:
        self._found.actors += 1
        name = cls.__name__
        if missing := undefined_in(cls):
            text = f"{name} cannot be started: it does not define {missing}"
            self._found.wrong(path, text, f"define {missing} in {name}")
        elif needed := needed_by(cls, args):
            text = f"{name} cannot be made: it needs {needed}"
            right = f"ChildSpec({name}, ...) with what its constructor takes"
            self._found.wrong(path, text, right)
        elif issubclass(cls, Router):
            self._routers.check(path, cls, args)
        elif issubclass(cls, (Supervisor, DynamicSupervisor)):
            self._supervisor(path, cls, args, depth)

    def _supervisor(
        self, path: str, cls: Any, args: tuple[Any, ...], depth: int
    ) -> None:
        if self._too_deep:
            return
        if depth > _DEEPEST:
            self._too_deep = True
            text = f"supervisors are nested more than {_DEEPEST} deep"
            self._found.wrong(path, text, "one that does not declare itself")
            return
        specs: tuple[Any, ...] = ()  # those that do not go together are looked at, too
        try:
            declared: Any = given_a_place(cls(*args), path).declare()
            if issubclass(cls, DynamicSupervisor):
                self._template(path, cls, check_template(declared))
                return
            specs = children_in(declared)
            check_specs(specs, auto_shutdown=cls.auto_shutdown)
        except NotRunningError as error:
            self._found.doubtful(
                path,
                f"its children cannot be looked at: {error}",
                "a `declare` that only passes self.ref on",
            )
        except SpecError as error:
            self._found.wrong(path, error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's code
            said = f"{said_by(error)}{place_of(error)}"
            self._found.wrong(path, f"its children cannot be declared: {said}")
        else:
            self._doubt_if_empty(path, cls, specs)
        for spec in specs:
            if isinstance(spec, _SPEC):
                self._child(path, cls, spec, depth)

    def _doubt_if_empty(self, path: str, cls: Any, specs: tuple[Any, ...]) -> None:
        if not specs:
            right = "children, or a DynamicSupervisor"
            self._found.doubtful(path, f"{cls.__name__} starts nothing", right)

    def _child(self, path: str, cls: Any, spec: ChildSpec[Any], depth: int) -> None:
        here = f"{path}/{spec.id}"
        self._rules(here, cls, spec)
        self._actor(here, spec.make, spec.args, depth + 1)

    def _template(self, path: str, cls: Any, spec: ChildSpec[Any]) -> None:
        """What every child is; the rest of its arguments comes with `start_child`."""
        here = f"{path}/*"
        self._found.actors += 1
        self._rules(here, cls, spec)
        try:
            inspect.signature(spec.make).bind_partial(*spec.args)
        except TypeError as error:
            text = f"{spec.make_name} cannot be made: {error}"
            self._found.wrong(here, text, "fewer arguments in the template")
        except ValueError:  # some callables in C do not tell
            return

    def _rules(self, path: str, cls: Any, spec: ChildSpec[Any]) -> None:
        if (text := beyond_reach(spec, cls.limit)) is not None:
            right = f"limit = ... of {cls.__name__}, or of the child"
            self._found.doubtful(path, text, right)
        make: Any = spec.make
        grace = make.grace if spec.grace is None else spec.grace
        of_its_own = spec.grace is None and (
            spec.supervises or issubclass(make, Router)
        )
        if grace > self._budget and not of_its_own:
            said = "for ever" if math.isinf(grace) else f"{grace:g} s"
            text = (
                f"it may take {said} to stop, the service {self._budget:g} s in all: "
                "it would be killed"
            )
            right = f"grace below {self._budget:g}, or a larger --budget"
            self._found.doubtful(path, text, right)
