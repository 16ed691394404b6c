"""A supervised tree run as a process: readiness, drain, signals, the log, the report.

May know supervisors, routers, `supervision._view` (what it gives to be looked at), and
the control socket, which is loaded only if one is wanted; must not know who asks, or
what is drawn of the answers.  Nothing is drawn here but the log, the line of the drain
and the report.  In reading order:

    _terms/         how it is run, and how it has ended: values
    _life/          the tree, from its start to its end
    _process/       what belongs to a process: the log, signals, the service manager
    whole           a process that is looked into from outside
    loading         `module:Tree`
    running         `serve` and `run`, which put all of it together
"""

from supervision._view.errors import AmbiguousKeyError as AmbiguousKeyError
from supervision._view.errors import BadQueryError as BadQueryError
from supervision._view.errors import CannotError as CannotError
from supervision._view.errors import OtherNodeError as OtherNodeError
from supervision._view.errors import UnknownPathError as UnknownPathError
from supervision._view.errors import UnknownSessionError as UnknownSessionError
from supervision._view.errors import ViewError as ViewError
from supervision._view.limits import AllLimitsShape as AllLimitsShape
from supervision._view.limits import LimitsShape as LimitsShape
from supervision._view.shapes import ActorDetailShape as ActorDetailShape
from supervision._view.shapes import ActorShape as ActorShape
from supervision._view.shapes import ErrorShape as ErrorShape
from supervision._view.shapes import FrameShape as FrameShape
from supervision._view.shapes import ProcessShape as ProcessShape
from supervision._view.shapes import PromptShape as PromptShape
from supervision._view.shapes import RestartShape as RestartShape
from supervision._view.shapes import ResultShape as ResultShape
from supervision._view.shapes import RouterShape as RouterShape
from supervision._view.shapes import ServiceShape as ServiceShape
from supervision._view.shapes import SessionShape as SessionShape
from supervision._view.shapes import SessionsShape as SessionsShape
from supervision._view.shapes import StackShape as StackShape
from supervision._view.shapes import StatisticsShape as StatisticsShape
from supervision._view.shapes import StoreShape as StoreShape
from supervision._view.shapes import SupervisedShape as SupervisedShape
from supervision._view.shapes import SystemShape as SystemShape
from supervision._view.shapes import TaskShape as TaskShape
from supervision._view.shapes import ToolShape as ToolShape
from supervision._view.shapes import TopShape as TopShape
from supervision._view.shapes import TurnShape as TurnShape
from supervision._view.view import View as View
from supervision._words.traceback import user_traceback as user_traceback

from ._life.service import Service as Service
from ._life.service import ServiceState as ServiceState
from ._process.logging import configure_logging as configure_logging
from ._process.logging import flush_log as flush_log
from ._process.notify import Notifier as Notifier
from ._terms.exit_codes import ExitCode as ExitCode
from ._terms.report import LostPrompt as LostPrompt
from ._terms.report import RouterReport as RouterReport
from ._terms.report import ServiceReport as ServiceReport
from ._terms.settings import LogFormat as LogFormat
from ._terms.settings import Settings as Settings
from .loading import Tree as Tree
from .loading import TreeError as TreeError
from .loading import load_tree as load_tree
from .running import run as run
from .running import serve as serve

__all__ = [
    "ActorDetailShape",
    "ActorShape",
    "AllLimitsShape",
    "AmbiguousKeyError",
    "BadQueryError",
    "CannotError",
    "ErrorShape",
    "ExitCode",
    "FrameShape",
    "LimitsShape",
    "LogFormat",
    "LostPrompt",
    "Notifier",
    "OtherNodeError",
    "ProcessShape",
    "PromptShape",
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
    "StackShape",
    "StatisticsShape",
    "StoreShape",
    "SupervisedShape",
    "SystemShape",
    "TaskShape",
    "ToolShape",
    "TopShape",
    "Tree",
    "TreeError",
    "TurnShape",
    "UnknownPathError",
    "UnknownSessionError",
    "View",
    "ViewError",
    "configure_logging",
    "flush_log",
    "load_tree",
    "run",
    "serve",
    "user_traceback",
]
