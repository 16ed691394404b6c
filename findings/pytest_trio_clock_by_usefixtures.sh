#!/usr/bin/env bash
# pytest-trio: a virtual clock that a test names by `usefixtures` is not used.
#
# A test that only wants time to jump does not need the clock itself, so one writes
# `@pytest.mark.usefixtures("autojump_clock")`, as linters ask of an argument that is not
# used.  The guess is that it is the same as taking it as an argument.  pytest makes the
# fixture, and pytest-trio looks for a clock among the *arguments* of the test only: the
# test runs on the real clock, without a word, and passes if it has the time.
#
# Seen with pytest-trio 0.8.0, pytest 8.4.2, Trio 0.35.0, Python 3.11:
#
#     as an argument: the sleep of 1 s took 0 s, on a MockClock
#     by usefixtures: the sleep of 1 s took 1 s, on a SystemClock
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pytest==8.4.2 pytest-trio==0.8.0 trio==0.35.0

cat > "$work/test_clock.py" <<'PY'
import time
import pytest
import trio


async def sleep(how):
    begun = time.monotonic()
    await trio.sleep(1)
    clock = type(trio.lowlevel.current_clock()).__name__
    took = round(time.monotonic() - begun)
    print(f"{how}: the sleep of 1 s took {took} s, on a {clock}")
    return clock


async def test_argument(autojump_clock):
    assert await sleep("as an argument") == "MockClock"


@pytest.mark.usefixtures("autojump_clock")
async def test_usefixtures():
    assert await sleep("by usefixtures") == "SystemClock"
PY
cd "$work"
"$work/venv/bin/python" -m pytest -q -s -p no:cacheprovider -o trio_mode=true test_clock.py > out.txt \
  || { cat out.txt; exit 1; }
grep -o "as an argument: .*\|by usefixtures: .*" out.txt
