#!/usr/bin/env bash
# Trio 0.35.0: `trio.lowlevel.checkpoint_if_cancelled` ends in `AssertionError: this
# should never happen` if a scope becomes shielded while a task is in it.
#
# Its docstring says that it is `if cancelled: await trio.lowlevel.checkpoint()`, so the
# guess is that it returns when there is nothing to raise any more, as `checkpoint` does.
# But `checkpoint` lets other tasks run before it raises `Cancelled`; if one of them sets
# `shield` of a scope in between, it has nothing to raise, and returns.  Behind it stands
# an assertion that it never does.  `checkpoint` itself, in the same place, returns.
#
# Seen with Trio 0.35.0 and Python 3.11.7:
#
#     checkpoint: nothing raised
#     checkpoint_if_cancelled: AssertionError: this should never happen
set -euo pipefail
python=${PYTHON:-python3.11}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet trio==0.35.0

cat >"$work/shield.py" <<'PY'
from collections.abc import Awaitable, Callable

import trio
from trio.lowlevel import checkpoint, checkpoint_if_cancelled


async def shield(scope: trio.CancelScope) -> None:
    scope.shield = True


async def main(point: Callable[[], Awaitable[None]]) -> str:
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as outer, trio.CancelScope() as inner:
            nursery.start_soon(shield, inner)
            outer.cancel()
            try:
                await point()
            except AssertionError as error:
                return f"AssertionError: {error}"
            return "nothing raised"
    return "cancelled"


for point in (checkpoint, checkpoint_if_cancelled):
    print(f"{point.__name__}: {trio.run(main, point)}")
PY
"$work/venv/bin/python" "$work/shield.py" | tee "$work/output"
cat >"$work/expected" <<'TXT'
checkpoint: nothing raised
checkpoint_if_cancelled: AssertionError: this should never happen
TXT
cmp "$work/output" "$work/expected"
