"""Where a unit of systemd may write, beside the files of a tree's stores.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath, PurePosixPath
from typing import Final

from .findings import Found

_ROOTS: Final = {
    "StateDirectory": "/var/lib",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
    "RuntimeDirectory": "/run",
}
_SPECIFIERS: Final = {
    "%S": "/var/lib",
    "%C": "/var/cache",
    "%L": "/var/log",
    "%t": "/run",
    "%T": "/tmp",  # noqa: S108 - what systemd writes so
    "%V": "/var/tmp",  # noqa: S108
}
_ALWAYS: Final = ("/tmp", "/var/tmp", "/dev")  # noqa: S108 - that such a unit may write
_YES: Final = ("1", "yes", "true", "on")


def check_folders(
    service: Mapping[str, str], here: PurePath, where: str, found: Found
) -> None:
    """Look at whether a unit may write the files of the stores that were found.

    Only a unit whose user may write almost nowhere says so itself: one with
    `DynamicUser=` or `ProtectSystem=strict`.  A relative path of a store has been taken
    from `here`; the unit takes it from its `WorkingDirectory=`.

    Args:
        service: of the unit.
        here: the folder in which the tree was looked at.
        where: the unit's file.
        found: has the stores, and is told.
    """
    dynamic = service.get("DynamicUser", "").lower() in _YES
    if not (dynamic or service.get("ProtectSystem") == "strict"):
        return
    folders = _writable(service)
    working = _expanded(service.get("WorkingDirectory", "/").lstrip("-"))
    if "%" in " ".join([*folders, working]) or _is_told_where(service, folders):
        return  # nobody knows from here
    for path, file in found.stores:
        there = PurePosixPath(file)
        if there.is_relative_to(here):
            there = PurePosixPath(working, there.relative_to(here))
        if any(there.is_relative_to(each) for each in (*folders, *_ALWAYS)):
            continue
        why = "DynamicUser=yes" if dynamic else "ProtectSystem=strict"
        name = PurePath(where).stem.partition("@")[0]
        text = f"the store of {path} would be {there}, which this unit may not write: "
        right = f"StateDirectory={name}, WorkingDirectory=%S/{name}"
        if kept := service.get("StateDirectory", "").split():
            right = f"WorkingDirectory=%S/{kept[0]}"
        right += ", or a path below the StateDirectory in /var/lib"
        found.wrong(where, f"{text}{why}", right)


def _writable(service: Mapping[str, str]) -> list[str]:
    folders = [
        f"{root}/{name.partition(':')[0]}"
        for key, root in _ROOTS.items()
        for name in service.get(key, "").split()
    ]
    given = service.get("ReadWritePaths", "").split()
    return [_expanded(each) for each in (*folders, *(g.lstrip("+-") for g in given))]


def _is_told_where(service: Mapping[str, str], folders: list[str]) -> bool:
    """Whether a variable may say where its store is: not looked at with it set."""
    if "EnvironmentFile" in service:
        return True
    said = re.findall(r"(\w+)=([^\s\"']+)", service.get("Environment", ""))
    return any(
        PurePosixPath(_expanded(value)).is_relative_to(each)
        for name, value in said
        if not name.startswith("ACTORS_")
        for each in folders
    )


def _expanded(text: str) -> str:
    for short, long in _SPECIFIERS.items():
        text = text.replace(short, long)
    return text
