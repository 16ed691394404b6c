"""`Tape`: what a real model has answered, in a file, and a model that says it again."""

from __future__ import annotations

import json
import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
)
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import trio

from actors.hosting import Whole, is_plain

from .calls import CallEnd, is_cancelled
from .plain import difference, hide, plain
from .scripted import ScriptedModel
from .words import Answer, Hold, Model, ScriptError, Wait

Q = TypeVar("Q")
P = TypeVar("P")


class RecordedError(Whole, Exception):
    """What a real model had raised when its answer was recorded.

    The act of that model's service; raised where the tape is played, as it was then.
    What your session does with it is what is to be tested.

    Args:
        kind: the class of that error, with its module.
        text: what it said.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind, text)
        self.kind = kind
        """The class of that error, such as `openai.RateLimitError`."""
        self.text = text
        """What it said, without keys."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class Tape(Generic[Q, P]):
    """Answers of a real model in a file: one line of JSON for each call.

    Record once, with a key and a network; play it in every test.  Lines are written
    when an answer ends, so the file is in the order of the ends.  It goes into your
    repository: look at it first.  Keys are not in it, if they look like keys, stand in
    a field that is named so or behind such a name in a text, or are given as `secrets`;
    one that is cut into two pieces of an answer is not seen.

    Args:
        path: the file; its folders are made.
        dump: is given each request and each piece, and makes of it what JSON has;
            builtin values, enums, attrs classes, dataclasses and pydantic's models may
            be in that as they are.  Default: nothing is made of it.
        load: makes a piece of its JSON; by default it is the JSON.
        secrets: texts that must not be in the file.

    Raises:
        TypeError: `dump` or `load` is no function, or async; `secrets` are no texts.

    Example:
        >>> tape = Tape("tests/greeting.jsonl")
        >>> model = tape.play() if tape.path.exists() else tape.record(real_model)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        dump: Callable[[Any], Any] | None = None,
        load: Callable[[Any], P] | None = None,
        secrets: Collection[str] = (),
    ) -> None:
        for name, function in (("dump", dump), ("load", load)):
            if function is not None and not is_plain(function):
                msg = f"{name} must be a function that is not async, got {function!r}"
                raise TypeError(msg)
        self.path = Path(path)
        """The file."""
        self._dump = dump
        self._load = load
        self._secrets = _texts(secrets)

    def record(self, model: Model[Q, P]) -> Model[Q, P]:
        """Give a model that asks this one, and writes down what is asked and answered.

        Raises:
            TypeError: it has no method `stream`.
            FileExistsError: the file is there; delete it to record anew.
            IsADirectoryError: it is a folder.
        """
        if not callable(getattr(model, "stream", None)):
            msg = f"a model has a method `stream`, got {model!r:.200}"
            raise TypeError(msg)
        if self.path.is_dir():
            msg = f"a Tape is a file, and {self.path} is a folder"
            raise IsADirectoryError(msg)
        if self.path.exists():
            msg = f"{self.path} is there: play it, or delete it to record anew"
            raise FileExistsError(msg)
        return _Recorder(model, self)

    def play(self, *, pace: float = 0.0) -> ScriptedModel[Q, P]:
        """Give a model that answers each request as it was answered.

        The same request gets its answers in the order in which they were recorded; one
        that differs from all that are left is a `ScriptError`, which says where it
        differs from the first of them.  An answer that was not read to its end has none
        here either: who reads on gets a `ScriptError`.

        Args:
            pace: how slowly: 1 as it came, on Trio's clock; 0, the default, at once.

        Raises:
            FileNotFoundError: nothing was recorded.
            TypeError, ValueError: `pace` is not a number of at least 0.
            ValueError: the file is no tape; it says the line.
        """
        _check_pace(pace)
        lines = self.path.read_bytes().split(b"\n")  # not where a text has its lines
        answers: list[Answer[P]] = []
        for number, line in enumerate(lines, start=1):
            if not line and number == len(lines):
                break
            try:
                answers.append(self._answer(json.loads(line), pace))
            except (KeyError, TypeError, ValueError, RecursionError) as error:
                msg = f"{self.path}, line {number}: no recorded answer: {error!r}"
                raise ValueError(msg) from error
        return ScriptedModel(answers, in_order=False)

    def _answer(self, line: dict[str, Any], pace: float) -> Answer[P]:
        load: Callable[[Any], Any] = self._load or _as_it_is
        steps: list[P | Wait | Hold | Exception] = []
        for step in line["answer"]:
            if pace:
                steps.append(Wait(step["after"] * pace))
            steps.append(load(step["piece"]))
        if CallEnd[line["end"]] is CallEnd.FAILED:
            steps.append(RecordedError(*line["error"]))
        elif CallEnd[line["end"]] is not CallEnd.WHOLE:
            msg = f"the recording ends here: {CallEnd[line['end']].value}"
            steps.append(ScriptError(msg))
        return Answer(*steps, to=_Asked(line["request"], self))

    def _plain(self, value: object) -> Any:
        """Give it as it comes back from the file."""
        made = value if self._dump is None else self._dump(value)
        return hide(json.loads(json.dumps(plain(made))), self._secrets)

    def _write(self, line: dict[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            # half of a pair of surrogates has no UTF-8: JSON has an escape for it
            file.write(text.encode("utf-8", "backslashreplace"))


class _Asked:
    """Tells whether a request is the one that was recorded."""

    def __init__(self, recorded: Any, tape: Tape[Any, Any]) -> None:
        self._recorded = recorded
        self._tape = tape
        self._differs: str | None = None  # from the latest that was not it

    def __call__(self, request: object) -> bool:
        self._differs = difference(self._recorded, self._tape._plain(request))
        return self._differs is None

    def __repr__(self) -> str:
        return self._differs or f"{self._recorded!r:.200}"


class _Recorder(Generic[Q, P]):
    """A real model whose answers are written down."""

    def __init__(self, model: Model[Q, P], tape: Tape[Q, P]) -> None:
        self._model = model
        self._tape = tape

    @asynccontextmanager
    async def stream(self, request: Q, /) -> AsyncGenerator[AsyncIterator[P]]:
        """Ask the real one."""
        steps: list[dict[str, Any]] = []
        line = {"request": self._tape._plain(request), "answer": steps, "end": "LEFT"}
        heard = _Heard[P](self._tape, line)
        try:
            async with self._model.stream(request) as pieces:
                heard.pieces = pieces
                yield heard
        except BaseException as error:
            if heard.pieces is None or is_cancelled(error):  # else it is the reader's
                heard.ends_with(error)
            raise
        finally:
            self._tape._write(line)


class _Heard(Generic[P]):
    """Hands pieces on, and writes them down."""

    pieces: AsyncIterator[P] | None = None

    def __init__(self, tape: Tape[Any, P], line: dict[str, Any]) -> None:
        self._tape = tape
        self._line = line
        self._since = trio.current_time()

    def __aiter__(self) -> AsyncIterator[P]:
        return self

    async def __anext__(self) -> P:
        assert self.pieces is not None
        try:
            piece = await anext(self.pieces)
        except StopAsyncIteration:
            self._line["end"] = CallEnd.WHOLE.name
            raise
        except BaseException as error:
            self.ends_with(error)
            raise
        now = trio.current_time()
        after, self._since = round(now - self._since, 6), now
        step = {"after": after, "piece": self._tape._plain(piece)}
        self._line["answer"].append(step)
        return piece

    def ends_with(self, error: BaseException) -> None:
        """The answer ended so, if it has not ended before."""
        if self._line["end"] != CallEnd.LEFT.name:
            return
        if is_cancelled(error):
            self._line["end"] = CallEnd.CANCELLED.name
        elif isinstance(error, Exception):
            kind = f"{type(error).__module__}.{type(error).__qualname__}"
            self._line["end"] = CallEnd.FAILED.name
            self._line["error"] = [kind, hide(str(error), self._tape._secrets)]


def _check_pace(pace: object) -> None:
    if isinstance(pace, bool) or not isinstance(pace, int | float):
        msg = f"pace must be a number, got {pace!r:.200}"
        raise TypeError(msg)
    if not 0 <= pace <= sys.float_info.max:
        msg = f"pace must be at least 0 and finite, got {pace!r:.200}"
        raise ValueError(msg)


def _texts(secrets: Collection[str]) -> tuple[str, ...]:
    given: object = secrets
    if isinstance(given, str) or not isinstance(given, Iterable):
        msg = f"secrets are texts, such as [key], got {secrets!r:.40}"
        raise TypeError(msg)
    texts = tuple(secrets)
    for text in cast("tuple[object, ...]", texts):
        if not isinstance(text, str) or not text:
            msg = f"secrets are texts, none of them empty, got {text!r}"
            raise TypeError(msg)
    return texts


def _as_it_is(piece: Any) -> Any:
    return piece
