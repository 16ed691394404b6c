"""Print the ways: `python -m tests.walks`, or some of them by name."""

from __future__ import annotations

import sys

from .ways import WAYS, measured

for name in sys.argv[1:] or WAYS:
    walk = measured(name)
    print(f"{name}: {len(walk.files)} files, {walk.moves} moves")  # noqa: T201
    for stay in walk.stays:
        print(f"    {stay}")  # noqa: T201
