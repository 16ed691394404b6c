"""How the interpreter was built: with profiles, link time optimisation, a JIT?

Each changes figures by tens of per cent. Most ask `./configure` for it, in words that
the interpreter remembers. Debian runs the build with profiles by hand (`make
profile-opt`), and takes the flags out of what it installs, so that extensions are not
built with them: a flag that `configure` always writes is empty then. None means that it
cannot be told, as on Windows, where nothing is remembered.
"""

import os
import platform
import re
import sys
import sysconfig
from collections.abc import Mapping
from typing import Any, Final

_FLAGS: Final = ("PY_CFLAGS", "PY_CFLAGS_NODIST", "PY_CORE_CFLAGS", "PY_CORE_LDFLAGS")
_USE: Final = "PGO_PROF_USE_FLAG"
_JIT_OFF: Final = ("0", "")


def build() -> dict[str, Any]:
    """What there is to know of this one."""
    variables = sysconfig.get_config_vars()
    return {
        "pgo": with_profiles(variables),
        "lto": with_link_time(variables),
        "jit": with_jit(variables, getattr(sys, "_jit", None), os.environ),
        "debug": bool(variables.get("Py_DEBUG")),
        "free_threaded": bool(variables.get("Py_GIL_DISABLED")),
        "compiler": platform.python_compiler(),
        "arguments": _arguments(variables),
        "flags": variables.get("PY_CFLAGS"),
        "optimize": sys.flags.optimize,
        "dev_mode": sys.flags.dev_mode,
    }


def with_profiles(variables: Mapping[str, Any]) -> bool | None:
    """Whether profiles of a run guided the compiler."""
    arguments = _arguments(variables)
    if not arguments:
        return None
    if _asked(arguments, "--enable-optimizations"):
        return True
    if any("-fprofile-use" in each for each in _flags(variables)):
        return True
    return _taken_out(variables)


def with_link_time(variables: Mapping[str, Any]) -> bool | None:
    """Whether it was optimised as a whole when it was linked."""
    arguments = _arguments(variables)
    if not arguments:
        return None
    if _asked(arguments, "--with-lto"):
        return True
    if any("-flto" in each for each in _flags(variables)):
        return True
    # The archiver that such a build needs; nobody else has it.
    archiver = str(variables.get("AR") or "").endswith(("gcc-ar", "llvm-ar"))
    return archiver and _taken_out(variables)


def with_jit(
    variables: Mapping[str, Any], own: Any, environment: Mapping[str, str]
) -> bool:
    """Whether it compiles at run time, in this process.

    Args:
        variables: of `sysconfig`.
        own: `sys._jit`, which Python has since 3.14; None before.
        environment: where PYTHON_JIT may turn it on or off.
    """
    if own is not None:
        return bool(own.is_enabled())
    found = re.search(r"--enable-experimental-jit(?:=([\w-]+))?", _arguments(variables))
    if found is None or found[1] in {"no", "interpreter"}:
        return False
    default = "0" if found[1] == "yes-off" else "1"
    return environment.get("PYTHON_JIT", default) not in _JIT_OFF


def words(found: Mapping[str, Any]) -> str:
    """The same for people: "with PGO, without LTO, without JIT"."""
    said = {True: "with", False: "without", None: "perhaps with"}
    return ", ".join(
        f"{said[found[key]]} {key.upper()}"
        for key in ("pgo", "lto", "jit")
        if key in found
    )


def _arguments(variables: Mapping[str, Any]) -> str:
    return str(variables.get("CONFIG_ARGS") or "")


def _asked(arguments: str, option: str) -> bool:
    found = re.search(rf"{option}(?:=([\w-]+))?(?=['\s]|$)", arguments)
    return found is not None and found[1] != "no"


def _flags(variables: Mapping[str, Any]) -> list[str]:
    return [str(variables.get(each) or "") for each in _FLAGS]


def _taken_out(variables: Mapping[str, Any]) -> bool:
    return variables.get(_USE) == ""
