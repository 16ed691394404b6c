#!/usr/bin/env bash
# trio-asyncio 0.16.0: it runs on Python 3.13, and needs what Python 3.14 has removed.
#
# Its metadata says `Requires-Python: >=3.9`, without an upper bound, so pip installs it
# for newer Pythons too.  The guess is that it can be imported there.  When it is imported
# it makes a subclass of `asyncio.AbstractChildWatcher`, which is deprecated since Python
# 3.12 and gone from 3.14: on 3.13 that is a DeprecationWarning (an error for whoever runs
# tests with `-W error`), and without the class an AttributeError.  What it does for
# coroutines has nothing to do with child processes: on 3.13 it works.
#
# Takes PYTHON, python3.13 by default; a 3.13, as 3.14 was not at hand: the last line
# takes the class away, as 3.14 does.  Seen with trio-asyncio 0.16.0, Trio 0.35.0 and
# Python 3.13.0:
#
#     a coroutine of asyncio in Trio: done
#     with -W error: DeprecationWarning: 'AbstractChildWatcher' is deprecated as of Python 3.12 and will be removed in Python 3.14.
#     without the class: AttributeError: module 'asyncio' has no attribute 'AbstractChildWatcher'
set -euo pipefail
python=${PYTHON:-python3.13}
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))'; then
  echo "this needs a Python 3.13; PYTHON says where one is" >&2
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet trio-asyncio==0.16.0 trio==0.35.0

cat >"$work/works.py" <<'PY'
import asyncio

import trio
import trio_asyncio


async def library() -> str:
    await asyncio.sleep(0)
    return "done"


async def main() -> str:
    async with trio_asyncio.open_loop():
        return await trio_asyncio.aio_as_trio(library)()


print("a coroutine of asyncio in Trio:", trio.run(main))
PY
cat >"$work/warns.py" <<'PY'
try:
    import trio_asyncio  # noqa: F401
except DeprecationWarning as error:
    print(f"with -W error: DeprecationWarning: {error}")
PY
cat >"$work/fails.py" <<'PY'
import asyncio

del asyncio.AbstractChildWatcher
try:
    import trio_asyncio  # noqa: F401
except AttributeError as error:
    print(f"without the class: AttributeError: {error}")
PY
seen=$(
  "$work/venv/bin/python" -W ignore "$work/works.py"
  "$work/venv/bin/python" -W error "$work/warns.py"
  "$work/venv/bin/python" -W ignore "$work/fails.py"
)
echo "$seen"
[ "$seen" = "a coroutine of asyncio in Trio: done
with -W error: DeprecationWarning: 'AbstractChildWatcher' is deprecated as of Python 3.12 and will be removed in Python 3.14.
without the class: AttributeError: module 'asyncio' has no attribute 'AbstractChildWatcher'" ]
