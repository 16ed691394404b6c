"""From the words `module:Tree` to something that can be started, or to a clear error.

The module is imported as by `python -m`: the current folder comes first on `sys.path`.
What is found there is called, if it is a function, and checked as far as that goes
without starting it.  Every fault of the module is a `TreeError` with the user's frames.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from actors import Actor, ActorRef, Session
from actors.hosting import Whole
from supervision._trees.calling import needed_by
from supervision._trees.spec import ChildSpec
from supervision._words.text import error_line, printable, safe_repr
from supervision._words.traceback import user_traceback

# Any: a checker would lose the type variables in isinstance.
_ACTOR: Any = Actor
_REF: Any = ActorRef
_SPEC: Any = ChildSpec
_RIGHT = (
    "a subclass of Actor such as a Supervisor, a ChildSpec, or a function without "
    "parameters that returns one of them"
)
# What a ChildSpec may say that only a supervisor above could do, and its defaults.
_FOR_AN_OWNER: dict[str, object] = {
    "grace": None,
    "mailbox": None,
    "significant": False,
    "limit": None,
    "backoff": None,
}


class TreeError(Whole, Exception):
    """What `module:Tree` names cannot be run; the text says why.

    The act of who wrote the name or the module; nothing was started.  Mend what the
    text says, and try it with `actors check`.
    If the user's own code raised, that exception is the cause (`__cause__`).
    """

    def __init__(self, text: str, details: str = "") -> None:
        super().__init__(text)
        self.details = details
        """The traceback with the user's frames, or where a syntax error is; `""`: the
        text says it all."""


@attrs.frozen
class Tree:
    """What is to be run."""

    make: type[Actor[Any]]
    """The class at the top."""
    args: tuple[Any, ...]
    """For its constructor."""
    name: str
    """What it is called if nobody says otherwise: the id of its spec, or its class."""


def load_tree(text: str) -> Tree:
    """Import a module and find the tree in it.

    The current folder is put first on `sys.path` and stays there, as `python -m` does.
    Of a `ChildSpec` the class, the arguments and the id count; nobody is above the top
    who could restart it.

    Args:
        text: `module:Tree`: a module as for `import`, and a name in it, which may have
            dots: a subclass of `Actor` that needs no arguments, a `ChildSpec`, or a
            function without parameters that returns one of these.

    Raises:
        TreeError: there is no such tree, for one of many reasons.
    """
    module_name, colon, name = text.partition(":")
    if not colon or not module_name or not name:
        what = "give a module and a name in it, as app:Tree"
        msg = f"'{printable(text)}' names no tree: {what}"
        raise TreeError(msg)
    _check_module_name(module_name, name)
    if not all(part.isidentifier() for part in name.split(".")):
        msg = f"{name!r} is no name in a module: give one as in Python, as app:Tree"
        raise TreeError(msg)
    module = _import(module_name)
    found, path = _find(module, name)
    if callable(found) and not isinstance(found, type):
        found = _call(found, path)
        path += "()"
    return _tree(found, path)


def _check_module_name(module: str, name: str) -> None:
    if all(part.isidentifier() for part in module.split(".")):
        return
    msg = f"{module!r} is no name of a module: write it as for `import`"
    parts = Path(module.removesuffix(".py")).parts
    if parts and all(part.isidentifier() for part in parts):
        msg += f": {'.'.join(parts)}:{name}"
    raise TreeError(msg)


def _import(name: str) -> ModuleType:
    here = _put_here_first()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not _is_itself(error):
            raise _failed(name, error) from error
        raise TreeError(_missing(name, error, here)) from None
    except SyntaxError as error:
        details = user_traceback(error)
        where = f"{error.filename}, line {error.lineno}"
        msg = f"{name!r} cannot be imported: {where}: {error.msg}"
        raise TreeError(printable(msg), details) from error
    except SystemExit as error:
        msg = (
            f"{name!r} ends the program while it is imported: {safe_repr(error)}; "
            'what starts a program belongs under `if __name__ == "__main__":`'
        )
        raise TreeError(msg, user_traceback(error)) from error
    except Exception as error:
        raise _failed(name, error) from error


def _failed(name: str, error: Exception) -> TreeError:
    msg = f"{name!r} cannot be imported: {error_line(error)}"
    return TreeError(msg, user_traceback(error))


def _put_here_first() -> Path:
    """Put the current folder first on `sys.path`, and name it."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # somebody has deleted it
        return Path()
    if sys.path[:1] not in ([""], [os.fspath(here)]):
        sys.path.insert(0, os.fspath(here))
    return here


def _is_itself(error: ModuleNotFoundError) -> bool:
    """Whether it is this module that is missing, and not one that it needs.

    If it is another, a module of the user's is on the way, which the import system is
    not.  The names do not tell: a package may need its own missing module.
    """
    step = error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if not file.startswith("<frozen") and file not in _IMPORTERS:
            return False
        step = step.tb_next
    return True


