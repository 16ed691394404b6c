"""The words of the control socket: the shapes of what it answers, as JSON.

The server fills them, clients read them; both sides are checked against these types.
Pure vocabulary.  Times are seconds; ages count back from now.  What does not apply is
null.  A later version may add fields; it does not change one.
"""

from __future__ import annotations

from typing import TypedDict


class ServiceShape(TypedDict):
    """The process."""

    name: str
    """What it was called, or the name of its tree."""
    pid: int
    state: str
    """starting, ready, draining, stopping, ended."""
    why: str | None
    """Why it stops: `SIGTERM`, a request, the tree's end; null while it does not."""
    uptime: float
    budget: float
    """Seconds that drain and stop may take together."""
    left: float | None
    """Seconds of the budget that are left; null while it does not stop."""
    socket: str | None
    """Path of the control socket."""
    python: str
    version: str
    """Of this library."""


class ProcessShape(TypedDict):
    """What the process takes of the machine; null where the platform does not tell."""

    cpu: float
    """Seconds of CPU so far, user and system."""
    rss: int | None
    """Bytes resident now."""
    files: int | None
    """Open file descriptors."""


class SystemShape(TypedDict):
    """`actors.SystemStatistics`."""

    actors: int
    started: int
    ended: int
    restarts: int
    crashes: int
    handled: int
    ready: int
    workers: int
    spare_workers: int
    timers: int
    late_replies: int
    dead_letters: dict[str, int]
    """`{reason: number}` so far."""


class StoreShape(TypedDict):
    """`supervision.StoreStatistics`; its counts are of all incarnations."""

    path: str
    size: int | None
    log: int | None
    opened: int
    age: float | None
    unwritten: int
    unwritten_bytes: int
    batches: int
    operations: int
    seconds: float
    held: int
    down: float | None
    why: str | None
    node: str | None
    partitions: int
    following: int
    sent_on: int
    moved: int
    fenced: int


class RouterShape(TypedDict):
    """`supervision.RouterStatistics`: what is, and the counts of all incarnations."""

    path: str
    alive: bool
    """False: it has ended for good, or is being restarted; the counts stay."""
    sessions: int
    idle: int
    turns_running: int
    turns_waiting: int
    slots: int
    queued: int
    """Prompts that wait for a turn, or with it for a slot."""
    answering: int
    """Prompts whose turn runs: `accepted` is `queued`, these, and all outcomes."""
    accepted: int
    """So far; `sum(outcomes.values())` of them have their outcome."""
    outcomes: dict[str, int]
    refused: dict[str, int]
    repeated: int
    opened: int
    closed: dict[str, int]
    suspended: int
    """Keys that a session would resume with its token, and that have none now."""
    given_up: int
    """Turns that were given up and whose code goes on."""
    chunks: int
    unread: int
    out_of_turn: int
    wait_seconds: float
    wait_longest: float
    turn_seconds: dict[str, float]
    turns: dict[str, int]
    kept: int
    """Prompts that its incarnations have left in their store."""
    store: StoreShape | None
    """Null: it has none."""


class StatisticsShape(TypedDict):
    """Everything that is counted."""

    service: ServiceShape
    process: ProcessShape
    system: SystemShape
    routers: list[RouterShape]
    """In the order of their paths."""


class ActorShape(TypedDict):
    """One actor and a part of those below it."""

    path: str
    name: str
    cls: str
    """Name of its class; of a turn: turn of Chat."""
    kind: str
    """system (the top), supervisor, router, session, turn or actor."""
    state: str
    """starting, idle, ready, running, waiting, stopping, ending, held."""
    incarnation: int
    """1 for the first: one more than its restarts."""
    depth: int
    """Messages in its mailbox."""
    capacity: float | None
    """Of its mailbox; null: without limit."""
    in_hand: str | None
    """Class of the message that it waits with; of a turn what it does: prompt 3, tool
    weather, ending."""
    in_hand_age: float | None
    tasks: int
    """Child tasks."""
    owns: int
    """Actors right below it."""
    children: list[ActorShape]
    """Those that are shown, in the order of their start."""
    hidden: int
    """How many of those right below it are not."""


class RestartShape(TypedDict):
    """One restart, of those that a supervisor remembers."""

    child: str
    ago: float
    why: str


class SupervisedShape(TypedDict):
    """A child as its supervisor has it."""

    id: str
    state: str
    """`ChildState`, in lower case."""
    restart: str
    restarts: int
    """How often it has begun anew, whoever wanted that: its supervisor, one of its
    siblings by the strategy, or an operator.  One fewer than its incarnations, as in
    `actors tree` and `actors top`."""


