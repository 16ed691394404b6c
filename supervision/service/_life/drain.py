"""`Drain`: all routers of a system finish what they have accepted, at once.

It keeps what their drains have said, and what had its outcome before, for the report.
Knows neither the service nor its budget: it is given the moment at which to end.
"""

from __future__ import annotations

from collections.abc import Mapping

import trio

from actors import ActorSystem
from supervision._log.safe import Log
from supervision._routing.census import counts_of, lost_of, routers_of
from supervision._routing.core.core import Core
from supervision._routing.core.draining import drain, leave_all
from supervision._routing.reports import DrainReport
from supervision.service._terms.report import LostPrompt, RouterReport

logger = Log("supervision.service")


class Drain:
    """The drain of one system; `routers`, `lost` and `aborted` are right without one.

    Args:
        system: whose routers.
    """

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._reports: list[tuple[str, DrainReport]] = []  # (path of a router, report)
        self._before: dict[str, Mapping[str, int]] = {}  # {path: outcomes before}

    async def run(self, until: float) -> None:
        """Drain all routers; ends at this moment of Trio's clock at the latest."""
        self._before = {
            path: statistics.outcomes
            for path, (_, statistics) in counts_of(self._system).items()
        }
        async with trio.open_nursery() as nursery:
            for path, router in routers_of(self._system).items():
                nursery.start_soon(self._one, path, router, until)

    async def _one(self, path: str, router: Core, until: float) -> None:
        drained: Core | None = None
        try:
            # again and again: one that has crashed meanwhile may have a successor
            while router is not drained and trio.current_time() < until:
                report = await drain(router, until - trio.current_time())
                self._reports.append((path, report))
                drained, router = router, routers_of(self._system).get(path, router)
        except Exception:
            logger.exception("%s could not be drained", path)

    def leave(self, why: str) -> None:
        """Wait for nothing any more: every prompt that is left gets its outcome."""
        for path, router in routers_of(self._system).items():
            try:
                leave_all(router, why)
            except Exception:
                logger.exception("%s could not be accounted for", path)

    @property
    def lost(self) -> tuple[LostPrompt, ...]:
        """The first prompts that no turn has taken, in the life of the system."""
        return tuple(LostPrompt(*each) for each in lost_of(self._system))

    @property
    def aborted(self) -> int:
        """How many turns were aborted because its time was up."""
        return sum(len(report.aborted) for _, report in self._reports)

    def routers(self) -> tuple[RouterReport, ...]:
        """What each router has to account for, in the order of their paths."""
        return tuple(
            RouterReport(
                path=path,
                accepted=statistics.accepted,
                outcomes=dict(statistics.outcomes),
                refused=dict(statistics.refused),
                kept=statistics.kept,
                in_drain=_more(
                    statistics.outcomes, self._before.get(path, statistics.outcomes)
                ),
            )
            for path, (_, statistics) in counts_of(self._system).items()
        )


def _more(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """What has come to each number since."""
    return {
        name: number - before.get(name, 0)
        for name, number in now.items()
        if number > before.get(name, 0)
    }
