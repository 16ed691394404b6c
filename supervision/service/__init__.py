"""A supervised tree run as a process: readiness, drain, signals, the log, the report.

General layout, from the bottom up; a room imports only rooms above it in this list:

    _exit_codes _settings       how it ends; how it is run
    _shapes _view_errors        what it shows, as JSON, and why it does not
    _text _traceback _plain     words for a person, errors without our frames, JSON
    _report                     how it went
    _process                    what the process takes of the machine
    _actors_view _sessions_view _detail _looking    everything there is to see
    _view                       and to do
    _collector _drain           the garbage collector's ways; routers that finish
    _service                    the tree, from its start to its end
    _logging _notify _progress _signals         what belongs to a process
    _loading                    `module:Tree`
    _running                    `serve` and `run`

It stands on `supervision`'s supervisors and routers; the control socket
(`supervision.control`) stands on it and is loaded only if one is wanted.  Nothing is
drawn here but the log, the line of the drain and the report.
"""

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
from ._shapes import ActorDetailShape as ActorDetailShape
from ._shapes import ActorShape as ActorShape
from ._shapes import ErrorShape as ErrorShape
from ._shapes import ProcessShape as ProcessShape
from ._shapes import RestartShape as RestartShape
from ._shapes import ResultShape as ResultShape
from ._shapes import RouterShape as RouterShape
from ._shapes import ServiceShape as ServiceShape
from ._shapes import SessionShape as SessionShape
from ._shapes import SessionsShape as SessionsShape
from ._shapes import StatisticsShape as StatisticsShape
from ._shapes import SupervisedShape as SupervisedShape
from ._shapes import SystemShape as SystemShape
from ._shapes import TopShape as TopShape
from ._traceback import user_traceback as user_traceback
from ._view import View as View
from ._view_errors import AmbiguousKeyError as AmbiguousKeyError
from ._view_errors import BadQueryError as BadQueryError
from ._view_errors import CannotError as CannotError
from ._view_errors import NotReadyError as NotReadyError
from ._view_errors import UnknownPathError as UnknownPathError
from ._view_errors import UnknownSessionError as UnknownSessionError
from ._view_errors import ViewError as ViewError

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
