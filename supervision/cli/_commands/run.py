"""`actors run module:Tree`: loads the tree, settles where its socket is, and runs it.

Everything else is `supervision.service.run`, which this process becomes.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
from pathlib import Path

from supervision.client.connection import HAS_SOCKETS
from supervision.client.directory import (
    CommandError,
    default_socket,
    make_directory,
    runtime_directory,
)
from supervision.service import (
    LogFormat,
    Settings,
    Tree,
    TreeError,
    configure_logging,
    load_tree,
    run,
)

from .early import heard_early

logger = logging.getLogger("supervision.cli")


def run_tree(arguments: argparse.Namespace) -> int:
    """Run a tree as this process; returns its exit status."""
    try:
        with heard_early() as heard:
            tree = load_tree(arguments.tree)
            settings = _begin(arguments, tree)
    except TreeError as error:
        if error.details:
            sys.stderr.write(error.details + "\n")
        raise CommandError(str(error)) from error
    if heard.number is not None:
        configure_logging(Settings(log_format=LogFormat(arguments.log_format)))
        return heard.told()
    return int(run(tree.make, *tree.args, settings=settings))


def _begin(arguments: argparse.Namespace, tree: Tree) -> Settings:
    """Read the options, and set the log up as they say."""
    settings = _settings(arguments, tree)
    for name, level in arguments.log_level:
        if name:
            logging.getLogger(name).setLevel(level)
    if settings.socket is not None:
        configure_logging(settings)
        logger.info("the control socket is %s", settings.socket)
    elif arguments.socket is None:
        configure_logging(settings)
        text = "there is no control socket, so 'actors top' cannot look: %s"
        logger.warning(text, _missing())
    return settings


def _settings(arguments: argparse.Namespace, tree: Tree) -> Settings:
    """Read the options."""
    name = arguments.name or tree.name
    levels = [level for logger_name, level in arguments.log_level if not logger_name]
    try:
        return Settings(
            name=name,
            budget=arguments.budget,
            socket=_socket(arguments.socket, name),
            metrics=arguments.metrics,
            log_format=LogFormat(arguments.log_format),
            log_level=levels[-1] if levels else Settings().log_level,
            report=arguments.report,
            tuned_gc=arguments.tuned_gc,
        )
    except ValueError as error:
        raise CommandError(str(error)) from error


def _socket(asked: str | None, name: str) -> Path | None:
    """Settle where the control socket is; None: nowhere."""
    if asked == "none":
        return None
    missing = _missing()
    if asked is not None:
        if missing is not None:
            raise CommandError(f"--socket: {missing}")
        return Path(asked).absolute()
    if missing is not None:
        return None
    directory = runtime_directory()
    make_directory(directory)
    return default_socket(name, directory)


def _missing() -> str | None:
    """What a control socket needs and has not; None: nothing."""
    if not HAS_SOCKETS:  # pragma: no cover - on Windows
        return "this system has no Unix sockets"
    if not all(importlib.util.find_spec(each) for each in _EXTRA):
        return _MISSING
    return None


_EXTRA = ("starlette", "hypercorn")
_MISSING = "it needs the extra 'control': pip install 'trio-actors[control]'"
