"""Agents that are installed do what the page says of them.

`$ACTORS_AGENTS` is a folder that `python -m tests.agents --install NAME --folder ...`
has made; each agent in it is run, with its tools, its requests for permission, and a
whole life as a session of ours.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio

from .page import asks, results
from .recipe import Place
from .recipes import RECIPES
from .run import run

VARIABLE = "ACTORS_AGENTS"
FOLDER = os.environ.get(VARIABLE, "")
INSTALLED = [
    name for name in RECIPES if FOLDER and Path(FOLDER, name, "installed").exists()
]
STORED = {each["name"]: each for each in results()}
BOUND = 300.0  # seconds until a real agent is taken for stuck

pytestmark = pytest.mark.skipif(
    not INSTALLED, reason=f"no agent is installed in ${VARIABLE}"
)


def lent(name: str, folder: Path) -> Place:
    """What is installed there, in a place of its own: nothing is left for the next."""
    for each in ("npm", "venv"):
        there = Path(FOLDER, name, each).absolute()
        if there.exists():
            (folder / each).symlink_to(there)
    return Place(folder)


@pytest.mark.parametrize("name", INSTALLED or ["none"])
async def test_a_real_agent_does_what_the_page_says(name: str, tmp_path: Path) -> None:
    """It asks what it asked, in each mode; our session denies, aborts, goes on."""
    place = lent(name, tmp_path)
    with trio.fail_after(BOUND):
        asked = ["opened", "said", "permissions"]
        found = await run(RECIPES[name], place, asked, settling=0.2)
        live = await run(RECIPES[name], place, ["hosted"])
    assert "alpha beta gamma" in found["facts"]["said"]["text"]
    assert asks([found]) == asks([STORED[name]])
    hosted, stored = live["facts"]["hosted"], STORED[name]["facts"]["hosted"]
    for fact in ("answer", "denied", "asked", "done", "aborted", "after"):
        assert hosted[fact] == stored[fact], hosted
    assert hosted["after kill"].startswith("Completed: recalled:"), hosted
