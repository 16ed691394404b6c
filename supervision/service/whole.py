"""All actors of a process that wait, for who looks into it from outside.

`actors stack --pid` has the process itself call `write`, in its main thread, wherever
that is: a service that hangs answers no socket.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from actors.hosting import open_systems, root_of
from supervision._view.frames import thread_frames
from supervision._view.shapes import StackShape, WholeShape
from supervision._view.stacks import actor_stack

MOST = 2000
"""Actors that are looked at."""


def write(path: str) -> None:
    """Write where everybody stands, as JSON, to a file that is there all at once."""
    try:
        text = json.dumps(whole())
    except Exception as error:  # noqa: BLE001 - nothing may break who is looked at
        text = json.dumps({"error": f"{type(error).__name__}: {error}"})
    part = Path(path + ".part")
    part.write_text(text, encoding="utf-8")
    part.rename(path)


def whole() -> WholeShape:
    """Where the main thread stands, and every actor that waits, system by system."""
    frames, cut = thread_frames(sys._getframe())
    # the last ones are this look's own
    files = [each["file"] for each in frames]
    own = files.index(__file__)
    if own and files[own - 1] == "<string>":  # the script that has called us
        own -= 1
    stacks: list[StackShape] = []
    seen = 0
    for system in open_systems():
        cells = _walk(root_of(system))
        for cell in islice(cells, MOST):
            seen += 1
            stack = actor_stack(cell)
            if stack["tasks"]:
                stacks.append(stack)
    return WholeShape(
        pid=os.getpid(),
        frames=frames[:own],
        cut=cut,
        stacks=stacks,
        actors=seen,
    )


def _walk(cell: Any) -> Any:  # Any: cells
    yield cell
    for child in cell.children():
        yield from _walk(child)
