# noqa: INP001 - a script beside the other one
"""The lowest versions that pyproject.toml says will do, as constraints for pip.

`python .ci/lowest.py EXTRA... > lowest.txt`, then `pip install -c lowest.txt ...`.  Of
each requirement that has a `>=` and whose marker holds here, that version.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement  # pip brings it along
from pip._vendor.packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def main(extras: list[str]) -> None:
    """Print a constraint a line."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted, found = [None, *extras], dict[str, str]()
    for extra in wanted:  # grows: an extra may stand for others
        optional = project["optional-dependencies"]
        for text in project["dependencies"] if extra is None else optional[extra]:
            each = Requirement(text)
            if canonicalize_name(each.name) == canonicalize_name(project["name"]):
                wanted += [more for more in each.extras if more not in wanted]
            elif each.marker is None or each.marker.evaluate():
                (least,) = [s.version for s in each.specifier if s.operator == ">="]
                found[each.name] = least
    for name, least in sorted(found.items()):
        print(f"{name}=={least}")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
