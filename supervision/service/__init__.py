"""A supervised tree run as a process: readiness, drain, signals, the log, the report.

General layout, from the bottom up; a room imports only rooms above it in this list:

    _exit_codes _settings       how it ends; how it is run
    _report                     how it went
    _collector _drain           the garbage collector's ways; routers that finish
    _service                    the tree, from its start to its end
    _logging _notify _progress _signals         what belongs to a process
    _loading                    `module:Tree`
    _running                    `serve` and `run`

It stands on supervisors and routers, on `supervision._view` (what it gives to be looked
at) and on the control socket, which shows that view and knows no service; that is
loaded only if one is wanted.  Nothing is drawn here but the log, the line of the drain
and the report.
"""

from supervision._view.errors import AmbiguousKeyError as AmbiguousKeyError
from supervision._view.errors import BadQueryError as BadQueryError
from supervision._view.errors import CannotError as CannotError
from supervision._view.errors import NotReadyError as NotReadyError
from supervision._view.errors import UnknownPathError as UnknownPathError
from supervision._view.errors import UnknownSessionError as UnknownSessionError
from supervision._view.errors import ViewError as ViewError
from supervision._view.shapes import ActorDetailShape as ActorDetailShape
from supervision._view.shapes import ActorShape as ActorShape
from supervision._view.shapes import ErrorShape as ErrorShape
from supervision._view.shapes import ProcessShape as ProcessShape
from supervision._view.shapes import RestartShape as RestartShape
from supervision._view.shapes import ResultShape as ResultShape
from supervision._view.shapes import RouterShape as RouterShape
from supervision._view.shapes import ServiceShape as ServiceShape
from supervision._view.shapes import SessionShape as SessionShape
from supervision._view.shapes import SessionsShape as SessionsShape
from supervision._view.shapes import StatisticsShape as StatisticsShape
from supervision._view.shapes import SupervisedShape as SupervisedShape
from supervision._view.shapes import SystemShape as SystemShape
from supervision._view.shapes import TopShape as TopShape
from supervision._view.view import View as View
from supervision._words.traceback import user_traceback as user_traceback

from ._exit_codes import ExitCode as ExitCode
from ._loading import Tree as Tree
from ._loading import TreeError as TreeError
from ._loading import load_tree as load_tree
from ._logging import configure_logging as configure_logging
from ._notify import Notifier as Notifier
from ._report import LostPrompt as LostPrompt
from ._report import RouterReport as RouterReport
from ._report import ServiceReport as ServiceReport
from ._running import run as run
from ._running import serve as serve
from ._service import Service as Service
from ._service import ServiceState as ServiceState
from ._settings import LogFormat as LogFormat
from ._settings import Settings as Settings

__all__ = [
    "ActorDetailShape",
    "ActorShape",
    "AmbiguousKeyError",
    "BadQueryError",
    "CannotError",
    "ErrorShape",
    "ExitCode",
    "LogFormat",
    "LostPrompt",
    "NotReadyError",
    "Notifier",
    "ProcessShape",
    "RestartShape",
    "ResultShape",
    "RouterReport",
    "RouterShape",
    "Service",
    "ServiceReport",
    "ServiceShape",
    "ServiceState",
    "SessionShape",
    "SessionsShape",
    "Settings",
    "StatisticsShape",
    "SupervisedShape",
    "SystemShape",
    "TopShape",
    "Tree",
    "TreeError",
    "UnknownPathError",
    "UnknownSessionError",
    "View",
    "ViewError",
    "configure_logging",
    "load_tree",
    "run",
    "serve",
    "user_traceback",
]
