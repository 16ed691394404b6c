"""What a router is declared with: its sessions, their arguments, limits, a store."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any, Final

from actors import Session
from supervision._routing.limits import limits_of
from supervision._routing.router import Router, check_router
from supervision._trees.calling import needed_by
from supervision._trees.errors import SpecError
from supervision.service.loading import undefined_in

from .findings import Found

# Any in this file: a user's classes and values

_SESSION: Final[Any] = Session
_TUPLE: Final[Any] = tuple  # else a checker would know half of its type


class Routers:
    """The routers of one tree; two may not have one store.

    Args:
        found: is told.
    """

    def __init__(self, found: Found) -> None:
        self._found = found
        self._stores: dict[Any, str] = {}  # {store, or its file: path of its router}

    def check(self, path: str, cls: Any, args: tuple[Any, ...]) -> None:
        """Look at one; of a subclass with a constructor of its own, at nothing."""
        if cls.__init__ is not Router.__init__:
            return
        bound = inspect.signature(cls).bind(*args)
        bound.apply_defaults()
        make, given, limits, tokens, durable = bound.args
        if not (isinstance(make, type) and issubclass(make, _SESSION)):
            right = "Router.spec(Chat, ...), with a subclass of Session"
            self._found.wrong(path, f"a router takes no {make!r:.80}", right)
            return
        self._check_sessions(path, make, given)
        try:
            check_router(limits, tokens, durable)
            limits_of(make, limits)
        except (SpecError, TypeError) as error:
            self._found.wrong(path, error)
            return
        if durable is not None:
            self._check_store(path, make, durable)

    def _check_sessions(self, path: str, make: Any, args: Any) -> None:
        name = make.__name__
        given: Any = args
        if missing := undefined_in(make):
            text = f"{name} cannot be a session: it has no {missing}"
            self._found.wrong(path, text, f"define {missing} in {name}")
        elif not isinstance(given, _TUPLE):
            right = f"Router.spec({name}, ...), or a tuple: (database,)"
            text = f"the arguments of {name} must be a tuple, got {args!r:.80}"
            self._found.wrong(path, text, right)
        elif needed := needed_by(make, given):
            right = f"Router.spec({name}, ...) with what its constructor takes"
            text = f"no session can be started: {name} needs {needed}"
            self._found.wrong(path, text, right)

    def _check_store(self, path: str, make: Any, durable: Any) -> None:
        file = getattr(durable, "path", None)
        shared = getattr(durable, "sharing", None) is not None
        mark = ("file", str(file)) if file is not None else ("object", id(durable))
        other = self._stores.setdefault(mark, path)
        if other != path and not shared:
            text = f"its store, {durable!r:.100}, is that of {other} already"
            self._found.wrong(path, text, "a store for each router")
        if isinstance(file, Path):
            self._found.stores.append((path, file))
            self._found.kept.append((path, make, durable))
        encoding = getattr(durable, "encoding", None)
        if encoding is not None:  # else it is one that somebody else has written
            # at run time: it needs what stores need
            stored = importlib.import_module("supervision.cli._check.stored")
            stored.check_stored(make, encoding, path, self._found)
