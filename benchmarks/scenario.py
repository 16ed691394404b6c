"""Scenarios: what is measured, for whom, with which count.

A scenario is a subclass of `Scenario`. Its public methods are the contenders, by name:
`ours` is what it is about, `park`, `channel` or `asyncio` do the same work by hand, any
other name is a peer. An `async def` is run by Trio, one named `asyncio` or `uvloop` by
that loop, a plain `def` is called. Contenders that come from modules of their own, as
those of the standard set do, are named in `PROVIDERS` and found under the scenario's
name; a module that cannot be imported is a peer that is missing, with its reason.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import ClassVar, Final

from benchmarks.run import Run

PER_SECOND: Final = "/s"
BYTES: Final = "bytes"
MICROSECONDS: Final = "us"

Contender = Callable[[Run], Awaitable[None] | None]

OURS: Final = "ours"

# {contender: (module, attribute)}; the attribute is {scenario's name: Contender}
PROVIDERS: Final[Mapping[str, tuple[str, str]]] = {
    "park": ("benchmarks.floors.on_trio.table", "PARK"),
    "channel": ("benchmarks.floors.on_trio.table", "CHANNEL"),
    "asyncio": ("benchmarks.floors.on_asyncio.table", "ASYNCIO"),
    "uvloop": ("benchmarks.peers.uvloop_peer", "UVLOOP"),
    "triotp": ("benchmarks.peers.triotp_peer", "TRIOTP"),
    "fauxtp": ("benchmarks.peers.fauxtp_peer", "FAUXTP"),
    "pykka": ("benchmarks.peers.pykka_peer", "PYKKA"),
    "erlang": ("benchmarks.peers.erlang_peer", "ERLANG"),
}

# {contender: the part of a scenario's count that it is given}, so that each takes about
# as long as the others
SHARES: Final[Mapping[str, float]] = {
    "erlang": 2.0,
    "asyncio": 0.5,
    "uvloop": 0.5,
    "channel": 0.2,
    "triotp": 0.1,
    "fauxtp": 0.1,
    "pykka": 0.1,
}


class Scenario:
    """Base class; subclass it, set what differs, and write the contenders.

    The docstring's first line is shown by `list`.
    """

    name: ClassVar[str]
    """Default: the class's name in snake_case."""
    number: ClassVar[str] = ""
    """Its number in the standard set, "B3"; empty for others."""
    count: ClassVar[int] = 10_000
    """Operations of one run; about half a second's worth is a good choice."""
    unit: ClassVar[str] = PER_SECOND
    """`PER_SECOND` (more is better), `BYTES` or `MICROSECONDS` (less is better)."""
    floor: ClassVar[str] = "park"
    """The contender that `ours` is compared with first; it may be missing."""
    fixed: ClassVar[bool] = False
    """The count is part of the question: it is scaled neither by contender nor by
    the part of the run."""
    # {contender's name: count}
    counts: ClassVar[Mapping[str, int]] = {}
    """Counts of contenders that need their own."""
    warm_up: ClassVar[float] = 0.1
    """The part of the count that is done, unmeasured, before; 0 for none."""
    rounds: ClassVar[int] = 1_000
    """At most this many rounds, for those that take long."""
    short: ClassVar[bool] = False
    """It belongs to the short set."""
    family: ClassVar[str] = ""
    """Scenarios of one family are points of one curve, at `size`."""
    size: ClassVar[int] = 0
    """Where on the curve of its family it stands."""
    provided: ClassVar[bool] = False
    """The modules of `PROVIDERS` have contenders for it, under its name."""

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "name" not in cls.__dict__:
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @property
    def lower_is_better(self) -> bool:
        """True for bytes and for times."""
        return self.unit != PER_SECOND

    def count_for(self, contender: str, part: float = 1.0) -> int:
        """How many operations `contender` is to do, in a run of this part."""
        count: float = self.counts.get(contender, 0)
        if not count:
            share = 1.0 if self.fixed else SHARES.get(contender, 1.0)
            count = self.count * share
        if self.fixed:
            return int(count)
        count *= part
        return max(1, int(count) // 1_000 * 1_000 or int(count))

    def contenders(self) -> dict[str, Contender]:
        """`{name: contender}` of those that can be had here, `ours` first."""
        found = self.own_contenders()
        for name in PROVIDERS if self.provided else ():
            provider = provided_by(name)
            if not isinstance(provider, str) and self.name in provider:
                found.setdefault(name, provider[self.name])
        return found

    def contender(self, name: str) -> Contender:
        """This one; of the providers, only its own is imported.

        Raises:
            ImportError: its provider cannot be had here.
            KeyError: there is no such contender.
        """
        own = self.own_contenders()
        if name in own or not self.provided:
            return own[name]
        provider = provided_by(name)
        if isinstance(provider, str):
            raise ImportError(provider)  # noqa: TRY004 - the reason is a string
        return provider[self.name]

    def own_contenders(self) -> dict[str, Contender]:
        """The public methods that a subclass has added, in their order."""
        names: dict[str, Contender] = {}
        for base in reversed(type(self).__mro__):
            if base is not Scenario and issubclass(base, Scenario):
                for name, value in vars(base).items():
                    nested = isinstance(value, type)  # such as a message's class
                    if callable(value) and not nested and not name.startswith("_"):
                        names[name] = getattr(self, name)
        return names


def provided_by(contender: str) -> Mapping[str, Contender] | str:
    """`{scenario's name: contender}` of a provider, or why it cannot be had."""
    module, attribute = PROVIDERS[contender]
    try:
        found: Mapping[str, Contender] = getattr(import_module(module), attribute)
    except ImportError as error:
        return str(error)
    return found
