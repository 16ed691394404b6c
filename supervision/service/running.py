"""`serve` and `run`: a tree as a service, inside a Trio program or as a whole process.

`serve` is the service and nothing else; `run` adds what belongs to a process: the log,
signals, the service manager, what a person sees of the drain, the report and the exit
status.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVarTuple

import trio

from actors import Actor
from supervision._trees.errors import has_given_up, shown

from ._life.service import Beside, Service, ServiceState, logger
from ._process.blocked import watch_loop
from ._process.logging import configure_logging, flush_log, terminal
from ._process.notify import Notifier
from ._process.progress import DrainFacts, show_progress
from ._process.signals import hold_signals, watch_signals
from ._terms.exit_codes import SHELL, ExitCode
from ._terms.report import ServiceReport
from ._terms.settings import LogFormat, Settings, address_in, settings_for

Ts = TypeVarTuple("Ts")

OVERDUE: Final = 1.0
"""Seconds over the budget after which the process leaves, if code that cannot be
cancelled holds it."""
HANGING: Final = 3.0
"""The same, if that code does not even let Trio run."""
EXTENSION: Final = 30.0
"""Seconds that the service manager is asked for, again and again, while it starts."""
LAST_WORDS: Final = 2.0
"""Seconds for the log and the report of a process that leaves so."""


async def serve(
    make: Callable[[*Ts], Actor[Any]],
    *args: *Ts,
    settings: Settings | None = None,
    signals: bool = False,
    task_status: trio.TaskStatus[Service] = trio.TASK_STATUS_IGNORED,
) -> ServiceReport:
    """Run a tree as a service until it is asked to stop, and say how it went.

    `service = await nursery.start(serve, Tree)` gives the `Service` when its tree is
    ready, or has been asked to stop before; `service.stop("enough")` drains and stops
    it.  A tree that crashes leaves here as the original exception, when everything has
    been cleaned up; `service.report` is there then too.  Cancelled: the tree stops in
    order within the budget, without a drain.

    Args:
        make: the class of the actor on top, usually a `Supervisor`.
        args: for its constructor.
        settings: default `Settings()`.  Those about the log are `run`'s.
        signals: SIGTERM, Ctrl-C and SIGHUP stop it, as `run` says.  Default False; True
            in the main thread only.
        task_status: for `nursery.start`.

    Raises:
        SocketHeldError, SocketPathError: the control socket cannot be where the
            settings say (from `supervision.control`).
        ImportError: a control socket is wanted, and its extra is not installed.
        RuntimeError: signals wanted outside the main thread.
    """
    service = Service(make, args, settings_for(make, args, settings))
    report = await _live(
        service, lambda: task_status.started(service), signals=signals, beside=()
    )
    if report.crash is not None:
        raise report.crash
    return report


def run(
    make: Callable[[*Ts], Actor[Any]], *args: *Ts, settings: Settings | None = None
) -> int:
    """Run a tree as this process, from the log's set-up to the exit status it returns.

    The first SIGTERM, Ctrl-C or SIGHUP (a closed terminal; unless it is ignored, as
    under `nohup`) drains and stops it within the budget, the second stops it at once,
    the third ends the process on the spot; SIGHUP is never counted as second or third.
    One that comes before there is a tree is heard as soon as there is one.
    So does the end of the budget:
    code that is deaf to cancellation holds the process for a second more, code that
    does not let the event loop run for three, then it leaves with `ExitCode.LATE`,
    after the report if it can.  `Notifier` tells systemd when
    it is ready and stops, and feeds its watchdog.  The final report goes to the log, or
    as a table to the terminal; to `Settings.report` as JSON too.

    Returns:
        An `ExitCode`; or 128 and the number of the second signal.

    Example:
        >>> sys.exit(run(Tree, settings=Settings(socket=Path("tree.sock"))))
    """
    chosen = settings_for(make, args, settings)
    with hold_signals():
        return _as_process(make, args, chosen)


def _as_process(
    make: Callable[..., Actor[Any]], args: tuple[Any, ...], settings: Settings
) -> int:
    configure_logging(settings)
    if settings.report is not None and (wrong := _wrong_file(settings.report)):
        logger.critical("cannot start: the report cannot be written: %s", wrong)
        return ExitCode.USAGE
    try:
        report = trio.run(_run, make, args, settings)
    except (OSError, ImportError) as error:
        bound = settings.socket is not None or settings.metrics is not None
        logger.critical("cannot start: %s", error)
        held = bound and isinstance(error, OSError)
        return ExitCode.SOCKET if held else ExitCode.USAGE
    return report.exit_code


async def _run(
    make: Callable[..., Actor[Any]], args: tuple[Any, ...], settings: Settings
) -> ServiceReport:
    service = Service(make, args, settings)
    notifier = Notifier.from_environment()

    async def manager(service: Service) -> None:
        """Tell the service manager how things are."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(notifier.watchdog)
            while service.state is ServiceState.STARTING:
                notifier.extend(EXTENSION)
                with trio.move_on_after(EXTENSION / 3):
                    await service.wait_for(ServiceState.READY)
            if service.why is None:
                notifier.ready()
                notifier.status("ready")
            await service.wait_for(ServiceState.DRAINING)
            notifier.stopping()
            notifier.extend(service.left or 0.0)
            notifier.status(f"{service.why}: draining")

    async def progress(service: Service) -> None:
        """Show how the drain goes."""
        await service.wait_for(ServiceState.DRAINING)
        await show_progress(lambda: _facts(service))

    # started by the first signal, also if Trio does not get to hear of it
    hanging = threading.Timer(settings.budget + HANGING, _exit_hanging)
    hanging.daemon = True

    async def last_resort(service: Service) -> None:
        """Keep the promise of the budget, whatever the tree's code does."""
        await service.wait_for(ServiceState.DRAINING)
        await trio.sleep((service.left or 0.0) + OVERDUE)

        def last_words() -> None:
            text = "code that cannot be cancelled holds the process: leaving"
            logger.critical(text)
            _publish(service.account_now(), settings)

        _leave(last_words)

    def finish(report: ServiceReport) -> None:
        """Say how it went, while signals are still heard."""
        if report.crash is not None:
            path = f"/{service.name}"
            told = has_given_up(path, report.crash)  # with the traceback of its cause
            crash = None if told else report.crash
            logger.critical("the tree crashed: %s", shown(report.crash), exc_info=crash)
        _publish(report, settings)
        flush_log()

    try:
        with watch_loop(settings.blocked_after):
            report = await _live(
                service,
                lambda: None,
                signals=True,
                at_once=hanging.start,
                beside=(manager, progress, last_resort),
                finish=finish,
            )
    finally:
        hanging.cancel()
    return report


