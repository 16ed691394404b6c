"""What each command says of itself: in the list, and on its own page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Said(NamedTuple):
    """What a command says of itself."""

    short: str
    """In the list of all."""
    description: str
    """In whole sentences."""
    example: str
    """How it is called."""


GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Make and run a service": ("new", "check", "run", "demo"),
    "Services that run": ("ps", "top", "tree", "events", "statistics", "stop"),
    "Sessions and their turns": (
        *("sessions", "session", "stack", "read", "outcome", "reminders"),
        *("abort", "cancel", "reset", "close", "passivate", "release"),
    ),
    "Actors": ("inspect", "restart"),
    "Routers, their stores, and nodes": ("limits", "store", "nodes", "locate"),
    "Your shell": ("completion",),
}
"""`{what one wants: its commands}`, in the order in which they are shown."""

INSTEAD = {
    "drain": "actors stop",
    "shutdown": "actors stop",
    "kill": "actors abort TURN, or actors stop",
    "list": "actors sessions, or actors ps",
    "status": "actors ps, or actors statistics",
    "start": "actors run, or actors restart PATH",
}
"""`{a word that is no command: what is meant}`."""

SAID: Final[Mapping[str, Said]] = {
    "demo": Said(
        "a chat service under real traffic, with faults",
        (
            "Run a chat service under recorded real traffic, three quarters of an hour "
            "of it in 45 seconds, with faults; watch it, kill it, stop it, and see "
            "that it adds up."
        ),
        "actors demo",
    ),
    "completion": Said(
        "print what makes a shell complete",
        (
            "Print a script that makes a shell complete the commands and options of "
            "actors."
        ),
        "source <(actors completion bash)",
    ),
    "run": Said(
        "run a tree as a service",
        (
            "Run a tree as a service until SIGTERM or SIGINT: it then drains and "
            "stops.  A second signal ends it at once."
        ),
        "actors run chat:Tree --name chat --budget 25",
    ),
    "new": Said(
        "write a small service to begin with",
        (
            "Write a small service: a session, a tree, a door for HTTP, tests, a "
            "systemd unit and a Dockerfile.  It runs and passes its checks as it is.  "
            "Nothing that is there is overwritten."
        ),
        "actors new weather",
    ),
    "check": Said(
        "say what is wrong with a tree, without starting it",
        (
            "Import a tree, build what it declares, start nothing, and say what is "
            "wrong or doubtful, where, and what would be right.  Ends with 0 if "
            "nothing is, with 1 if something is."
        ),
        "actors check chat:Tree --unit chat.service",
    ),
    "ps": Said(
        "list the services that run",
        (
            "List the services that run: name, state, process, socket. It looks into "
            "the runtime folder of this user; of a service whose socket is elsewhere, "
            "say which. With --pid it prints one number, for other commands: "
            "kill -9 $(actors ps --pid chat)."
        ),
        "actors ps",
    ),
    "tree": Said(
        "show the actors",
        "Show the actors from one on, the worst children of each first.",
        "actors tree /chat/tools --depth 2",
    ),
    "top": Said(
        "watch a service",
        (
            "Watch a service: what goes through it, its actors, its sessions, the worst"
            " first.  Enter opens the selected session, / filters, ? helps."
        ),
        "actors top --interval 0.5",
    ),
    "inspect": Said(
        "all about an actor",
        (
            "Say all about one actor; of a supervisor its children, strategy and "
            "restarts."
        ),
        "actors inspect /chat/tools",
    ),
    "sessions": Said(
        "list sessions",
        (
            "List sessions, the worst first; or the keys that are suspended; or, page "
            "by page, all keys, also those that are only in the store of a router. "
            "A row begins with * if something may be wrong (a turn silent for a "
            "minute, a wait of ten seconds), with ! if something is (three minutes, "
            "one minute, quarantined, given up). All about one: `actors session`."
        ),
        "actors sessions --phase running --order idle",
    ),
    "session": Said(
        "all about a session",
        (
            "Say all about one session: its numbers, and where it stands. A list of "
            "them: `actors sessions`."
        ),
        "actors session person/3",
    ),
    "stack": Said(
        "where a session stands",
        (
            "Show where a session stands, or the actor at a path: stack, tools, what is"
            " left of its limits, what waits."
        ),
        "actors stack person/3",
    ),
    "events": Said(
        "follow what happens",
        "Follow what happens, as it does, until the service ends or Ctrl-C.",
        "actors events --kind TurnEnded --kind ActorCrashed",
    ),
    "statistics": Said(
        "everything that is counted",
        "Say everything that is counted.",
        "actors statistics --json",
    ),
    "outcome": Said(
        "what became of a prompt",
        (
            "Say what became of a prompt that a router with a store has accepted: its "
            "outcome, or that it waits."
        ),
        "actors outcome person/3 msg-17",
    ),
    "read": Said(
        "what is remembered of a conversation",
        (
            "Print what is remembered of a conversation, as lines of JSON: the key "
            "with its state as the last turn has left it, then the newest entries of "
            "its history. Nothing is started for it, and no turn is waited for. Where "
            "something large is cut stand three dots."
        ),
        "actors read person/3 --newest 5",
    ),
    "reminders": Said(
        "list the prompts that are to come at a time",
        (
            "List the prompts that sessions have set for a time, those that come first "
            "before the others."
        ),
        "actors reminders person/3",
    ),
    "store": Said(
        "what the store of a router does, or copy it",
        (
            "Say what the store of each router does, and whether it answers; or copy "
            "one while it is used: `backup PATH`."
        ),
        "actors store backup /var/backups/chat.db",
    ),
    "nodes": Said(
        "list the nodes that share a store",
        (
            "List the nodes that share the store of each router, as this one sees "
            "them: where they are, which release they run, how much they own, and "
            "whether they live."
        ),
        "actors nodes",
    ),
    "locate": Said(
        "which node has a session",
        (
            "Say which node owns the key of a session, and where that is; as far as "
            "this one knows."
        ),
        "actors locate person/3",
    ),
    "passivate": Said(
        "put a session away, and forget nothing",
        (
            "End a session that is idle, as if it had been idle for long enough: its "
            "next prompt brings it back. One that has something to do is left as it is."
        ),
        "actors passivate person/3",
    ),
    "release": Said(
        "try a held key again",
        (
            "Try a key again whose state could not be read: if it can be now, its "
            "prompts run."
        ),
        "actors release person/3",
    ),
    "stop": Said(
        "stop an actor, or the service",
        (
            "Stop an actor and keep it stopped; without a path: have the service drain "
            "and stop, and wait until it is gone. A session: `actors close`; its turn: "
            "`actors cancel`."
        ),
        "actors stop --within 60",
    ),
    "restart": Said(
        "restart a supervisor's child",
        (
            "Stop a supervisor's child, if it runs, and start it again behind the ref "
            "that it had."
        ),
        "actors restart /chat/tools",
    ),
    "abort": Said(
        "abort a turn",
        (
            "Abort one turn, by its id: that one, and not the next of "
            "its session. By session: `actors cancel`."
        ),
        "actors abort 1387 --soft 'say what you have'",
    ),
    "limits": Said(
        "show the limits of routers, or change some",
        (
            "Show the limits of routers; or change some of one, which outlives its "
            "restart. Of nodes that share a store each has its own, those of a tenant "
            "too."
        ),
        "actors limits /chat/router turns=20 idle=600",
    ),
    "cancel": Said(
        "abort the turn of a session",
        (
            "Abort the turn that a session runs, and nothing else. By turn: `actors "
            "abort`."
        ),
        "actors cancel person/3 --reason 'took too long'",
    ),
    "reset": Said(
        "the same, and forget the session's state",
        (
            "Abort the turn of a session, take back what waits, and forget its state: a"
            " new session of that key begins anew."
        ),
        "actors reset person/3",
    ),
    "close": Said(
        "the same, and forget the session",
        (
            "Abort the turn of a session, take back what waits, forget its state and "
            "the key, also one that is suspended."
        ),
        "actors close person/3",
    ),
}
