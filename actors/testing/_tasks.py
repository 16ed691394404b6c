"""`open_tasks`: which Trio tasks exist, to see that a block has left none behind."""

from __future__ import annotations

import trio

from actors.hosting import hub_of, open_systems


def open_tasks() -> list[str]:
    """List the names of all tasks of the current Trio run, sorted.

    Without Trio's own system tasks, without the calling task, and without workers of
    open systems that wait for work (their number follows what was busy at once; they
    end with the system's block).  A test compares: in a
    bare `trio.run` (or `run_seeded`) the main task sees `[]` when nothing else runs;
    under pytest-trio there are tasks of its own, so take the list before, too.

    Raises:
        RuntimeError: called outside of Trio.
    """
    root = trio.lowlevel.current_root_task()
    if root is None:  # pragma: no cover - Trio makes it before any other task
        return []
    idle = {
        worker.task for system in open_systems() for worker in hub_of(system).spares
    }
    current = trio.lowlevel.current_task()
    names: list[str] = []
    tasks = [task for task in _children(root) if not _is_of_trio(task)]
    for task in tasks:
        if task is not current and task not in idle:
            names.append(task.name)
        tasks.extend(_children(task))
    return sorted(names)


def _children(task: trio.lowlevel.Task) -> list[trio.lowlevel.Task]:
    return [child for nursery in task.child_nurseries for child in nursery.child_tasks]


def _is_of_trio(task: trio.lowlevel.Task) -> bool:
    """Tell Trio's own among the tasks right below the root."""
    return task.name.startswith(("<", "trio._core."))