_IMPORTERS = {__file__, importlib.__file__}


def _missing(name: str, error: ModuleNotFoundError, here: Path) -> str:
    """Say that there is no such module."""
    package, _, last = name.rpartition(".")
    if error.name == name and package in sys.modules:
        if last == "py":
            what = f"write it as for `import`: {package}"
            return f"{name!r} is no name of a module: {what}"
        return f"{package!r} has no module {last!r}"
    missing = error.name or name
    msg = f"there is no module {missing!r} in {here} or on sys.path"
    if missing != name:
        msg += f", so no {name!r}"
    return msg + _guess(name, _modules_here(here))


def _modules_here(here: Path) -> list[str]:
    try:
        files = list(here.iterdir())
    except OSError:
        return []
    return [
        each.stem
        for each in files
        if each.suffix == ".py" or (each.is_dir() and each.name.isidentifier())
    ]


def _guess(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _find(module: ModuleType, name: str) -> tuple[object, str]:
    """Follow the dots, and give what is there with its full name."""
    found: object = module
    path = module.__name__
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = [each for each in dir(found) if not each.startswith("_")]
            msg = f"{path!r} has no {part!r}{_guess(part, public)}"
            raise TreeError(msg) from None
        except Exception as error:
            msg = f"{part!r} cannot be taken from {path!r}: {error_line(error)}"
            raise TreeError(msg, user_traceback(error)) from error
        path += f".{part}"
    return found, path


def _call(function: Any, path: str) -> object:  # Any: a callable of unknown kind
    if isinstance(function, _ACTOR):
        msg = f"{path} is an actor already: give its class, {type(function).__name__}"
        raise TreeError(msg)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        msg = f"{path} is an async function: the tree must be there before anything runs; make it a plain `def`"  # noqa: E501 - one sentence
        raise TreeError(msg)
    if needed := needed_by(function):
        msg = f"{path} needs {needed}: only a function without parameters can be called"
        raise TreeError(msg)
    try:
        found: object = function()
    except SystemExit as error:
        msg = f"{path}() ends the program: {safe_repr(error)}"
        raise TreeError(msg, user_traceback(error)) from error
    except Exception as error:
        msg = f"{path}() failed: {error_line(error)}"
        raise TreeError(msg, user_traceback(error)) from error
    if inspect.iscoroutine(found):
        found.close()  # it would warn that nobody has awaited it
        msg = f"{path}() is a coroutine: make it a plain `def` that returns the tree"
        raise TreeError(msg)
    return found


def _tree(found: Any, path: str) -> Tree:  # Any: anything
    if isinstance(found, _SPEC):
        said = [f for f, usual in _FOR_AN_OWNER.items() if getattr(found, f) != usual]
        if said:
            msg = f"{path} says {', '.join(said)}, which only a supervisor can heed: put it under one, and give that"  # noqa: E501 - one sentence
            raise TreeError(msg)
        return _checked(found.make, found.args, found.id, path)
    if isinstance(found, type) and issubclass(found, _ACTOR):
        return _checked(found, (), found.__name__, path)
    raise TreeError(f"{path} is {_kind(found)}, and no tree; a tree is {_RIGHT}")


def _checked(
    make: type[Actor[Any]], args: tuple[Any, ...], name: str, path: str
) -> Tree:
    if issubclass(make, Session):
        msg = f"{path} is a Session, which only a router can start; run a Supervisor with a ChildSpec(Router, {make.__name__}) in it"  # noqa: E501 - one sentence
        raise TreeError(msg)
    if missing := undefined_in(make):
        msg = f"{path} cannot be started: {make.__name__} does not define {missing}"
        raise TreeError(msg)
    if needed := needed_by(make, args):
        msg = f"{path} cannot be made: {make.__name__} needs {needed}; give a ChildSpec({make.__name__}, ...) with its arguments"  # noqa: E501 - one sentence
        raise TreeError(msg)
    return Tree(make, args, name)


def undefined_in(make: type[Any]) -> str:
    """The abstract methods that a class does not define; `""`: there are none."""
    missing = make.__abstractmethods__ if inspect.isabstract(make) else ()
    return ", ".join(sorted(missing))


def _kind(found: Any) -> str:  # Any: anything
    """What it is, for who expected a tree."""
    if isinstance(found, type):
        return f"the class {found.__name__}, not a subclass of Actor"
    if isinstance(found, _ACTOR):
        return f"an actor already (give its class, {type(found).__name__})"
    if isinstance(found, ModuleType):
        return f"the module {found.__name__}"
    if isinstance(found, _REF):
        return "the ref of an actor that runs already"
    if found is None:
        return "None"
    return f"of type {type(found).__name__}: {printable(safe_repr(found, 60))}"
