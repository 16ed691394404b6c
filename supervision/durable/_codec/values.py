"""`Values`: the codec of a session class.

The first two bytes of a body say in which way it was made, and the version of that way:
what is declared later does not change how it is read.

    P  by msgspec, of a type that reads the same without its type
    T  by msgspec; then the length and the name of its class, if its type is a class
    U  by a tagged walk (`plain`)
    O  an outcome
    J  JSON: a token

A typed body whose type is not declared any more can be read if its type was a class
that is known (`Session[Ask]` has become `Session[Ask | Note]`), or by an upcaster.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from actors import Session
from supervision._routing.tokens import to_json
from supervision.durable._words.encoding import Encoding
from supervision.durable._words.errors import CodecError

from .classes import Classes, name_of
from .columns import Unfaithful
from .declared import UNKNOWN, Declared
from .outcomes import Outcomes
from .plain import Plain, pack, unpack
from .protocol import Where, unreadable, why_not
from .typed import Typed, read_untyped, typed
from .versions import Upcaster, Versions, refuse_left_out

# Any in this file: values are anything

Body: TypeAlias = bytes | memoryview

_BUILTIN: Final = b"P\x01"
_TYPED: Final = b"T\x01"
_PLAIN: Final = b"U\x01"
_OUTCOME: Final = b"O\x01"
_JSON: Final = b"J\x01"
_NAME_AT_MOST: Final = 255
# asked for each body, and slow to look up in an enum
_AN_OUTCOME: Final = Where.OUTCOME
_A_TOKEN: Final = Where.TOKEN
_A_STATE: Final = Where.STATE


class Values:
    """Makes bytes of what a session class deals with, and values of bytes.

    A value of a declared type is written by msgspec if that brings it back exactly, all
    others by a tagged walk; what would not come back as it is is a TypeError.  Not for
    several threads at once.

    Args:
        session: the class: `Session[P, C, S]` says of which types they are.
        types: attrs classes, dataclasses, enums and named tuples that may be in values
            whose type is not declared.  Those in declared types are known, and those
            in the types of their fields.
        state: type of the state, in place of what the class says; None: as it says.
        upcasters: `{n: fn}`: builtin values of a state of version n to those of n + 1.
        entry_upcasters: the same for entries of a history.

    Raises:
        TypeError: something of this is not what it should be.
        ValueError: two classes have the same name, or a version is below 1.
    """

    def __init__(
        self,
        session: type[Session[Any, Any, Any]],
        *,
        types: Iterable[type[Any]] = (),
        state: Any = None,
        upcasters: Mapping[int, Upcaster] | None = None,
        entry_upcasters: Mapping[int, Upcaster] | None = None,
    ) -> None:
        said = Declared(session)
        declared = {
            Where.PROMPT: said.prompt,
            Where.CHUNK: said.chunk,
            Where.STATE: said.state if state is None else state,
            Where.ENTRY: said.entry,
        }
        self._versions = {
            Where.STATE: Versions(session, upcasters or {}),
            Where.ENTRY: Versions(session, entry_upcasters or {}, Where.ENTRY),
        }
        self.version: int = self._versions[Where.STATE].current
        """Of the states that it writes: `Session.state_version`."""
        self.entry_version: int = self._versions[Where.ENTRY].current
        """Of the entries that it writes: `Session.entry_version`."""
        self._classes = Classes(tuple(types), declared.values())
        self._plain = Plain(self._classes)
        self._outcomes = Outcomes(self._plain)
        self._typed = {
            where: each
            for where, it in declared.items()
            if it is not UNKNOWN and (each := typed(it)) is not None
        }
        self._heads = {
            where: _BUILTIN if each.builtin else _TYPED + _class_name(declared[where])
            for where, each in self._typed.items()
        }
        self._former: dict[str, Typed | None] = {}  # {name of a class: its bodies}

    # ------------------------------------------------------------------------ to bytes

    def takes_any(self, sample: Any, where: Where) -> bool:
        """Whether every value of this builtin type is taken, and comes back.

        Of a declared type with constraints, or with values by name: no.
        """
        by = self._typed.get(where)
        if by is not None and not by.plain:
            return False
        try:
            self.encode(sample, where)
        except TypeError:
            return False
        return True

    def encode(self, value: Any, where: Where) -> bytes:
        """Make bytes of a value.

        Raises:
            TypeError: it would not come back as it is, or is not of the declared type.
                Of outcomes only a `Completed` is refused, for its result or notes.
        """
        if where is _AN_OUTCOME:
            return _OUTCOME + pack(self._outcomes.tree(value))
        if where is _A_TOKEN:
            return token_to_bytes(value)
        try:
            by = self._typed.get(where)
            if by is not None:
                try:
                    return self._heads[where] + by.encode(value)
                except Unfaithful:
                    pass
            return _PLAIN + self._plain.encode(value)
        except TypeError as error:
            msg = f"{where.value} cannot be stored: {error}"
            raise TypeError(msg) from error

    def encode_reason(self, value: Any) -> bytes:
        """Make bytes of anything, for `decode(data, Where.ORIGIN)`: of its repr else.

        Never an error.
        """
        return _PLAIN + pack(self._outcomes.somehow(value))

    # ---------------------------------------------------------------------- from bytes

    def decode(self, data: bytes, where: Where, version: int | None = None) -> Any:
        """Make the value again.

        Args:
            data: what `encode` has made, perhaps in an older release.
            where: what it is.
            version: of a state or an entry; None: what it writes.

        Raises:
            CodecError: it cannot be; or it is a state with a field that its class has
                not, which would be lost.
        """
        try:
            versions = self._versions.get(where) if version is not None else None
            if versions is not None and version != versions.current:
                return self._former_value(data, where, versions, version or 0)
            return self._current_value(data, where)
        except CodecError:
            raise
        except Exception as error:  # noqa: BLE001 - the bytes may be anything
            found = unreadable(where.value, why_not(error), error)
            raise found from found.__cause__

    def _current_value(self, data: bytes, where: Where) -> Any:
        value = self._read(data, where)
        if where is _A_STATE:
            try:
                lost = next(self._left_out(data, value), None)
            except Exception:  # noqa: BLE001 - it was read, so nobody says it is lost
                lost = None
            if lost is not None:
                refuse_left_out(lost)
        return value

    def _read(self, data: bytes, where: Where) -> Any:
        way, body = data[:2], memoryview(data)[2:]
        if where is Where.OUTCOME or where is Where.TOKEN:
            if way != (_OUTCOME if where is Where.OUTCOME else _JSON):
                raise _strange(where, way)
            if where is Where.TOKEN:
                return json.loads(bytes(body))
            return self._outcomes.value(unpack(body))
        if way == _PLAIN:
            return self._plain.decode(body)
        by = self._typed.get(where)
        if way == _BUILTIN:
            return by.decode(body) if by is not None else read_untyped(body)
        if way != _TYPED:
            raise _strange(where, way)
        name, body = _named(body)
        by = by or self._by_name(name)
        if by is None:
            raise CodecError(
                where.value, "it was written with a type, and none is declared now"
            )
        return by.decode(body)

    def _left_out(self, data: bytes, value: Any) -> Iterator[str]:
        """Yield the fields of a state that are in its bytes, and not in the value."""
        way, body = data[:2], memoryview(data)[2:]
        if way == _PLAIN:
            tree = unpack(body)
            if isinstance(tree, list):
                yield from self._plain.left_out(tree)
        elif way == _TYPED:
            name, body = _named(body)
            by = self._typed.get(Where.STATE) or self._by_name(name)
            if by is not None:
                yield from by.left_out(body, value)

    def _by_name(self, name: str) -> Typed | None:
        if name not in self._former:
            self._former[name] = typed(self._classes.named(name).cls) if name else None
        return self._former[name]

    def _former_value(
        self, data: bytes, where: Where, versions: Versions, version: int
    ) -> Any:
        """Make a state, or an entry, that was written in another version."""
        versions.refuse_newer(version)
        way, body = data[:2], memoryview(data)[2:]
        by = self._typed.get(where)
        if way == _PLAIN:
            plain = self._plain.plain(unpack(body), named=by is None)
        elif way == _BUILTIN:
            plain = read_untyped(body)
        elif way == _TYPED:
            plain = read_untyped(_named(body)[1])
        else:
            raise _strange(where, way)
        plain = versions.bring(plain, version)
        return by.convert(plain) if by is not None else self._plain.revive(plain)


def codec_of(make: Any, how: Encoding) -> Values:
    """Make what writes and reads the values of these sessions.

    Raises:
        TypeError, ValueError: what the store was told, or the class's `initial_state`,
            does not fit what the class declares.
    """
    codec = Values(
        make,
        types=how.types,
        state=how.state,
        upcasters=how.upcasters,
        entry_upcasters=how.entry_upcasters,
    )
    base: Any = Session
    if make.initial_state is not None and make.new_state is base.new_state:
        try:  # else every turn that leaves it as it is would be Failed
            codec.encode(make.initial_state, _A_STATE)
        except TypeError as error:
            msg = f"{make.__name__}.initial_state is no state of it: {error}"
            raise TypeError(msg) from error
    return codec


def token_to_bytes(token: object) -> bytes:
    """Make bytes of a token, for `Where.TOKEN`; it has no type that could be declared.

    Raises:
        TypeError: it is not a JSON value.
    """
    return _JSON + to_json(token).encode()


def _class_name(declared: Any) -> bytes:
    """Length and name of the class that a type is; of other types: none."""
    name = name_of(declared).encode() if isinstance(declared, type) else b""
    if len(name) > _NAME_AT_MOST:
        name = b""
    return bytes([len(name)]) + name


def _named(body: memoryview) -> tuple[str, memoryview]:
    end = 1 + body[0]
    return str(body[1:end], "utf-8"), body[end:]


def _strange(where: Where, way: bytes) -> CodecError:
    if way[:1] in b"PTUOJ" and way[1:] > b"\x01":
        return CodecError(where.value, "a newer release has written it in its own way")
    return CodecError(where.value, "the bytes are none of ours")
