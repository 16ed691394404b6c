"""A tree beside a program that is not Trio's: beside asyncio, and beside threads.

Trio has a thread for itself, with the tree in it; handles cross over, one face for
asyncio and one for threads.  Nothing is shared but what is handed over whole, and
nothing is polled.  The other way, `run_in_host` takes an actor into the host's loop.

It may know trees, routers and `serve` as users do, and nobody below knows it.  Trio's
guest mode, which would have both loops in one thread, is not used: a host that is
cancelled leaves a guest run behind, and every later run of that thread fails; and a
turn that computes would hold up the host.  In reading order:

    errors          whose act
    _wire/          what crosses; which side waits is not known there
    _blocking/      the handles for threads
    _awaiting/      the handles for asyncio
"""

from ._awaiting.anywhere import AsyncAnywhere as AsyncAnywhere
from ._awaiting.opening import OpenTree as OpenTree
from ._awaiting.opening import open_tree as open_tree
from ._awaiting.router import AsyncRouter as AsyncRouter
from ._awaiting.tree import AsyncTree as AsyncTree
from ._awaiting.turn import AsyncReceipt as AsyncReceipt
from ._awaiting.turn import AsyncTurn as AsyncTurn
from ._blocking.anywhere import BlockingAnywhere as BlockingAnywhere
from ._blocking.opening import OpenBlockingTree as OpenBlockingTree
from ._blocking.opening import open_blocking_tree as open_blocking_tree
from ._blocking.router import BlockingRouter as BlockingRouter
from ._blocking.tree import BlockingTree as BlockingTree
from ._blocking.turn import BlockingReceipt as BlockingReceipt
from ._blocking.turn import BlockingTurn as BlockingTurn
from ._wire.host import run_in_host as run_in_host
from .errors import BridgeError as BridgeError
from .errors import HostCancelledError as HostCancelledError
from .errors import HostEndedError as HostEndedError
from .errors import TreeEndedError as TreeEndedError
from .errors import WrongSideError as WrongSideError

__all__ = [
    "AsyncAnywhere",
    "AsyncReceipt",
    "AsyncRouter",
    "AsyncTree",
    "AsyncTurn",
    "BlockingAnywhere",
    "BlockingReceipt",
    "BlockingRouter",
    "BlockingTree",
    "BlockingTurn",
    "BridgeError",
    "HostCancelledError",
    "HostEndedError",
    "OpenBlockingTree",
    "OpenTree",
    "TreeEndedError",
    "WrongSideError",
    "open_blocking_tree",
    "open_tree",
    "run_in_host",
]
