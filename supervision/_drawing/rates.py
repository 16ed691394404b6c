"""What has changed between two frames, a second.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs

from supervision._view.shapes import RouterShape, StatisticsShape, TopShape

_MOMENT = 0.01  # seconds between two frames that tell anything


@attrs.frozen(kw_only=True)
class Flow:
    """How many prompts go through a router, or all of them, a second."""

    accepted: float
    outcomes: Mapping[str, float]
    """`{name of the class: so many}`, for all that there have been."""
    refused: float

    @property
    def ended(self) -> float:
        """Prompts that got their outcome."""
        return sum(self.outcomes.values())


@attrs.frozen(kw_only=True)
class Rates:
    """How much of what happens a second."""

    recent: bool
    """Since the frame before; False: since the service began."""
    cpu: float
    """Share of one CPU, 1 for all of it."""
    handled: float
    """Messages."""
    crashes: int
    """New ones: not a second, but since the frame before; 0 without one."""
    commits: float
    """Transactions of stores."""
    flow: Flow
    """Of all routers."""
    flows: Mapping[str, Flow]
    """`{path of a router: of that one}`."""


def rates(now: TopShape, before: TopShape | None) -> Rates:
    """Compare two frames of one process.

    Without one before, or when that was another process, they are of its whole life.
    """
    here = now["statistics"]
    then = before["statistics"] if before is not None else None
    if then is not None and not _same(here, then):
        then = None
    seconds = here["service"]["uptime"] - (then["service"]["uptime"] if then else 0.0)
    share = 1.0 / seconds if seconds > _MOMENT else 0.0
    cpu = here["process"]["cpu"] - (then["process"]["cpu"] if then else 0.0)
    handled = here["system"]["handled"] - (then["system"]["handled"] if then else 0)
    crashes = here["system"]["crashes"] - then["system"]["crashes"] if then else 0
    earlier = {each["path"]: each for each in then["routers"]} if then else {}
    flows = {
        each["path"]: _flow(each, earlier.get(each["path"]), share)
        for each in here["routers"]
    }
    return Rates(
        recent=then is not None,
        cpu=max(cpu * share, 0.0),
        handled=max(handled * share, 0.0),
        crashes=max(crashes, 0),
        commits=sum(
            max(_commits(each) - _commits(earlier.get(each["path"])), 0)
            for each in here["routers"]
        )
        * share,
        flow=_sum(list(flows.values())),
        flows=flows,
    )


def _same(here: StatisticsShape, then: StatisticsShape) -> bool:
    """Tell whether two frames are of the same life of a service."""
    new, old = here["service"], then["service"]
    return new["pid"] == old["pid"] and new["uptime"] >= old["uptime"]


def _flow(router: RouterShape, before: RouterShape | None, share: float) -> Flow:
    """Compare what a router has counted."""
    accepted = before["accepted"] if before else 0
    outcomes = before["outcomes"] if before else {}
    refused = sum(before["refused"].values()) if before else 0
    return Flow(
        accepted=(router["accepted"] - accepted) * share,
        outcomes={
            name: (number - outcomes.get(name, 0)) * share
            for name, number in router["outcomes"].items()
        },
        refused=(sum(router["refused"].values()) - refused) * share,
    )


def _commits(router: RouterShape | None) -> int:
    store = router["store"] if router is not None else None
    return store["batches"] if store is not None else 0


def _sum(flows: list[Flow]) -> Flow:
    outcomes: Counter[str] = Counter()
    for each in flows:
        outcomes.update(each.outcomes)
    return Flow(
        accepted=sum(each.accepted for each in flows),
        outcomes=dict(outcomes),
        refused=sum(each.refused for each in flows),
    )
