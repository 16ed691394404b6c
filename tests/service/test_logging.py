"""`configure_logging`: what a person reads, what a machine reads, and no surprise."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from actors import Actor, open_system
from supervision.service._process.logging import configure_logging, terminal
from supervision.service._terms.settings import LogFormat, Settings

logger = logging.getLogger("tests.bank")


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def set_up(
    log_format: LogFormat, level: str = "INFO", stream: io.StringIO | None = None
) -> io.StringIO:
    """Configure, and give the stream."""
    stream = io.StringIO() if stream is None else stream
    configure_logging(Settings(log_format=log_format, log_level=level), stream)
    return stream


def records_of(stream: io.StringIO) -> list[dict[str, Any]]:
    """The JSON of each line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail() -> None:
    """Raise."""
    raise ValueError("the purse is empty")


def test_json_has_an_object_a_line() -> None:
    """With the time in UTC, to the millisecond."""
    stream = set_up(LogFormat.JSON)

    logger.warning("hello %s", "é\n")

    (record,) = records_of(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("ts"))
    assert record == {
        "level": "WARNING",
        "logger": "tests.bank",
        "message": "hello é\n",
    }
    assert stream.getvalue().isascii()


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process is nine hours ahead of the world."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def test_json_is_in_the_time_zone_of_the_world(tokyo: None) -> None:
    """A record of the epoch."""
    del tokyo
    stream = set_up(LogFormat.JSON)
    record = logger.makeRecord("x", logging.INFO, "f.py", 1, "m", (), None)
    record.created = 0.9996

    logging.getLogger().handle(record)

    assert records_of(stream)[0]["ts"] == "1970-01-01T00:00:00.999Z"


def test_a_person_reads_the_time_of_the_place(tokyo: None) -> None:
    """The same record."""
    del tokyo
    stream = set_up(LogFormat.PLAIN)
    record = logger.makeRecord("x", logging.INFO, "f.py", 1, "m", (), None)
    record.created = 0.9996

    logging.getLogger().handle(record)

    assert stream.getvalue() == "1970-01-01 09:00:00.999 INFO x: m\n"


def test_every_extra_field_is_in_the_json() -> None:
    """What is no JSON is said in words; what has a name of ours keeps its own."""
    stream = set_up(LogFormat.JSON)

    logger.info(
        "m", extra={"restarts": 2, "child": Path("a"), "level": "mine", "set": {1}}
    )

    (record,) = records_of(stream)
    assert (record["restarts"], record["child"], record["set"]) == (2, "a", [1])
    assert (record["level"], record["extra.level"]) == ("INFO", "mine")


def test_an_exception_is_text_and_stack_in_the_json() -> None:
    """The stack as lines."""
    stream = set_up(LogFormat.JSON)

    try:
        fail()
    except ValueError:
        logger.exception("failed")

    (record,) = records_of(stream)
    assert record["error"] == "ValueError: the purse is empty"
    assert record["stack"][0] == "Traceback (most recent call last):"
    assert record["stack"][-1] == record["error"]


def test_a_stack_that_was_asked_for_is_in_the_log() -> None:
    """`stack_info=True`, in both."""
    for log_format in (LogFormat.JSON, LogFormat.PLAIN):
        stream = set_up(log_format)
        logger.info("here", stack_info=True)
        assert "test_a_stack_that_was_asked_for_is_in_the_log" in stream.getvalue()


def test_plain_has_a_line_each() -> None:
    """The time, the level, the logger, the message."""
    stream = set_up(LogFormat.PLAIN)

    logger.info("hello")

    line = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO tests\.bank: hello\n"
    assert re.fullmatch(line, stream.getvalue())


@pytest.mark.parametrize("log_format", [LogFormat.PLAIN, LogFormat.RICH])
def test_a_record_cannot_look_like_another(log_format: LogFormat) -> None:
    """More lines of one are indented, and nothing moves the cursor."""
    stream = set_up(log_format)

    logger.info("a\nERROR forged\r\x1b[2J[bold]x[/nosuch]")

    assert stream.getvalue().endswith(
        "tests.bank a\n    ERROR forged\\r\\x1b[2J[bold]x[/nosuch]\n".replace(
            "bank a", "bank: a" if log_format is LogFormat.PLAIN else "bank a"
        )
    )


@pytest.mark.parametrize("log_format", [LogFormat.PLAIN, LogFormat.RICH])
def test_long_lines_are_not_broken(log_format: LogFormat) -> None:
    """Who searches the log finds them whole."""
    stream = set_up(log_format)

    logger.info("word " * 100)

    assert "word " * 99 in stream.getvalue()


def test_a_terminal_gets_colours() -> None:
    """By default; and the words are the same without them."""
    stream = set_up(LogFormat.AUTO, stream=Screen())

    logger.error("hello")

    assert "\x1b[" in stream.getvalue()
    plain = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} ERROR    tests\.bank hello\n", plain)


