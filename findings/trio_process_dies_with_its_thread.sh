#!/usr/bin/env bash
# Trio + Linux: a child process that wants to die with its parent dies ten seconds later.
#
# Programs that are to end with whoever started them ask for it by PR_SET_PDEATHSIG
# (`setpriv --pdeathsig`, many sandboxes and agents).  The guess is that "parent" means the
# process.  It means the *thread* that forked (prctl(2)), and Trio forks in a thread of its
# worker cache, which goes away after ten idle seconds: the child gets its signal while
# the process that started it lives on, and nobody has asked for anything.  Started from
# a thread that stays, the same child lives.
#
# Seen with Trio 0.35.0, util-linux 2.38.1, Python 3.11, Linux 5 and newer:
#
#     by trio.lowlevel.open_process: dead of SIGTERM after 10 s
#     by a thread that stays:        alive after 15 s
set -euo pipefail
[ "$(uname)" = Linux ] && command -v setpriv >/dev/null || { echo "needs Linux and setpriv"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet trio==0.35.0

"$work/venv/bin/python" - <<'PY'
import signal, subprocess, sys, time
import trio

COMMAND = ["setpriv", "--pdeathsig", "TERM", "sleep", "60"]

async def main():
    begun = time.monotonic()
    by_trio = await trio.lowlevel.open_process(COMMAND)
    stays = subprocess.Popen(COMMAND)  # in the main thread
    with trio.move_on_after(15) as scope:
        await by_trio.wait()
    took = time.monotonic() - begun
    await trio.sleep(max(0, 15 - took))
    alive = stays.poll() is None
    killed = not scope.cancelled_caught and by_trio.returncode == -signal.SIGTERM
    print("by trio.lowlevel.open_process:", f"dead of SIGTERM after {took:.0f} s" if killed else "alive after 15 s")
    print("by a thread that stays:       ", "alive after 15 s" if alive else "dead")
    for each in (by_trio, stays):
        if each.poll() is None:
            each.kill()
    stays.wait()
    return 0 if killed and 8 < took < 13 and alive else 1

sys.exit(trio.run(main))
PY
