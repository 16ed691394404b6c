"""The public names of the packages, and how the site shows one.

A page of the reference lists names of a module; the site puts there what Python knows
of each: its signature, its docstring, the fields of an attrs class with their types,
defaults and words.  The directives that do it are Sphinx's; which, with which members,
is decided here, and tested without Sphinx.
"""

from __future__ import annotations

import ast
import enum
import functools
import importlib
import inspect
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from .docstrings import restructured

MODULES: Final = (
    "actors",
    "actors.testing",
    "supervision",
    "supervision.acp",
    "supervision.bridge",
    "supervision.client",
    "supervision.control",
    "supervision.durable",
    "supervision.http",
    "supervision.metrics",
    "supervision.otel",
    "supervision.service",
)
"""What users import, and the reference shows."""

_SHORT: Final = 60  # characters of a value that is shown


@functools.cache
def public(module: str) -> tuple[str, ...]:
    """List the public names of a module, in its order.

    `__all__`, or without one what is made in the module and has no underscore.
    """
    made = importlib.import_module(module)
    said = getattr(made, "__all__", None)
    if said is not None:
        return tuple(said)
    return tuple(
        name
        for name, value in vars(made).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module
        if inspect.isclass(value) or inspect.isfunction(value)
    )


def value_of(module: str, name: str) -> Any:  # whatever has a name
    """Give what a module has by this name."""
    return getattr(importlib.import_module(module), name)


@functools.cache
def places() -> dict[str, str]:
    """Give `{where a name is made: where users find it}`, for links.

    `actors._sessions.turn.Turn` is `actors.Turn`, and so are its methods.
    """
    found: dict[str, str] = {}
    for module in MODULES:
        for name in public(module):
            value = value_of(module, name)
            home = getattr(value, "__module__", None)
            inner = getattr(value, "__qualname__", None)
            if isinstance(home, str) and isinstance(inner, str):
                found.setdefault(f"{home}.{inner}", f"{module}.{name}")
    return found


@functools.cache
def known_names() -> set[str]:
    """Give what a docstring may link to: `Turn`, `Turn.emit`, `actors.Turn`."""
    found: set[str] = set()
    for module in MODULES:
        for name in public(module):
            found |= {name, f"{module}.{name}"}
            value = value_of(module, name)
            if inspect.isclass(value):
                found |= {f"{name}.{each}" for each in members(value)}
    return found


@functools.cache
def full_names() -> dict[str, list[str]]:
    """Give `{name as docstrings say it: its full names}`: `Turn` is `actors.Turn`."""
    found: dict[str, list[str]] = {}
    for module in MODULES:
        for name in public(module):
            full = f"{module}.{name}"
            found.setdefault(name, []).append(full)
            value = value_of(module, name)
            if inspect.isclass(value):
                for each in members(value):
                    found.setdefault(f"{name}.{each}", []).append(f"{full}.{each}")
    return found


def members(cls: type) -> set[str]:
    """Give the names without an underscore that are its own, or a private base's."""
    return {
        name
        for base in (cls, *private_bases(cls))
        for name in (*vars(base), *vars(base).get("__annotations__", ()))
        if not name.startswith("_")
    }


def private_bases(cls: type) -> list[type]:
    """List the ancestors of ours that have no place of their own in the reference."""
    shown = places()
    return [
        base
        for base in cls.__mro__[1:]
        if ours(base) and f"{base.__module__}.{base.__qualname__}" not in shown
    ]


def ours(value: object) -> bool:
    """Whether one of the two packages has made it."""
    home = getattr(value, "__module__", None) or ""
    return home.split(".")[0] in {"actors", "supervision"}


def directives(module: str, names: list[str]) -> str:
    """Write a block of Sphinx's directives for these names of a module."""
    parts = [_directive(module, name) for name in names]
    return "\n".join(["````{eval-rst}", *parts, "````", ""])


def _directive(module: str, name: str) -> str:
    full = f"{module}.{name}"
    value = value_of(module, name)
    if inspect.isclass(value):
        kind = "autoexception" if issubclass(value, BaseException) else "autoclass"
        return "\n".join([f".. {kind}:: {full}", *_options(value), ""])
    if inspect.isroutine(value):
        return f".. autofunction:: {full}\n"
    shown = _shown(value)
    said = restructured(words_of(module, name), known_names().__contains__)
    return "\n".join(
        [
            f".. py:data:: {name}",
            f"   :module: {module}",
            *([f"   :value: {shown}"] if shown else []),
            "",
            *(f"   {line}" for line in said),
            "",
        ]
    )


def _options(cls: type) -> Iterator[str]:
    """What of a class is shown: all of its own that is public."""
    yield "   :members:"
    yield "   :member-order: bysource"
    if isinstance(cls, enum.EnumMeta) or typing.is_typeddict(cls):
        yield "   :undoc-members:"
    private = private_bases(cls)
    stop = [base.__name__ for base in cls.__mro__[1:] if base not in private]
    if private:
        yield f"   :inherited-members: {', '.join(dict.fromkeys(stop))}"
    bases = [base for base in cls.__bases__ if base not in {object, *private}]
    if bases and not isinstance(cls, enum.EnumMeta):
        yield "   :show-inheritance:"


def _shown(value: object) -> str:
    """Show the value of a constant if it is short."""
    text = repr(value)
    if isinstance(value, str | int | float | tuple) and " at 0x" not in text:
        return text if len(text) <= _SHORT else ""
    return ""


def words_of(module: str, name: str) -> list[str]:
    """Give the docstring below an assignment, wherever the name comes from."""
    seen: set[str] = set()
    while module not in seen:
        seen.add(module)
        made = importlib.import_module(module)
        tree = _tree(made)
        for node, after in zip(tree.body, tree.body[1:], strict=False):
            match node, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=found))
                    | ast.Assign(targets=[ast.Name(id=found)]),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ) if found == name:
                    return inspect.cleandoc(text).splitlines()
                case _:
                    pass
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        module, name = _origin(made, node), alias.name
    return []


def _origin(module: ModuleType, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = (module.__package__ or "").split(".")
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *filter(None, [node.module])])


@functools.cache
def _tree(module: ModuleType) -> ast.Module:
    file = sys.modules[module.__name__].__file__
    return ast.parse(Path(file).read_text(encoding="utf-8") if file else "")
