#!/usr/bin/env bash
# msgspec x attrs: a private field is not written, and the object cannot be read again.
#
# msgspec writes attrs classes and dataclasses alike, so one guesses that both come back.
# A field `_owner` of a dataclass does; of an attrs class it is left out without a word.
# If it has no default the bytes that `encode` has just made cannot be decoded as that
# class; if it has one, the default comes back in place of the value, also without a
# word.  And an attrs class with `cache_hash=True` comes back as an object that is equal
# to what it was and cannot be hashed: msgspec fills in the fields and not the slot that
# attrs keeps the hash in.  Neither is said by `encode`, which is where a store would
# have to refuse the value: look at the fields before.
#
# Takes PYTHON, python3 by default.  Seen with Python 3.11.7, msgspec 0.23.0, attrs 26.1.0:
#
#     a dataclass: Dataclass(_owner='ann', text='hi')
#     attrs, no default: ValidationError: Object missing required field `_owner`
#     attrs, with a default: Defaulted(_owner='nobody', text='hi')
#     attrs, cache_hash: equal True, hash() raises AttributeError
set -euo pipefail
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet msgspec==0.23.0 attrs==26.1.0
cat >"$work/look.py" <<'PY'
import dataclasses

import attrs
from msgspec import msgpack


@dataclasses.dataclass
class Dataclass:
    _owner: str
    text: str


@attrs.frozen
class Required:
    _owner: str
    text: str


@attrs.frozen
class Defaulted:
    _owner: str = "nobody"
    text: str = ""


@attrs.frozen(cache_hash=True)
class Hashed:
    text: str


def again(value):
    return msgpack.decode(msgpack.encode(value), type=type(value))


print(f"a dataclass: {again(Dataclass('ann', 'hi'))}")
try:
    print(f"attrs, no default: {again(Required('ann', 'hi'))}")
except Exception as error:
    print(f"attrs, no default: {type(error).__name__}: {error}")
print(f"attrs, with a default: {again(Defaulted('ann', 'hi'))}")
hashed = again(Hashed("hi"))
try:
    said = f"is {hash(hashed) == hash(Hashed('hi'))}"
except Exception as error:
    said = f"raises {type(error).__name__}"
print(f"attrs, cache_hash: equal {hashed == Hashed('hi')}, hash() {said}")
PY
said=$("$work/venv/bin/python" "$work/look.py")
seen="a dataclass: Dataclass(_owner='ann', text='hi')
attrs, no default: ValidationError: Object missing required field \`_owner\`
attrs, with a default: Defaulted(_owner='nobody', text='hi')
attrs, cache_hash: equal True, hash() raises AttributeError"
printf '%s\n' "$said"
if [ "$said" != "$seen" ]; then
  echo "it behaves differently now" >&2
  exit 1
fi
