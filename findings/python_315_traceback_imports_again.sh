#!/usr/bin/env bash
# Python 3.15: formatting the traceback of a ModuleNotFoundError imports its package again.
#
# To say whether the module that is missing is there for another Python, `traceback` asks
# `importlib.resources` for the files of the package, which imports it.  Where the import
# of the package is what has failed, its code runs once more, in whoever formats: a
# logging handler, a supervisor, an `except` block with `logger.exception()`.  What it
# raises there comes out of the formatting: `traceback.format_exception()` raises, and the
# first error is not shown.  `logging` formats what its formatter has raised, which raises
# again, this time out of `logger.exception()`.  Python 3.14 runs nothing and raises
# nothing.  With the package set to None in `sys.modules` the formatting raises too, and
# that is known: python/cpython#151631.
#
# Takes PYTHON, python3.15 by default.  Seen with Python 3.15.2:
#
#     the package ran while its traceback was formatted: 1 time(s)
#     formatting raised: ModuleNotFoundError
#     logger.exception() raised: ModuleNotFoundError
set -euo pipefail
python=${PYTHON:-python3.15}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 15))'; then
  echo "this needs a Python 3.15 or newer; PYTHON says where one is" >&2
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/shop"
cat >"$work/shop/__init__.py" <<'PY'
import sys
sys.runs = getattr(sys, "runs", 0) + 1
import shop.missing
PY
cat >"$work/look.py" <<'PY'
import io, logging, sys, traceback

try:
    import shop
except ModuleNotFoundError as error:
    crash = error

before = sys.runs
try:
    traceback.format_exception(crash)
    raised = "nothing"
except Exception as error:
    raised = type(error).__name__
ran = sys.runs - before

logging.basicConfig(stream=io.StringIO())
sys.stderr = io.StringIO()  # where `logging` shows its own errors
try:
    logging.error("the shop is closed", exc_info=crash)
    out = "nothing"
except Exception as error:
    out = type(error).__name__
print(f"the package ran while its traceback was formatted: {ran} time(s)")
print(f"formatting raised: {raised}")
print(f"logger.exception() raised: {out}")
PY
said=$(cd "$work" && "$python" look.py)
echo "$said"
[ "$said" = "the package ran while its traceback was formatted: 1 time(s)
formatting raised: ModuleNotFoundError
logger.exception() raised: ModuleNotFoundError" ]
