"""The demo: a chat service under an hour of real traffic, with faults.

Rooms, from the bottom up; a room imports only rooms above it in this list:

    traffic         the recorded turns, and what goes wrong with each of them
    _plan           how fast, how much, with which faults
    _book           the senders' own account
    _tools _chat    what the service consists of
    _senders        the traffic, as an actor
    _faults         what goes wrong with the tree
    _tree           the tree: `actors run supervision.demo:tree`
    _outside        the service's process, seen from outside
    _summary        what is said in the end
    _course         the course of `actors demo`
    _watching       what is shown meanwhile
    _terminal _main who shows it, and its options
    pictures        `python -m supervision.demo.pictures FOLDER`

The service runs in a process of its own; the command starts it, watches it through its
control socket and its account, asks it to stop, and holds the senders' account against
the service's.
"""

from ._main import main as main
from ._plan import Plan as Plan
from ._plan import PlanError as PlanError
from ._tree import Demo as Demo
from ._tree import tree as tree

__all__ = ["Demo", "Plan", "PlanError", "main", "tree"]
