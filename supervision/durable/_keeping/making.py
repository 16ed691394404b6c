"""`make_keeping`: what a router with a store is given; it is looked up by name."""

from __future__ import annotations

from collections.abc import Callable

from actors import Session
from supervision.durable._codec.values import codec_of
from supervision.durable._words.opened import Engine

from .ground.bodies import Bodies
from .ground.wall import Wall
from .kept import Kept


def make_keeping(
    engine: Engine,
    make: type[Session[object, object]],
    crash: Callable[[Exception], None],
) -> Kept:
    """Make a store a router's.

    Args:
        engine: the store.
        make: the class of the router's sessions.
        crash: ends the router with an error.

    Raises:
        StoreError: it cannot be had.
        TypeError, ValueError: its codec does not fit the class.
    """
    codec = codec_of(make, engine.encoding)
    bodies = Bodies(codec)
    clock = engine.clock or Wall()
    sharing = engine.sharing
    return Kept(engine.claim(), engine.policy, bodies, crash, clock, sharing)
