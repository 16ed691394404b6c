"""Which names a service may have: it becomes a package, a distribution and a unit.

Pure but for one look at what is installed: a package of that name would hide it.
"""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"[a-z](?:[a-z0-9_]*[a-z0-9])?")
_LONGEST: Final = 30
"""Characters: the lines of what is written stay below 88, and unit names readable."""
_OWN: Final = ("test", "tests")
"""What stands beside the package, or is taken for it."""
_NEEDED: Final = (
    *("actors", "supervision", "trio", "attrs", "hypercorn", "starlette"),
    *("pytest", "pytest_trio", "mypy", "pyright", "ruff", "hatchling"),
)
"""What the service itself needs, installed or not."""


def name_fault(name: str, here: Path) -> str | None:
    """Say what is wrong with a name, and what would be right; None: nothing.

    Args:
        name: as it was given.
        here: the current folder; what is found there alone is not installed.
    """
    if not _NAME.fullmatch(name):
        return (
            f"{name!r} is no name for a package: lower-case letters, digits and "
            f"underscores, a letter first and no underscore last{_instead(name)}"
        )
    if len(name) > _LONGEST:
        return f"{name!r} is too long: at most {_LONGEST} characters"
    if keyword.iskeyword(name):
        return f"{name!r} is a keyword of Python: take {name}_service"
    taken = _taken(name, here)
    return None if taken is None else f"{name!r} is {taken}: take another name"


def _taken(name: str, here: Path) -> str | None:
    """Say what a package of that name would hide; None: nothing."""
    if name in _OWN:
        return "the folder of tests"
    if name in sys.stdlib_module_names:
        return "a module of Python, which it would hide"
    if name in _NEEDED or _installed(name, here):
        return "an installed package, which it would hide"
    return None


def _instead(name: str) -> str:
    """Offer a name that is nearly the same."""
    near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_").lstrip("0123456789_")
    return f", such as {near}" if _NAME.fullmatch(near) else ""


def _installed(name: str, here: Path) -> bool:
    """Whether `import NAME` finds it elsewhere than in the current folder."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # one that is no module, or breaks there
        return True
    return spec is not None and any(
        each.parent != here.resolve() for each in _places(spec)
    )


def _places(spec: ModuleSpec) -> Iterable[Path]:
    """Where a module is: its folders, or its file."""
    if spec.submodule_search_locations is not None:
        return [Path(each).resolve() for each in spec.submodule_search_locations]
    return [Path(spec.origin or "/").resolve()]
