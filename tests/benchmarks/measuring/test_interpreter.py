"""How an interpreter was built is read from what it remembers of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks.measuring.interpreter import (
    build,
    with_jit,
    with_link_time,
    with_profiles,
    words,
)

USE = "-fprofile-use -fprofile-correction"
DEBIAN = {
    "CONFIG_ARGS": "'--enable-shared' '--prefix=/usr' '--with-system-ffi'",
    "PGO_PROF_USE_FLAG": "",
    "PY_CFLAGS": "-g -fwrapv -O2",
    "AR": "x86_64-linux-gnu-gcc-ar",
}
PLAIN = {
    "CONFIG_ARGS": "'--prefix=/opt/python'",
    "PGO_PROF_USE_FLAG": USE,
    "PY_CFLAGS": "-O3",
    "AR": "ar",
}


@pytest.mark.parametrize(
    ("variables", "profiles", "link_time"),
    [
        (PLAIN, False, False),
        (DEBIAN, True, True),
        ({**DEBIAN, "AR": "ar"}, True, False),
        ({**PLAIN, "AR": "gcc-ar"}, False, False),
        ({**PLAIN, "CONFIG_ARGS": "'--enable-optimizations'"}, True, False),
        ({**PLAIN, "CONFIG_ARGS": "'--enable-optimizations=no'"}, False, False),
        ({**PLAIN, "CONFIG_ARGS": "'--with-lto=thin' '--with-x'"}, False, True),
        ({**PLAIN, "CONFIG_ARGS": "--with-lto --enable-optimizations"}, True, True),
        ({**PLAIN, "PY_CORE_CFLAGS": f"-O3 {USE}"}, True, False),
        ({**PLAIN, "PY_CORE_LDFLAGS": "-flto=auto"}, False, True),
        ({}, None, None),
    ],
)
def test_profiles_and_link_time_are_found(
    variables: dict[str, str],
    profiles: bool | None,  # noqa: FBT001
    link_time: bool | None,  # noqa: FBT001
) -> None:
    """By the option, by the flags, or by flags that were taken out, as Debian does."""
    assert with_profiles(variables) is profiles
    assert with_link_time(variables) is link_time


@pytest.mark.parametrize(
    ("option", "variable", "jit"),
    [
        ("", None, False),
        ("'--enable-experimental-jit'", None, True),
        ("'--enable-experimental-jit=no'", None, False),
        ("'--enable-experimental-jit=interpreter'", None, False),
        ("'--enable-experimental-jit=yes-off'", None, False),
        ("'--enable-experimental-jit=yes-off'", "1", True),
        ("'--enable-experimental-jit'", "0", False),
    ],
)
def test_a_jit_is_found(option: str, variable: str | None, jit: bool) -> None:  # noqa: FBT001
    """By the option, and whether it is on."""
    environment = {} if variable is None else {"PYTHON_JIT": variable}

    assert with_jit({"CONFIG_ARGS": option}, None, environment) is jit


@pytest.mark.parametrize("enabled", [True, False])
def test_an_interpreter_that_knows_is_believed(enabled: bool) -> None:  # noqa: FBT001
    """Since 3.14 it can be asked."""
    own = SimpleNamespace(is_enabled=lambda: enabled)

    assert with_jit({"CONFIG_ARGS": "--enable-experimental-jit"}, own, {}) is enabled


def test_it_is_said_in_words() -> None:
    """What is not known is not said to be absent; an old report has no JIT."""
    assert words({"pgo": True, "lto": False, "jit": False}) == (
        "with PGO, without LTO, without JIT"
    )
    assert words({"pgo": None, "lto": None}) == "perhaps with PGO, perhaps with LTO"
    assert words({}) == ""


def test_this_one_can_be_described() -> None:
    """Whatever it is."""
    assert {"pgo", "lto", "jit", "compiler", "flags"} <= set(build())
