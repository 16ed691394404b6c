"""What figures depend on: versions, build, processor, load, collector, date.

All of it goes into the JSON file, so that a run can be repeated or doubted. Nothing
here is measured, and nothing here fails: what cannot be found out is left out.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from benchmarks.measuring import interpreter

ROOT: Final = Path(__file__).resolve().parents[2]

GC_POLICY: Final = (
    "full collection before each timed block, what is alive then is frozen; "
    "then the interpreter's default thresholds"
)

_PACKAGES: Final = ("trio", "attrs", "outcome", "trio-util", "rich")
_PATIENCE: Final = 20.0
"""Seconds that a program may take to say its version."""


def conditions(peers: Iterable[str]) -> dict[str, Any]:
    """Everything; `peers` are the contenders whose versions are asked for."""
    found: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "build": interpreter.build(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "peers": {},
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "cores_usable": _usable_cores(),
        "load_before": load(),
        "gc": GC_POLICY,
        "environment": {
            key: value for key, value in os.environ.items() if key.startswith("PYTHON")
        },
        "git": _git(),
    }
    for name in peers:
        version = _erlang() if name == "erlang" else _version(name)
        if version is not None and name not in found["versions"]:
            found["peers"][name] = version
    return found


def load() -> list[float] | None:
    """The load of the last 1, 5 and 15 minutes."""
    try:
        return [round(each, 2) for each in os.getloadavg()]
    except OSError:
        return None


def summary(found: dict[str, Any]) -> str:
    """The same in one paragraph, for people; what is not there is left out."""
    build: dict[str, Any] = found.get("build") or {}
    peers: dict[str, Any] = found.get("peers") or {}
    git: dict[str, Any] = found.get("git") or {}
    words = [f"{found.get('implementation', 'Python')} {found.get('python', '?')}"]
    if built := interpreter.words(build):
        words[0] += f" ({built})"
    versions: dict[str, Any] = found.get("versions") or {}
    versions = {"trio": versions.get("trio"), **peers}
    words += [f"{name} {version}" for name, version in versions.items() if version]
    words.append(f"{found.get('cpu', 'unknown CPU')}, {found.get('cores')} cores")
    before, after = found.get("load_before"), found.get("load_after")
    if before and after:
        words.append(f"load {before[0]:.2f} before, {after[0]:.2f} after")
    if git:
        state = "" if git["clean"] else " with changes"
        words.append(f"revision {git['revision'][:9]}{state}")
    words.append(str(found.get("date", "")))
    return "; ".join(words)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _erlang() -> str | None:
    """The release of Erlang/OTP on the PATH."""
    program = "io:format(erlang:system_info(otp_release)), halt()."
    return _said("erl", "-noshell", "-eval", program)


def _git() -> dict[str, Any] | None:
    """The revision of this checkout, and whether it is clean."""
    inside = ("git", "-C", str(ROOT))
    revision = _said(*inside, "rev-parse", "HEAD")
    changes = _said(*inside, "status", "--porcelain")
    if revision is None or changes is None:
        return None
    return {"revision": revision, "clean": not changes}


def _said(program: str, *arguments: str) -> str | None:
    """What the program prints; None if it is not there or fails."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs, found on the PATH
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu() -> str:
    """The processor's name; Linux knows it best."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _usable_cores() -> int | None:
    """Those that this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count()
