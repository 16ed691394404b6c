"""Values as JSON has them, and without the keys and passwords that are in them."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import starmap, zip_longest
from typing import Any, Final, TypeGuard, cast

from actors.hosting import plainer

HIDDEN: Final = "(hidden)"
"""What stands in place of a key."""

# a field of one of these names, or whose name ends so after a "_", holds a secret
_KEYS: Final = r"((api|access|private|secret|signing|subscription)_?key|token|secret)"
_NAMES: Final = re.compile(
    rf"(^|_)({_KEYS}|authorization|bearer|cookie|credentials?|passw(or)?d|passphrase)$"
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")  # of apiKey, of api-key
# what keys look like wherever they stand
_LOOKS: Final = re.compile(
    r"\b(sk|pk|rk)-[A-Za-z0-9_-]{16,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bxox[a-z]-[A-Za-z0-9-]{10,}"
    r"|\bAIza[A-Za-z0-9_-]{30,}"
    r"|\bAKIA[A-Z0-9]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+"
)
_BEARER: Final = re.compile(
    r"\b(Bearer|Basic) +[^\s\"']{8,}"
    # behind the name of the header, and however it is written if no word follows
    r"|((?i:authorization)[\\\"']*\s*[:=]\s*[\\\"']*(?i:bearer|basic|token) +)"
    r"[^\s\"',;]+"
    r"|\b((?i:bearer|basic)\b[ :=]+)"
    r"(?=[^\s\"',;]*(?:\d|[._~+/=-]\w|[a-z][A-Z]))[^\s\"',;]{4,}"
)
# in prose, in code, in a header or a JSON that is a text: api_key=..., password: "..."
_TOLD: Final = re.compile(
    r"(?i)\b((?:\w+[_-])?(?:(?:api|access|private|secret|signing|subscription)[_ -]?key"
    r"|token|secret|authorization|cookie|credentials?|passw(?:or)?d|passphrase)"
    r"(?:=|[\\\"']{1,2}\s*[:=]\s*[\\\"']{1,2}|\s*[:=]\s*[\"']"
    # after a colon or a space it may be a word of a sentence
    r"|\s*[:=]\s*(?=[^\s\"',;&]*\d|[^\s\"',;&]{16})))"
    r"(?!\(hidden\)|bearer\b|basic\b)[^\s\"',;&\\]{4,}"
)
# in an address: https://user:password@host/?api_key=...
_ADDRESS: Final = re.compile(
    rf"(?i)(://[^\s/:@]*:)[^\s/@]+(?=@)|([?&](?:\w+[_-])?(?:key|sig|{_KEYS})=)[^\s&#\"']+"
)


def plain(value: object) -> Any:
    """Give a value as JSON: builtin values, attrs, dataclasses, pydantic's models.

    A tuple is a list there, an enum its value, and what has a field `None` keeps it.

    Raises:
        TypeError: JSON has no such thing.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [plain(each) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value)
        return {_name(name): plain(each) for name, each in pairs.items()}
    return plain(plainer(value, "say dump= to the Tape"))


def hide(value: Any, secrets: Collection[str] = ()) -> Any:
    """Give a JSON value without its keys: `HIDDEN` stands in their place.

    Those are texts in a field named so (`api_key`, `Authorization`, `session_token`
    ...), what looks like a key wherever it stands, and `secrets`.
    """
    if _is_dict(value):
        return {
            hide(name, secrets): _hidden(each, secrets)
            if _is_secret(name)
            else hide(each, secrets)
            for name, each in value.items()
        }
    if _is_list(value):
        match value:
            case [str(name), held] if _is_secret(name):  # a header, as a pair
                return [name, _hidden(held, secrets)]
            case _:
                pass
        return [hide(each, secrets) for each in value]
    if not isinstance(value, str):
        return value
    text = value
    for secret in sorted(secrets, key=len, reverse=True):  # one may be part of another
        text = text.replace(secret, HIDDEN)
    text = _ADDRESS.sub(rf"\1\2{HIDDEN}", text)
    text = _BEARER.sub(_behind, _LOOKS.sub(HIDDEN, text))
    return _TOLD.sub(rf"\1{HIDDEN}", text)


def _behind(found: re.Match[str]) -> str:
    scheme, *written = found.groups()
    before = f"{scheme} " if scheme else "".join(filter(None, written))
    return f"{before}{HIDDEN}"


def _hidden(value: Any, secrets: Collection[str]) -> Any:
    """What a field holds that is named as secrets are: all its texts are."""
    if _is_list(value):
        return [_hidden(each, secrets) for each in value]
    if _is_dict(value):
        return {hide(name, secrets): _hidden(value[name], secrets) for name in value}
    return HIDDEN if isinstance(value, str) and value else value


def difference(told: Any, here: Any, where: str = "") -> str | None:
    """Say where two JSON values differ first; None: nowhere."""
    if _is_dict(told) and _is_dict(here):
        parts = (
            (told.get(name, _NONE), here.get(name, _NONE), _place(where, name))
            for name in (*told, *here)
        )
    elif _is_list(told) and _is_list(here):
        pairs = zip_longest(told, here, fillvalue=_NONE)
        parts = ((*pair, f"{where}[{number}]") for number, pair in enumerate(pairs))
    elif told == here or (told != told and here != here):  # noqa: PLR0124 - are nan
        return None
    else:
        return f"{where or 'it'} was {told!r:.200}, and is {here!r:.200}"
    return next(filter(None, starmap(difference, parts)), None)


def _place(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


_NONE: Final = _Nothing()


def _is_dict(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_secret(name: str) -> bool:
    return _NAMES.search(_HUMP.sub("_", name).lower()) is not None


def _name(name: object) -> str:
    if not isinstance(name, str):
        msg = f"JSON has names of fields, got {name!r}"
        raise TypeError(msg)
    return name
