"""The demo: a chat service under real traffic, with faults.

The service runs in a process of its own; the command starts it, watches it through its
control socket and its account, asks it to stop, and holds the senders' account against
the service's.  It may know all of `supervision` but the commands.  In reading order:

    traffic/        the recorded turns, the plan of a demo, the senders' account
    _tree/          the tree: `actors run supervision.demo:tree`
    _playing/       the course of a demo, seen from outside, and what is said of it
    command         `actors demo`: its options
    pictures        `python -m supervision.demo.pictures FOLDER`
"""

from ._tree.tree import Demo as Demo
from ._tree.tree import tree as tree
from .command import main as main
from .traffic.plan import Plan as Plan
from .traffic.plan import PlanError as PlanError

__all__ = ["Demo", "Plan", "PlanError", "main", "tree"]
