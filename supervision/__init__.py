"""Many actors: who restarts whom, who stops whom, and in which order.

General layout, from the bottom up; a room imports only rooms above it in this list:

    _policies               the words: Restart, Strategy, RestartLimit, Backoff ...
    _errors                 how asking fails, and how a supervisor does
    _spec _requests         what is declared; what a supervisor can be asked
    _ledger _child _group   the machine's books: restarts, children, what is in order
    _rules _machine         what a static supervisor decides, pure
    _journal                what is said in the log
    _shell _supervisor      Supervisor: an actor around the machine
    _dynamic_machine _dynamic   the same for many children of one kind
    _partition              PartitionSupervisor: one kind, a share of the keys for each
    _slots _idle            the router's lines, pure: who may run a turn, who goes first
    _tokens _shared         what sessions leave behind; what they share
    _limits                 the router's words
    _router_core _router_turns _router_places _router_ends _router_entry
    _router_waiting _router_verbs _router   the actor that owns sessions, in layers
    _turn_stream _router_sending _router_ref    what users hold of it
    _census                 which routers a system has, and what they have counted
    service                 a tree run as a process
    control cli             its control socket, and the commands that talk to it
    demo acp                a service to try, with real traffic; agents of others

It stands on `actors`; `actors` never imports it, because an actor does not know that it
is supervised.
"""

import logging as _logging

from ._dynamic import DynamicSupervisor as DynamicSupervisor
from ._errors import ChildAlreadyPresentError as ChildAlreadyPresentError
from ._errors import ChildAlreadyStartedError as ChildAlreadyStartedError
from ._errors import ChildNotRunningError as ChildNotRunningError
from ._errors import ChildRestartingError as ChildRestartingError
from ._errors import ChildRunningError as ChildRunningError
from ._errors import ChildStartError as ChildStartError
from ._errors import ChildStateError as ChildStateError
from ._errors import CombinationError as CombinationError
from ._errors import DuplicateChildError as DuplicateChildError
from ._errors import MaxChildrenError as MaxChildrenError
from ._errors import RestartLimitError as RestartLimitError
from ._errors import SpecError as SpecError
from ._errors import SupervisionError as SupervisionError
from ._errors import UnknownChildError as UnknownChildError
from ._errors import UnsupportedError as UnsupportedError
from ._limits import DrainReport as DrainReport
from ._limits import Limits as Limits
from ._limits import RouterStatistics as RouterStatistics
from ._limits import SessionInfo as SessionInfo
from ._limits import VerbResult as VerbResult
from ._partition import Partitions as Partitions
from ._partition import PartitionSupervisor as PartitionSupervisor
from ._partition import find_partitions as find_partitions
from ._partition import resize_partitions as resize_partitions
from ._policies import AutoShutdown as AutoShutdown
from ._policies import Backoff as Backoff
from ._policies import ChildState as ChildState
from ._policies import Restart as Restart
from ._policies import RestartLimit as RestartLimit
from ._policies import RestartRecord as RestartRecord
from ._policies import Strategy as Strategy
from ._requests import AdminRequest as AdminRequest
from ._requests import ChildCounts as ChildCounts
from ._requests import ChildInfo as ChildInfo
from ._requests import CountChildren as CountChildren
from ._requests import DeleteChild as DeleteChild
from ._requests import DescribeChild as DescribeChild
from ._requests import GetSpec as GetSpec
from ._requests import ListChildren as ListChildren
from ._requests import RestartChild as RestartChild
from ._requests import StartChild as StartChild
from ._requests import StartedChild as StartedChild
from ._requests import StartInstance as StartInstance
from ._requests import StopChild as StopChild
from ._requests import count_children as count_children
from ._requests import delete_child as delete_child
from ._requests import describe_child as describe_child
from ._requests import find_child as find_child
from ._requests import get_spec as get_spec
from ._requests import list_children as list_children
from ._requests import restart_child as restart_child
from ._requests import start_child as start_child
from ._requests import stop_child as stop_child
from ._router import Router as Router
from ._router_ref import RouterRef as RouterRef
from ._router_ref import router_ref as router_ref
from ._router_ref import start_router as start_router
from ._shared import Shared as Shared
from ._spec import ChildSpec as ChildSpec
from ._spec import check_specs as check_specs
from ._supervisor import Supervisor as Supervisor
from ._tokens import FileTokens as FileTokens
from ._tokens import MemoryTokens as MemoryTokens
from ._tokens import Tokens as Tokens
from ._tokens import TokensFileError as TokensFileError
from ._turn_stream import TurnStream as TurnStream
from .service import ExitCode as ExitCode
from .service import Service as Service
from .service import ServiceReport as ServiceReport
from .service import Settings as Settings
from .service import run as run
from .service import serve as serve

_logging.getLogger("supervision").addHandler(_logging.NullHandler())

__all__ = [
    "AdminRequest",
    "AutoShutdown",
    "Backoff",
    "ChildAlreadyPresentError",
    "ChildAlreadyStartedError",
    "ChildCounts",
    "ChildInfo",
    "ChildNotRunningError",
    "ChildRestartingError",
    "ChildRunningError",
    "ChildSpec",
    "ChildStartError",
    "ChildState",
    "ChildStateError",
    "CombinationError",
    "CountChildren",
    "DeleteChild",
    "DescribeChild",
    "DrainReport",
    "DuplicateChildError",
    "DynamicSupervisor",
    "ExitCode",
    "FileTokens",
    "GetSpec",
    "Limits",
    "ListChildren",
    "MaxChildrenError",
    "MemoryTokens",
    "PartitionSupervisor",
    "Partitions",
    "Restart",
    "RestartChild",
    "RestartLimit",
    "RestartLimitError",
    "RestartRecord",
    "Router",
    "RouterRef",
    "RouterStatistics",
    "Service",
    "ServiceReport",
    "SessionInfo",
    "Settings",
    "Shared",
    "SpecError",
    "StartChild",
    "StartInstance",
    "StartedChild",
    "StopChild",
    "Strategy",
    "SupervisionError",
    "Supervisor",
    "Tokens",
    "TokensFileError",
    "TurnStream",
    "UnknownChildError",
    "UnsupportedError",
    "VerbResult",
    "check_specs",
    "count_children",
    "delete_child",
    "describe_child",
    "find_child",
    "find_partitions",
    "get_spec",
    "list_children",
    "resize_partitions",
    "restart_child",
    "router_ref",
    "run",
    "serve",
    "start_child",
    "start_router",
    "stop_child",
]
