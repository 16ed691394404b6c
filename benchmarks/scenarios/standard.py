"""The standard set, in the order in which it is shown.

It loads every scenario; a worker loads only the module of the one that it measures.
"""

from typing import Final

from benchmarks.scenario import Scenario

from .asking import (
    Ask1001,
    Ask100100,
    AskAsync,
    AskWithin,
    LongQueue,
    PingPong,
    PingPong1M,
)
from .cascading import (
    Cascade3x10,
    Cascade5x5,
    Cascade10x2,
    CascadeFlat,
    MassCrash,
    MassFinish,
    StartStopChildren,
)
from .conversing import RouterChurn, Streams1000, TakeTurn, TurnDeadlines
from .failing import Restart, Restart1000
from .looking import Look10K, Look100K
from .mailboxes import (
    MailboxFullDropNewest,
    MailboxFullDropOldest,
    MailboxFullLatest,
    MailboxFullReject,
    MailboxFullWait,
)
from .meeting import BoundedBuffer, Chameneos
from .memory import GcPause, Memory1M, Memory10K, Memory100K
from .neighbours import (
    Busy,
    Flood,
    Latency0,
    Latency10,
    Latency100,
    Latency1000,
    Suspend,
)
from .observing import Observed
from .replaying import RealTraffic
from .routing import Route1M, Route10K, RouteIdle, RouteQueued
from .savina import Big, BigLong, ForkJoin, Ring100, Ring503
from .serving import Drain, DrainHung, StopNow, Watched10K, Watched100K
from .session_memory import SessionMemory1M, SessionMemory10K
from .sharing import Fair1, Fair8, Fair64
from .starting import Skynet1M, Skynet10K, Skynet100K, SpawnStop
from .storming import (
    Escalation1000,
    Escalation5000,
    Storm1000,
    Storm5000,
    SupervisedRestart,
    SupervisedRestart1000,
)
from .supervised import (
    SupervisedAsk,
    SupervisedMemoryDynamic,
    SupervisedMemoryStatic,
    SupervisedTell,
)
from .telling import FanIn, FromThreads, Tell, TellAsync, TellWait
from .watching import Watch10K

SCENARIOS: Final[tuple[type[Scenario], ...]] = (
    Tell,
    TellAsync,
    TellWait,
    FanIn,
    PingPong,
    PingPong1M,
    AskAsync,
    Ask1001,
    Ask100100,
    AskWithin,
    Ring100,
    Ring503,
    SpawnStop,
    ForkJoin,
    Big,
    BigLong,
    Chameneos,
    BoundedBuffer,
    Skynet10K,
    Skynet100K,
    Skynet1M,
    Memory10K,
    Memory100K,
    Memory1M,
    Latency0,
    Latency10,
    Latency100,
    Latency1000,
    Restart,
    Restart1000,
    SupervisedRestart,
    SupervisedRestart1000,
    Storm1000,
    Storm5000,
    Escalation1000,
    Escalation5000,
    Cascade3x10,
    Cascade5x5,
    Cascade10x2,
    CascadeFlat,
    StartStopChildren,
    MassCrash,
    MassFinish,
    SupervisedMemoryDynamic,
    SupervisedMemoryStatic,
    SupervisedTell,
    SupervisedAsk,
    MailboxFullWait,
    MailboxFullReject,
    MailboxFullDropOldest,
    MailboxFullDropNewest,
    MailboxFullLatest,
    LongQueue,
    Watch10K,
    Observed,
    Busy,
    Suspend,
    FromThreads,
    Flood,
    GcPause,
    RouteQueued,
    RouteIdle,
    Route10K,
    Route1M,
    TakeTurn,
    TurnDeadlines,
    Streams1000,
    RouterChurn,
    SessionMemory10K,
    SessionMemory1M,
    Fair1,
    Fair8,
    Fair64,
    RealTraffic,
    Look10K,
    Look100K,
    Watched10K,
    Watched100K,
    Drain,
    DrainHung,
    StopNow,
)
