"""Many actors: who restarts whom, who stops whom, and in which order.

General layout, in reading order:

    _log/                   what is written down harms nobody
    _metrics/ metrics       numbers for who scrapes them
    _trees/                 who restarts whom: words, the pure machine, supervisors
    _routing/               sessions by key: the router, its parts, and its handle
    shared http             what sessions share; their answers over HTTP
    _words/                 what is said to people and machines, made safe
    _view/ control/         what a service gives to be looked at; the same over HTTP
    service/                a tree run as a process
    durable/                what is accepted survives: stores, in memory and in a file
    otel/                   turns as spans of OpenTelemetry
    bridge/                 a tree beside asyncio, and beside threads
    client/ _drawing/       asking a service, and drawing what it said
    demo/ cli/              a service to try, with real traffic; the commands
    acp/                    agents of others

It stands on `actors`; `actors` never imports it, because an actor does not know that it
is supervised.
"""

import logging as _logging

from ._routing.errors import NoStoreError as NoStoreError
from ._routing.errors import PromptKeptError as PromptKeptError
from ._routing.handle import RouterRef as RouterRef
from ._routing.handle import router_ref as router_ref
from ._routing.handle import start_router as start_router
from ._routing.limits import Limits as Limits
from ._routing.nodes.anywhere import Anywhere as Anywhere
from ._routing.nodes.words import ElsewhereError as ElsewhereError
from ._routing.nodes.words import Located as Located
from ._routing.nodes.words import NodeInfo as NodeInfo
from ._routing.reports import DrainReport as DrainReport
from ._routing.reports import KeyInfo as KeyInfo
from ._routing.reports import Remembered as Remembered
from ._routing.reports import RouterStatistics as RouterStatistics
from ._routing.reports import SessionInfo as SessionInfo
from ._routing.reports import StoreStatistics as StoreStatistics
from ._routing.reports import VerbResult as VerbResult
from ._routing.router import Router as Router
from ._routing.stream import TurnStream as TurnStream
from ._routing.tokens import Durable as Durable
from ._routing.tokens import FileTokens as FileTokens
from ._routing.tokens import MemoryTokens as MemoryTokens
from ._routing.tokens import Tokens as Tokens
from ._routing.tokens import TokensFileError as TokensFileError
from ._routing.tokens import TokensHeldError as TokensHeldError
from ._trees.dynamic import DynamicSupervisor as DynamicSupervisor
from ._trees.errors import ChildAlreadyPresentError as ChildAlreadyPresentError
from ._trees.errors import ChildAlreadyStartedError as ChildAlreadyStartedError
from ._trees.errors import ChildNotRunningError as ChildNotRunningError
from ._trees.errors import ChildRestartingError as ChildRestartingError
from ._trees.errors import ChildRunningError as ChildRunningError
from ._trees.errors import ChildStartError as ChildStartError
from ._trees.errors import ChildStateError as ChildStateError
from ._trees.errors import CombinationError as CombinationError
from ._trees.errors import DuplicateChildError as DuplicateChildError
from ._trees.errors import LimitWarning as LimitWarning
from ._trees.errors import MaxChildrenError as MaxChildrenError
from ._trees.errors import RestartLimitError as RestartLimitError
from ._trees.errors import SpecError as SpecError
from ._trees.errors import SupervisionError as SupervisionError
from ._trees.errors import UnknownChildError as UnknownChildError
from ._trees.errors import UnsupportedError as UnsupportedError
from ._trees.partition import Partitions as Partitions
from ._trees.partition import PartitionSupervisor as PartitionSupervisor
from ._trees.partition import find_partitions as find_partitions
from ._trees.partition import resize_partitions as resize_partitions
from ._trees.policies import AutoShutdown as AutoShutdown
from ._trees.policies import Backoff as Backoff
from ._trees.policies import ChildState as ChildState
from ._trees.policies import Restart as Restart
from ._trees.policies import RestartLimit as RestartLimit
from ._trees.policies import RestartRecord as RestartRecord
from ._trees.policies import Strategy as Strategy
from ._trees.requests import AdminRequest as AdminRequest
from ._trees.requests import ChildCounts as ChildCounts
from ._trees.requests import ChildInfo as ChildInfo
from ._trees.requests import CountChildren as CountChildren
from ._trees.requests import DeleteChild as DeleteChild
from ._trees.requests import DescribeChild as DescribeChild
from ._trees.requests import GetSpec as GetSpec
from ._trees.requests import ListChildren as ListChildren
from ._trees.requests import RestartChild as RestartChild
from ._trees.requests import StartChild as StartChild
from ._trees.requests import StartedChild as StartedChild
from ._trees.requests import StartInstance as StartInstance
from ._trees.requests import StopChild as StopChild
from ._trees.requests import count_children as count_children
from ._trees.requests import delete_child as delete_child
from ._trees.requests import describe_child as describe_child
from ._trees.requests import find_child as find_child
from ._trees.requests import get_spec as get_spec
from ._trees.requests import list_children as list_children
from ._trees.requests import restart_child as restart_child
from ._trees.requests import start_child as start_child
from ._trees.requests import stop_child as stop_child
from ._trees.spec import ChildSpec as ChildSpec
from ._trees.spec import check_specs as check_specs
from ._trees.supervisor import Supervisor as Supervisor
from .service import ExitCode as ExitCode
from .service import Service as Service
from .service import ServiceReport as ServiceReport
from .service import Settings as Settings
from .service import run as run
from .service import serve as serve
from .shared import Resource as Resource
from .shared import Shared as Shared

_logging.getLogger("supervision").addHandler(_logging.NullHandler())

__all__ = [
    "AdminRequest",
    "Anywhere",
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
    "Durable",
    "DynamicSupervisor",
    "ElsewhereError",
    "ExitCode",
    "FileTokens",
    "GetSpec",
    "KeyInfo",
    "LimitWarning",
    "Limits",
    "ListChildren",
    "Located",
    "MaxChildrenError",
    "MemoryTokens",
    "NoStoreError",
    "NodeInfo",
    "PartitionSupervisor",
    "Partitions",
    "PromptKeptError",
    "Remembered",
    "Resource",
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
    "StoreStatistics",
    "Strategy",
    "SupervisionError",
    "Supervisor",
    "Tokens",
    "TokensFileError",
    "TokensHeldError",
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
