#!/usr/bin/env bash
# pytest-trio: a test that cancels its `nursery` fixture passes without its asserts.
#
# The fixture is a nursery around the test itself: a test that asks for it runs as one of
# its tasks.  The guess is that `nursery.cancel_scope.cancel()` at the end of a test, or in
# the middle, tidies up what was started in it.  It also cancels the test: at its next
# checkpoint it is over, whatever stands below is never reached, and pytest says PASSED,
# because a Cancelled that its own scope has caught is no failure.
#
# Seen with pytest-trio 0.8.0, Trio 0.35.0, pytest 9.1.1 on Python 3.11:
#
#     the body of the test was left at its checkpoint: True
#     pytest says: 1 passed
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pytest-trio==0.8.0 trio==0.35.0 pytest==9.1.1

cat >"$work/test_it.py" <<'PY'
import trio

async def test_tidies_up(nursery):
    nursery.start_soon(trio.sleep_forever)
    nursery.cancel_scope.cancel()
    with open("reached", "w") as file:
        file.write("before")
        file.flush()
        await trio.lowlevel.checkpoint()
        file.write(" and after")
    assert 1 == 2, "an assert that cannot hold"
PY
cd "$work"
said=$("$work/venv/bin/python" -m pytest -q -p no:cacheprovider -o trio_mode=true test_it.py || true)
reached=$(cat reached)
echo "the body of the test was left at its checkpoint: $([ "$reached" = before ] && echo True || echo False)"
echo "pytest says: $(grep -oE '[0-9]+ (passed|failed)' <<<"$said" | head -1)"
[ "$reached" = before ] && grep -q '1 passed' <<<"$said"
