"""`python -m tests.agents NAME ...`: install an agent, run it, and tell what it does.

The facts are printed as JSON, and written to a file of their own by `--save`; then
`--page` makes the tables of `docs/agents.md` from them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import trio

from .installing import NotHadError, install
from .page import RESULTS, write_page
from .recipe import Place
from .recipes import RECIPES
from .run import PROBES, run


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.agents", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="agents to run")
    parser.add_argument("--list", action="store_true", help="the agents there are")
    parser.add_argument("--json", metavar="FILE", help="write the facts to a file")
    parser.add_argument("--save", action="store_true", help="keep them for the page")
    parser.add_argument("--page", action="store_true", help="make the page's tables")
    parser.add_argument("--folder", help="install here, and keep that")
    parser.add_argument("--install", action="store_true", help="and do not run")
    parser.add_argument("--probe", action="append", metavar="NAME", help="only this")
    parser.add_argument("--requests", metavar="FILE", help="write what the model saw")
    given = parser.parse_args()
    if given.list:
        for recipe in RECIPES.values():
            print(f"{recipe.name:<16}{recipe.packages}")  # noqa: T201
    unknown = [n for n in given.names if n not in RECIPES]
    unknown += [n for n in given.probe or () if n not in PROBES]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    for name in given.names:
        with tempfile.TemporaryDirectory(prefix="agents-") as folder:
            place = Place(Path(given.folder or folder).absolute() / name)
            if given.install:
                install(RECIPES[name], place)
                continue
            facts = _run(name, place, given.probe or list(PROBES), given.requests)
        text = json.dumps(facts, indent=1, sort_keys=True)
        print(text)  # noqa: T201
        if given.json:
            Path(given.json).write_text(text + "\n", encoding="utf-8")
        if given.save:
            (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    if given.page:
        write_page()
    return 0


def _run(
    name: str, place: Place, probes: list[str], requests: str | None
) -> dict[str, object]:
    recipe = RECIPES[name]
    try:
        install(recipe, place)
    except NotHadError as error:
        return {"name": name, "packages": recipe.packages, "not had": str(error)}
    return trio.run(run, recipe, place, probes, requests)


if __name__ == "__main__":
    sys.exit(main())
