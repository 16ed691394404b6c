"""The standard set, in the order in which it is shown.

It loads every scenario; a worker loads only the module of the one that it measures.
"""

from typing import Final

from benchmarks.scenario import Scenario
from benchmarks.scenarios.lives.cascading import (
    Cascade3x10,
    Cascade5x5,
    Cascade10x2,
    CascadeFlat,
    MassCrash,
    MassFinish,
    StartStopChildren,
)
from benchmarks.scenarios.lives.failing import Restart, Restart1000
from benchmarks.scenarios.lives.memory import GcPause, Memory1M, Memory10K, Memory100K
from benchmarks.scenarios.lives.starting import (
    Skynet1M,
    Skynet10K,
    Skynet100K,
    SpawnStop,
)
from benchmarks.scenarios.lives.storming import (
    Escalation1000,
    Escalation5000,
    Storm1000,
    Storm5000,
    SupervisedRestart,
    SupervisedRestart1000,
)
from benchmarks.scenarios.lives.supervised import (
    SupervisedAsk,
    SupervisedMemoryDynamic,
    SupervisedMemoryStatic,
    SupervisedTell,
)
from benchmarks.scenarios.lives.watching import Watch10K
from benchmarks.scenarios.messages.asking import (
    Ask1001,
    Ask100100,
    AskAsync,
    AskWithin,
    LongQueue,
    PingPong,
    PingPong1M,
)
from benchmarks.scenarios.messages.mailboxes import (
    MailboxFullDropNewest,
    MailboxFullDropOldest,
    MailboxFullLatest,
    MailboxFullReject,
    MailboxFullWait,
)
from benchmarks.scenarios.messages.meeting import BoundedBuffer, Chameneos
from benchmarks.scenarios.messages.neighbours import (
    Busy,
    Flood,
    Latency0,
    Latency10,
    Latency100,
    Latency1000,
    Suspend,
)
from benchmarks.scenarios.messages.observing import Observed
from benchmarks.scenarios.messages.savina import (
    Big,
    BigLong,
    ForkJoin,
    Ring100,
    Ring503,
)
from benchmarks.scenarios.messages.telling import (
    FanIn,
    FanInWait,
    FromThreads,
    Tell,
    TellAsync,
    TellWait,
)
from benchmarks.scenarios.services.looking import Look10K, Look100K
from benchmarks.scenarios.services.serving import (
    Drain,
    DrainHung,
    StopNow,
    Watched10K,
    Watched100K,
)
from benchmarks.scenarios.services.tracing import TurnTraced
from benchmarks.scenarios.sessions.conversing import (
    RouterChurn,
    Streams1000,
    TakeTurn,
    TurnDeadlines,
)
from benchmarks.scenarios.sessions.keeping import (
    Accept1,
    Accept1Slow,
    Accept32,
    Accept32Slow,
    Accept512,
    Accept512Slow,
    TurnsDurable32,
    TurnsDurable512,
)
from benchmarks.scenarios.sessions.memory import SessionMemory1M, SessionMemory10K
from benchmarks.scenarios.sessions.passivating import (
    AcceptBackup,
    Passivated1M,
    Passivated10K,
)
from benchmarks.scenarios.sessions.pooling import (
    Churn,
    Memsession,
    Stream100,
    Turn1,
    Turn1S,
    Turn100,
    Turn100S,
)
from benchmarks.scenarios.sessions.reading import TurnResumable, TurnsJournaled
from benchmarks.scenarios.sessions.remembering import Reads, TurnsRemembered
from benchmarks.scenarios.sessions.replaying import RealTraffic
from benchmarks.scenarios.sessions.routing import (
    Route1M,
    Route10K,
    RouteIdle,
    RouteQueued,
)
from benchmarks.scenarios.sessions.sharing import Fair1, Fair8, Fair64

SCENARIOS: Final[tuple[type[Scenario], ...]] = (
    Tell,
    TellWait,
    TellAsync,
    FanIn,
    FanInWait,
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
    TurnTraced,
    TurnResumable,
    TurnsJournaled,
    Streams1000,
    RouterChurn,
    SessionMemory10K,
    SessionMemory1M,
    Turn1,
    Turn1S,
    Turn100,
    Turn100S,
    Stream100,
    Churn,
    Memsession,
    Fair1,
    Fair8,
    Fair64,
    RealTraffic,
    Accept1,
    Accept32,
    Accept512,
    Accept1Slow,
    Accept32Slow,
    Accept512Slow,
    TurnsDurable32,
    TurnsDurable512,
    TurnsRemembered,
    Reads,
    Passivated10K,
    Passivated1M,
    AcceptBackup,
    Look10K,
    Look100K,
    Watched10K,
    Watched100K,
    Drain,
    DrainHung,
    StopNow,
)