def test_a_pipe_gets_json() -> None:
    """By default."""
    stream = set_up(LogFormat.AUTO)

    logger.error("hello")

    assert records_of(stream)[0]["message"] == "hello"


class Faulty(Actor[int]):
    """Crashes."""

    def receive(self, message: int) -> None:
        del message
        fail()


@pytest.mark.parametrize(
    "log_format", [LogFormat.RICH, LogFormat.PLAIN, LogFormat.JSON]
)
async def test_a_crash_is_shown_without_the_frames_of_the_framework(
    log_format: LogFormat,
) -> None:
    """The user's code is what the user can change."""
    stream = set_up(log_format)
    error: BaseException | None = None
    try:
        async with open_system() as system:
            system.start(Faulty).tell_nowait(1)
            await trio.sleep_forever()
    except ValueError as found:
        error = found

    logger.error("crashed", exc_info=error)

    text = stream.getvalue()
    assert "in fail" in text
    assert "in receive" in text
    assert "/actors/" not in text
    assert "/trio/" not in text


class Odd:
    """Cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __repr__


@pytest.mark.parametrize(
    "log_format", [LogFormat.RICH, LogFormat.PLAIN, LogFormat.JSON]
)
def test_no_odd_record_raises_or_is_lost(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever strangers put into it."""
    logging.getLogger().handlers.clear()  # pytest's own do raise
    stream = set_up(log_format)
    loop: dict[str, object] = {}
    loop["me"] = loop
    extra = {"odd": Odd(), "loop": loop, "markup": True, "highlighter": 3, "nan": 1e999}

    logger.info("first [/x] \ud800", extra=extra)
    logger.info("second %d", "no number")
    logger.info(Odd())
    logger.info("fourth %s", Odd(), exc_info=(None, None, None))
    logging.getLogger("odd\n\ud800").info("fifth")

    text = stream.getvalue()
    text.encode()
    for word in ("first", "second", "fourth", "fifth"):
        assert word in text
    assert "its repr() fails: RuntimeError" in text
    assert len([line for line in text.splitlines() if line[0] != " "]) == 5
    assert capsys.readouterr().err == ""


class Broken(io.StringIO):
    """A stream that is full."""

    def write(self, text: str) -> int:
        raise OSError(28, text)


@pytest.mark.parametrize(
    "log_format", [LogFormat.RICH, LogFormat.PLAIN, LogFormat.JSON]
)
def test_a_stream_that_takes_nothing_harms_nobody(
    log_format: LogFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is no reason for a crash."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    set_up(log_format, stream=Broken())

    logger.info("hello")


def test_less_than_the_level_is_not_written(root_logger: logging.Logger) -> None:
    """The level is the root logger's."""
    stream = set_up(LogFormat.PLAIN, level="WARNING")

    logger.info("quiet")
    logger.warning("loud")

    assert root_logger.level == logging.WARNING
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


def test_warnings_of_python_go_to_the_log() -> None:
    """As records of the logger `py.warnings`."""
    stream = set_up(LogFormat.JSON)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        configure_logging(Settings(log_format=LogFormat.JSON), stream)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)

    (record,) = records_of(stream)
    assert (record["level"], record["logger"]) == ("WARNING", "py.warnings")
    assert "DeprecationWarning: old" in record["message"]


def test_nothing_is_written_twice(root_logger: logging.Logger) -> None:
    """Neither after a second call, nor after the user's own `basicConfig`."""
    kept = logging.FileHandler("/dev/null")
    root_logger.addHandler(kept)
    root_logger.addHandler(logging.StreamHandler(sys.stderr))
    first = set_up(LogFormat.PLAIN)
    second = set_up(LogFormat.RICH)
    third = set_up(LogFormat.PLAIN)

    logger.info("hello")

    assert (first.getvalue(), second.getvalue()) == ("", "")
    assert third.getvalue().count("hello") == 1
    assert kept in root_logger.handlers
    assert not [
        each for each in root_logger.handlers if type(each) is logging.StreamHandler
    ]


def test_the_default_is_standard_error_as_it_is_now(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not as it was when the module was imported."""
    configure_logging(Settings())

    logger.info("hello")

    assert json.loads(capsys.readouterr().err)["message"] == "hello"


def test_without_a_standard_error_nothing_is_written(
    root_logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of a desktop has none."""
    before = list(root_logger.handlers)
    monkeypatch.setattr(sys, "stderr", None)

    configure_logging(Settings())
    logger.info("hello")

    assert root_logger.handlers == before
    assert terminal() is None


def test_a_line_can_be_written_over_on_a_terminal_in_colour_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else it would stand between the lines of the log."""
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()

    set_up(LogFormat.PLAIN, stream=screen)
    assert terminal(screen) is None
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = set_up(LogFormat.RICH)
    assert (terminal(screen), terminal(file)) == (None, None)
    set_up(LogFormat.RICH, stream=screen)
    assert terminal(screen).file.stream is screen
    monkeypatch.setenv("TERM", "dumb")
    assert terminal(screen) is None
