"""Run an async test under many orders of scheduling, each repeatable by its number.

Trio shuffles the tasks that are ready; a race shows itself in some orders only.  A
*seed* fixes the order, so a failing one can be run again.

This is the one place of the project that touches private parts of Trio: the generator
that shuffles (`trio._core._run._r`) and the switch that sorts the ready tasks before
(`_ALLOW_DETERMINISTIC_SCHEDULING`), both as Trio's own plugin for Hypothesis does.
They are put back after each run.  The hash seed of Python is not ours: a test whose
outcome hangs on the order of a set of strings is not repeatable by this number alone.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, TypeVarTuple

import trio
import trio.testing

from ._standstill import watched

P = ParamSpec("P")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")

_chosen: int | None = None  # of the command line, see plugin.py


def run_seeded(async_fn: Callable[[*Ts], Awaitable[R]], *args: *Ts, seed: int) -> R:
    """Run `async_fn(*args)` with `trio.run` in the order of scheduling of this seed.

    The clock is a fresh `MockClock(autojump_threshold=0)`: it starts at 0 and jumps
    ahead when every task waits.  Not to be called inside a Trio run.

    Args:
        async_fn: what to run.
        args: its arguments.
        seed: any int; the same one gives the same order.

    Returns:
        What `async_fn` returns.

    Raises:
        StandstillError: everything waits, for ever; it says who, and in what.
        BaseException: what `async_fn` raises.
    """
    clock = trio.testing.MockClock(autojump_threshold=0)

    async def main() -> R:
        return await watched(async_fn, *args)

    with _seeded(seed):
        return trio.run(main, clock=clock)


def seeds(
    count: int = 200,
) -> Callable[[Callable[P, Awaitable[object]]], Callable[P, None]]:
    """Turn an async test function into a plain one that runs it once per seed.

    The seeds are 0 to `count - 1`, each run as in `run_seeded`.  The first failure ends
    the test, with a note that names the seed and how to repeat it.  With
    `--actors-seed=N` on the pytest command line only seed N is run.  Works without
    pytest too.  Arguments are passed on to each run; async fixtures cannot be.  A
    fixture is made once for all seeds: write `tmp_path / f"{seed}"`, not `tmp_path`.

    A test with a parameter `seed` is given the seed of the run, for dice of its own;
    pytest does not look for a fixture of that name.  Called by hand with a seed, it is
    run with this one only.

    Args:
        count: how many seeds, at least 1; default 200.

    Raises:
        TypeError, ValueError: `count` is not an int of at least 1.

    Example:
        >>> @seeds(50)
        ... async def test_two_tellers(seed: int) -> None:
        ...     dice = random.Random(seed)
        ...     async with open_system() as system:
        ...         ...
    """
    given: object = count
    if isinstance(given, bool) or not isinstance(given, int):
        msg = f"seeds() takes a number of seeds, got {given!r}; write `@seeds()`"
        raise TypeError(msg)
    if count < 1:
        msg = f"count must be at least 1, got {count}"
        raise ValueError(msg)

    def decorate(test: Callable[P, Awaitable[object]]) -> Callable[P, None]:
        signature = inspect.signature(test)
        parameters = signature.parameters
        wants_seed = "seed" in parameters

        @functools.wraps(test)
        def run_all(*args: P.args, **kwargs: P.kwargs) -> None:
            given: dict[str, Any] = {**kwargs}  # a name more than P knows
            chosen = range(count) if _chosen is None else (_chosen,)
            if wants_seed and "seed" in given:
                chosen = (given["seed"],)
            for seed in chosen:
                if wants_seed:
                    given["seed"] = seed
                once: Callable[[], Awaitable[object]]
                once = functools.partial(test, *args, **given)
                try:
                    run_seeded(once, seed=seed)
                except BaseException as error:
                    name = getattr(test, "__qualname__", repr(test))
                    error.add_note(
                        f"{name}, seed {seed}; "
                        f"repeat it with: pytest -k {name} --actors-seed={seed}"
                    )
                    raise

        if wants_seed:
            run_all.__signature__ = signature.replace(  # type: ignore[attr-defined]
                parameters=[
                    each
                    for each in signature.parameters.values()
                    if each.name != "seed"
                ]
            )
        return run_all

    return decorate


def choose_seed(seed: int | None) -> int | None:
    """Have `seeds` run this one only, or (None) all of them; return what was set."""
    global _chosen  # as the command line is
    before, _chosen = _chosen, seed
    return before


@contextmanager
def _seeded(seed: int) -> Generator[None]:
    """Seed Trio's scheduler, and put it back as it was."""
    run: Any = trio._core._run  # private, hence Any
    before = run._ALLOW_DETERMINISTIC_SCHEDULING, run._r.getstate()
    run._ALLOW_DETERMINISTIC_SCHEDULING = True
    run._r.seed(seed)
    try:
        yield
    finally:
        run._ALLOW_DETERMINISTIC_SCHEDULING = before[0]
        run._r.setstate(before[1])