class ActorDetailShape(TypedDict):
    """All about one actor."""

    actor: ActorShape
    """With up to 100 of its children."""
    grace: float | None
    """Seconds that it has to stop; null: as many as it takes."""
    handled: int
    """Messages taken out of its mailbox so far, by all incarnations."""
    strategy: str | None
    """Of a supervisor."""
    limit: str | None
    """Of a supervisor: `3 within 5 s`."""
    supervised: list[SupervisedShape]
    """Of a supervisor: up to 100 of its children."""
    restarts: list[RestartShape]
    """Of a supervisor: the latest that it did by itself, oldest first; these count for
    its limit."""


class SessionShape(TypedDict):
    """`supervision.SessionInfo`."""

    router: str
    """Path of its router."""
    key: str
    tenant: str | None
    generation: int
    phase: str
    turn: int | None
    tool: str | None
    queued: int
    steering: int
    children: int
    asides: int
    readers: int
    age: float | None
    """Null: it is suspended."""
    idle: float | None
    last_activity: float | None
    """Null: it is suspended."""
    given_up: int
    """Turns that were given up and whose code goes on."""
    burning: float | None
    """Seconds since the first of these was given up; null: there is none."""
    quarantined: float | None
    held: str | None
    """Why its store cannot give what it has of it; null: it can, or there is none."""
    entries: int
    """Of its history."""
    node: str | None
    """Of a key of another node: which; null: it is this one's, or nobody's."""


class FrameShape(TypedDict):
    """One frame of a stack: a function, and where it stands."""

    function: str
    file: str
    line: int | None
    yours: bool
    """False: it is this library's, or Trio's."""
    arguments: list[str]
    """`name=value` of its arguments as they are now, cut; of a function that is not
    yours only if one of yours has called it."""


class TaskShape(TypedDict):
    """A coroutine as it stands."""

    name: str
    kind: str
    """hook (a method of an actor, or a turn), task."""
    frames: list[FrameShape]
    """The outermost first; the last one is what it awaits.  Empty: not begun."""
    cut: int
    """Frames in the middle that are not shown."""
    tasks: list[TaskShape]
    """Those of the nurseries that it has open."""
    hidden: int
    """How many of them are not shown."""


class ToolShape(TypedDict):
    """A tool in flight."""

    name: str
    age: float


class TurnShape(TypedDict):
    """A turn, and where it stands."""

    turn: int
    """Its id."""
    kind: str
    """turn, child, aside; given up: it has its outcome, and its code goes on."""
    phase: str
    age: float | None
    """Since its first step; null: it has had none."""
    silent: float | None
    """Since its latest sign of life."""
    tools: list[ToolShape]
    """Those in flight, the oldest first."""
    left: dict[str, float]
    """`{limit: seconds}` until it is over, of those that count now: time, inactivity,
    tool; or grace alone, once it has been told to end."""
    prompts: list[int]
    """Ids of the prompts that it answers."""
    tasks: list[TaskShape]
    """Its own coroutine, and the tasks that it has started."""
    children: list[TurnShape]
    hidden: int
    """Tasks and children that are not shown."""


class PromptShape(TypedDict):
    """A prompt that waits."""

    id: int
    kind: str
    """send, steer, follow up, run exclusive, ask aside."""
    age: float
    text: str
    """The prompt, cut."""


class StackShape(TypedDict):
    """Where a session, or another actor, stands."""

    actor: ActorShape | None
    """Null: a session without an actor."""
    session: SessionShape | None
    """Null: it is no session."""
    tasks: list[TaskShape]
    """The actor's own hook, if it waits in one, and the tasks that it has started."""
    turns: list[TurnShape]
    """Of a session: the turn that it has, its side questions, turns given up."""
    queue: list[PromptShape]
    """Of a session: the first prompts that wait, those for a checkpoint of the turn
    first."""
    hidden: int
    """Tasks, turns and prompts that are not shown."""


class WholeShape(TypedDict):
    """A whole process, looked into from outside."""

    pid: int
    frames: list[FrameShape]
    """Of its main thread, the outermost first."""
    cut: int
    """Frames in the middle that are not shown."""
    stacks: list[StackShape]
    """Of the actors that wait."""
    actors: int
    """How many were looked at."""


class SessionsShape(TypedDict):
    """A list of sessions."""

    sessions: list[SessionShape]
    matching: int
    """How many there are, shown or not."""


class TopShape(TypedDict):
    """One frame of `actors top`."""

    statistics: StatisticsShape
    tree: ActorShape
    sessions: SessionsShape
    """The worst first."""


class ResultShape(TypedDict):
    """What a verb did."""

    done: str
    """In words."""
    turn: int | None
    """Of a session's verb: the turn that is being aborted."""
    withdrawn: list[int]
    """Of a session's verb: the prompts that were taken back."""
    node: str | None
    """Of a session's verb: the node that has done it; null: this one."""


class ErrorShape(TypedDict):
    """Why a request was refused; its status is 400, 404, 405, 409 or 503."""

    error: str
    """What was wrong, and what would be right."""