async def _live(
    service: Service,
    ready: Callable[[], object],
    *,
    signals: bool,
    beside: tuple[Beside, ...],
    at_once: Callable[[], object] = lambda: None,
    finish: Callable[[ServiceReport], object] | None = None,
) -> ServiceReport:
    with ExitStack() as stack:
        if signals:  # first: the rooms of the others take long to load
            last = finish is not None
            heard = watch_signals(*_on_signals(service), at_once, last=last)
            stack.enter_context(heard)
        if service.settings.socket is not None:
            beside = (*beside, _control(service.settings.socket, stack))
        if service.settings.metrics is not None:
            beside = (*beside, _metrics(service.settings.metrics, stack))
        report = await service.live(beside, ready)
        if finish is not None:
            finish(report)
        return report


def _control(path: Path, stack: ExitStack) -> Beside:
    """The control socket; its room is loaded only now, as its extra may be missing."""
    room: Any = importlib.import_module("supervision.control")  # Any: loaded by name
    bound = stack.enter_context(room.bind_socket(path))

    async def control(service: Service) -> None:
        await room.serve_control(service.view, bound)

    return control


def _metrics(where: str, stack: ExitStack) -> Beside:
    """Numbers over TCP; the same room."""
    room: Any = importlib.import_module("supervision.control")  # Any: loaded by name
    host, port = address_in(where)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=64)
    except OSError as error:
        why = error.strerror or str(error)
        msg = f"metrics cannot be served at {where}: {why}"
        raise OSError(error.errno, msg) from error
    listening.setblocking(False)  # noqa: FBT003 - its name
    stack.callback(listening.close)

    async def metrics(service: Service) -> None:
        number = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        text = "metrics are at http://%s:%d/metrics"
        logger.info(text, shown, number, extra={"port": number})
        await room.serve_metrics(service.view, listening)

    return metrics


def _on_signals(
    service: Service,
) -> tuple[Callable[[signal.Signals], None], Callable[[signal.Signals], None]]:
    def first(number: signal.Signals) -> None:
        service.stop(number.name)

    def second(number: signal.Signals) -> None:
        service.stop_now(number.name, exit_code=SHELL + number)

    return first, second


def _exit_hanging() -> None:
    """Trio's loop does not turn: nothing can be said but this; in a thread."""
    text = "code that does not return holds the event loop: leaving"
    _leave(partial(logger.critical, text))


def _leave(last_words: Callable[[], object]) -> None:
    """End the process; its last words are said meanwhile, as far as they get.

    Whoever is stuck may hold a lock that they need.
    """
    end = partial(os._exit, ExitCode.LATE)
    surely = threading.Timer(LAST_WORDS, end)
    surely.daemon = True
    try:
        surely.start()
        last_words()
        flush_log()
    finally:
        end()


def _facts(service: Service) -> DrainFacts:
    turns, waiting = service.running
    return DrainFacts(
        turns=turns,
        waiting=waiting,
        actors=service.system.statistics().actors,
        left=service.left or 0.0,
        state=service.state.value,
    )


def _publish(report: ServiceReport, settings: Settings) -> None:
    """Say how it went, where a person or a machine will look."""
    if settings.report is not None:
        text = json.dumps(report.as_json(), indent=2) + "\n"
        try:
            settings.report.write_text(text, encoding="utf-8")
        except OSError as error:
            logger.error("the report cannot be written: %s", error)
    console = terminal() if settings.log_format in _DRAWN else None
    if console is not None:
        console.print(report)
        return
    # a process without a standard error has None in its place
    seen = sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
    if settings.log_format is LogFormat.PLAIN or seen:
        for line in report.lines():
            logger.info("%s", line)
        return
    logger.info("final report", extra={"report": report.as_json()})


def _wrong_file(path: Path) -> str | None:
    if path.is_dir():
        return f"{path} is a folder: name a file"
    if not path.absolute().parent.is_dir():
        return f"there is no folder {path.absolute().parent}"
    return None


_DRAWN = (LogFormat.AUTO, LogFormat.RICH)
