"""Wrong uses of services: rejected by mypy and pyright at their line; never run.

The comments are those of `wrong.py`.  The lines are short, so that they fit.
"""

from __future__ import annotations

from actors import Actor
from supervision import Settings, Supervisor, run, serve
from supervision.service import View


class Tree(Supervisor):
    """A tree."""


class Named(Actor[str]):
    """An actor that takes an argument."""

    def __init__(self, name: str) -> None:
        self.name = name

    def receive(self, message: str) -> None:
        """Take it."""


def as_a_process() -> None:
    """Run what is no tree, or a tree with wrong arguments."""
    run(int)  # error: mypy[arg-type] pyright[reportArgumentType]
    run(Tree())  # error: mypy[arg-type] pyright[reportArgumentType]
    run(Named)  # error: mypy[arg-type] pyright[reportArgumentType]
    run(Named, 3)  # error: mypy[arg-type] pyright[reportArgumentType]
    Settings(budget="x")  # error: mypy[arg-type] pyright[reportArgumentType]
    Settings(socket="x")  # error: mypy[arg-type] pyright[reportArgumentType]


async def inside_trio(view: View) -> None:
    """The same, and wrong questions."""
    await serve(Named)  # error: mypy[arg-type] pyright[reportArgumentType]
    await view.tree(3)  # error: mypy[arg-type] pyright[reportArgumentType]
    await view.top(rows="x")  # error: mypy[arg-type] pyright[reportArgumentType]
    view.session(b"k")  # error: mypy[arg-type] pyright[reportArgumentType]
    view.subscribe(3)  # error: mypy[arg-type] pyright[reportArgumentType]
