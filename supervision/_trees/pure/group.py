"""What is done to children in order: the first start, and group restarts.

A `Group` only remembers how far it has got; the machine decides what is done to each.
Taking down goes from the youngest to the oldest, one at a time; bringing up from the
oldest to the youngest, each when the one before is ready.  Only those from `floor` on
are taken down; the ones before it are from an earlier group that was not done.
"""

from __future__ import annotations

from supervision._trees.policies import ChildState

from .child import Child

_STARTING = ChildState.STARTING
_UNSETTLED = (ChildState.WAITING, ChildState.STARTING, ChildState.RESTARTING)


class Group:
    """Some children of one supervisor, in the order of start."""

    __slots__ = (
        "_current",
        "_doomed",
        "_down",
        "_members",
        "_up",
        "dropped",
        "floor",
        "stopping",
        "waits",
    )

    def __init__(self, members: list[Child], floor: int | None = None) -> None:
        self._members = members
        self.stopping = floor is not None
        self.floor = floor or 0  # those before it are not taken down
        self._doomed = set(members[self.floor :]) if self.stopping else set[Child]()
        self._down = len(members)  # from here on they are down
        self._up = 0  # before here they have been started, or passed over
        self._current: Child | None = None  # the latest to be brought up
        self.waits: set[Child] = set()  # whose backoff is not over
        self.dropped: set[Child] = set()  # not to be brought up any more

    def takes_down(self, child: Child) -> bool:
        """Whether it is about to be taken down."""
        return self.stopping and child in self._doomed

    def revives(self, child: Child) -> bool:
        """Whether it is to come back though it has been stopped before its turn."""
        return self.takes_down(child) and child not in self.dropped

    def next_down(self) -> Child | None:
        """The youngest that is not down, as far as is known; None: all are."""
        return self._members[self._down - 1] if self._down > self.floor else None

    def is_down(self) -> None:
        """That one is."""
        self._down -= 1

    def next_up(self) -> Child | None:
        """Whose turn it is to be brought up; None: all have had theirs."""
        if self._up == len(self._members):
            return None
        self._current = self._members[self._up]
        self._up += 1
        return self._current

    def unsettled(self) -> Child | None:
        """The first that is down or not ready, or will be taken down."""
        for child in self._members:
            if (self.stopping or child.state in _UNSETTLED) and (
                child not in self.dropped
            ):
                return child
        return None

    def doomed(self) -> Child | None:
        """The first that is to be taken down, or has been; None when that is over."""
        if self.stopping:
            for child in self._members[self.floor :]:
                if child not in self.dropped:
                    return child
        return None

    def busy(self) -> bool:
        """Whether the latest to be brought up is not ready yet."""
        return self._current is not None and self._current.state is _STARTING
