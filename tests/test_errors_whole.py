"""Each error of ours stays whole when it is copied or crosses to another process.

All error classes are found by walking the packages; each is made with arguments of the
types that its constructor asks for.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import multiprocessing
import pickle
import pkgutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import actors
import supervision
from actors import (
    Aborted,
    Actor,
    ActorCrashedError,
    ActorStoppedError,
    Crashed,
    open_system,
)
from supervision import RestartLimit
from supervision.service import ExitCode
from tests.extras import HAS_ACP

GIVEN: dict[str, Any] = {
    "int": 3,
    "int | None": 3,
    "str": "text",
    "str | None": "text",
    "float": 1.5,
    "float | None": 1.5,
    "str | int": "m1",
    "Sequence[Any]": (SimpleNamespace(id="one", name="One"),),
    "Sequence[object]": ("one",),
    "bool": True,
    "bytes": b"line",
    "object": ("any", "thing"),
    "Path": Path("socket"),
    "Exit": Crashed(ValueError("why")),
    "Outcome": Aborted("why"),
    "AnyRef | None": None,
    "ExitCode": ExitCode.USAGE,
    "RestartLimit": RestartLimit(3, within=5),
    "tuple[RestartRecord, ...]": (),
    "tuple[str, ...]": ("/a", "/a"),
    "Iterable[str]": ["/router", "/other"],
}


def all_errors() -> list[type[BaseException]]:
    """Every exception class that is defined in a package that can be imported."""
    left_out = {"supervision.acp"} if not HAS_ACP else set[str]()
    for package in (actors, supervision):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" not in module.name and module.name not in left_out:
                importlib.import_module(module.name)
    found: dict[str, type[BaseException]] = {}
    todo: list[type[BaseException]] = [BaseException]
    while todo:
        for cls in todo.pop().__subclasses__():
            todo.append(cls)
            if cls.__module__.split(".")[0] in {"actors", "supervision"}:
                found[f"{cls.__module__}.{cls.__qualname__}"] = cls
    return [found[name] for name in sorted(found)]


ERRORS = all_errors()


def make(cls: type[BaseException]) -> BaseException:
    """One of these, with a note, an attribute of a stranger, and a cause."""
    init: Any = cls.__init__
    args: list[Any] = []
    options: dict[str, Any] = {}
    if inspect.isfunction(init):
        for each in list(inspect.signature(init).parameters.values())[1:]:
            if each.kind is each.VAR_POSITIONAL:
                args.append("more")
            elif each.kind is each.KEYWORD_ONLY:
                options[each.name] = GIVEN[each.annotation]
            else:
                args.append(GIVEN[each.annotation])
    else:
        args.append("text")
    error = cls(*args, **options)
    error.add_note("a note")
    error.__cause__ = ValueError("the cause")
    vars(error)["extra"] = {"list": [1]}
    return error


def facts(error: BaseException) -> object:
    """All that one can see of it."""
    return (
        type(error),
        str(error),
        repr(error.args),
        {name: repr(value) for name, value in vars(error).items()},
        repr(error.__cause__),
        error.__suppress_context__,
        error.__notes__,
    )


def send(error: BaseException) -> BaseException:
    """Pickle it, and make it again."""
    again: BaseException = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    return again


WAYS: dict[str, Callable[[BaseException], BaseException]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": send,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__qualname__)
def test_an_error_stays_whole(cls: type[BaseException], way: str) -> None:
    """Class, text, arguments, attributes, notes and cause are what they were."""
    error = make(cls)

    again = WAYS[way](error)

    assert again is not error
    assert facts(again) == facts(error)


def test_a_deep_copy_shares_nothing_that_can_change() -> None:
    """And a copy shares all."""
    error: Any = make(ActorCrashedError)

    assert copy.copy(error).extra is error.extra
    assert copy.deepcopy(error).extra["list"] is not error.extra["list"]


def raise_all(names: list[str], pipe: Any) -> None:
    """Send each error."""
    by_name = {cls.__qualname__: cls for cls in all_errors()}
    for name in names:
        pipe.send(make(by_name[name]))


def test_all_cross_to_another_process() -> None:
    """Through a pipe, from a process that was made anew."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    names = [cls.__qualname__ for cls in ERRORS]
    process = spawn.Process(target=raise_all, args=(names, there))
    process.start()
    try:
        for cls in ERRORS:
            assert here.poll(120)
            assert facts(here.recv()) == facts(make(cls))
    finally:
        process.join(120)
        here.close()
        there.close()


class Nobody(Actor[object]):
    """Hears nothing."""

    def receive(self, message: object) -> None:
        """Hear nothing."""


class Stubborn:
    """Can be neither copied nor pickled nor shown."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __repr__(self) -> str:
        raise ValueError


async def test_what_cannot_leave_its_process_arrives_as_its_text() -> None:
    """A ref, a request with a ref, a cause that cannot be pickled; copies share it."""
    async with open_system() as system:
        ref = system.start(Nobody, name="nobody")
        error: Any = ActorStoppedError("/nobody", ref)
        error.__cause__ = ValueError(ref)

        again: Any = send(error)

        assert again.exit == "<ActorRef /nobody>"
        assert "ValueError" in str(again.__cause__)
        assert copy.deepcopy(error).exit is ref
        assert copy.copy(error).exit is ref
        assert copy.copy(ref) is ref
        with pytest.raises(TypeError, match="/nobody> cannot leave its process"):
            pickle.dumps(ref)

    stubborn = Stubborn()
    error = ActorCrashedError("/nobody", stubborn)
    assert send(error).request == "a Stubborn"  # type: ignore[attr-defined]
    assert copy.deepcopy(error).request is stubborn
