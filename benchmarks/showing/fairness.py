"""What is sent, proved and waited for, by every contender of a scenario with a peer.

A comparison is fair if these three are the same; where a library has no such thing, the
nearest that it has stands here. `list --fairness` shows it. The words of one act, such
as telling, are those of each library (`WORDS`); everything else is said once for all
contenders, and again for those that differ.

This room only says what is done. Whether it is true is seen in the scenarios, floors
and peers; that nobody is forgotten is tested.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

OWN_LOOP: Final = {"uvloop": "asyncio"}
"""Contenders that run the programs of others."""


@attrs.frozen
class Terms:
    """The terms of one contender."""

    sent: str
    proved: str
    waited_for: str


@attrs.frozen
class Fairness:
    """The terms of some scenarios. A word in braces is one of `WORDS`."""

    scenarios: tuple[str, ...]
    sent: str
    proved: str
    waited_for: str
    # {contender: {which of the three: what holds for it instead}}
    but: Mapping[str, Mapping[str, str]] = attrs.field(
        factory=dict[str, Mapping[str, str]]
    )

    def of(self, contender: str) -> Terms:
        """The terms of this contender."""
        own = OWN_LOOP.get(contender, contender)
        three = {
            "sent": self.sent,
            "proved": self.proved,
            "waited_for": self.waited_for,
            **self.but.get(own, {}),
        }
        words = {act: by.get(own, by["ours"]) for act, by in WORDS.items()}
        return Terms(**{which: each.format(**words) for which, each in three.items()})


def terms(scenario: str, contender: str) -> Terms | None:
    """The terms of a contender of this scenario; None if nothing is known."""
    for each in FAIRNESS:
        if scenario in each.scenarios:
            return each.of(contender)
    return None


def alike(
    scenario: str, contenders: Iterable[str]
) -> list[tuple[Terms, tuple[str, ...]]]:
    """The different terms of these contenders, each with those who have them."""
    found: dict[Terms, list[str]] = {}
    for contender in contenders:
        own = terms(scenario, contender)
        if own is not None:
            found.setdefault(own, []).append(contender)
    return [(each, tuple(names)) for each, names in found.items()]


_NEVER_WAITS: Final = "which never waits: there is no bound"

# {act: {contender: its word}}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "tell": {
        "ours": "tell_nowait",
        "park": "append and wake",
        "channel": "send_nowait",
        "asyncio": "put_nowait",
        "erlang": "gen_server:cast",
        "triotp": "await gen_server.cast",
        "fauxtp": "await cast",
        "pykka": "tell",
    },
    "tell_wait": {
        "ours": "await tell; 1,024 may wait",
        "park": "wait for room, append, wake; 1,024 may wait",
        "channel": "await send; 1,024 may wait",
        "asyncio": "await put; 1,024 may wait",
        "erlang": f"gen_server:cast, {_NEVER_WAITS}",
        "triotp": f"await gen_server.cast, {_NEVER_WAITS}",
    },
    "ask": {
        "ours": "ask",
        "park": "append, park until the answer",
        "channel": "send a channel for the answer, receive",
        "asyncio": "put a future, await it",
        "erlang": "gen_server:call, infinity",
        "triotp": "gen_server.call",
        "fauxtp": "call",
        "pykka": "ask",
    },
    "ask_within": {
        "ours": "ask(within=1.0)",
        "park": "the same in trio.fail_after(1.0)",
        "channel": "the same in trio.fail_after(1.0)",
        "asyncio": "the same in asyncio.timeout(1.0)",
        "erlang": "gen_server:call, 1,000 ms",
        "triotp": "gen_server.call, 1 s",
    },
    "prompt": {
        "ours": "router.send, receipt.outcome",
        "asyncio": "a queue and a future, by hand",
        "erlang": "gen_server:cast, a message with the outcome",
    },
}

_TOLD: Final = "the count of what was handled"
_LAST: Final = "the last message to be handled"
_ANSWERS: Final = "the sum of all answers"
_EACH_ANSWER: Final = "each answer, before the next is asked"
_RIGHT: Final = "the result of each turn"
_PROCESSES: Final = "a message with ! to plain processes, faster than gen_servers"
_AFTERWARDS: Final = (
    "a crash, and a message when the new one is there: a mailbox dies with its process"
)

_STEADY: Final[Mapping[str, str]] = {"sent": "{tell}, without a pause"}
_STEADY_TEN: Final[Mapping[str, str]] = {"sent": "ten producers: {tell}"}
_UNPACED: Final[Mapping[str, Mapping[str, str]]] = dict.fromkeys(
    ("erlang", "triotp", "fauxtp", "pykka"), _STEADY
)

_OF_ALL: Final = {"waited_for": "the end of all tasks; a failure would be raised"}

_NO_DEADLINES: Final = "its outcome; no clock runs"
_POOLED: Final[Mapping[str, Mapping[str, str]]] = {
    "ours": {"waited_for": "its outcome; the default clocks of a turn run"}
}

FAIRNESS: Final = (
    Fairness(
        ("tell", "tell_async"),
        "{tell}, 1,000 and then a pause",
        _TOLD,
        _LAST,
        _UNPACED,
    ),
    Fairness(
        ("fan_in",),
        "ten producers: {tell}, 1,000 and then a pause",
        _TOLD,
        _LAST,
        dict.fromkeys(_UNPACED, _STEADY_TEN),
    ),
    Fairness(("tell_wait",), "{tell_wait}", _TOLD, _LAST),
    Fairness(("fan_in_wait",), "ten producers: {tell_wait}", _TOLD, _LAST),
    Fairness(
        ("ping_pong", "ping_pong_1m", "ask_async"), "{ask}", _ANSWERS, _EACH_ANSWER
    ),
    Fairness(
        ("ask_100_1", "ask_100_100"), "100 clients: {ask}", _ANSWERS, _EACH_ANSWER
    ),
    Fairness(("ask_within",), "{ask_within}", _ANSWERS, _EACH_ANSWER),
    Fairness(
        ("latency_0", "latency_10", "latency_100", "latency_1000"),
        "{ask}; the others tell themselves the next message",
        "each answer",
        _EACH_ANSWER,
        {
            "ours": {"proved": "each answer; the others were busy to the end"},
            "erlang": {
                "sent": "{ask}; the others tell each other the next message",
                "proved": "each answer; the others were busy",
            },
        },
    ),
    Fairness(
        ("long_queue",),
        "by one in whose mailbox half a million messages wait: {ask}",
        "each answer, and the count of what waited",
        _EACH_ANSWER,
    ),
    Fairness(
        ("ring_100", "ring_503"),
        "one token, to the next: {tell}",
        "the count of the hops",
        "the last hop",
    ),
    Fairness(
        ("spawn_stop",),
        "to each when all are started: {tell}; then a stop",
        "each has handled its message before the first is stopped",
        "the end of each, and how it ended",
        {
            "erlang": {"waited_for": "the end of each, and how: by a monitor"},
            **dict.fromkeys(("park", "channel", "asyncio", "triotp"), _OF_ALL),
            "pykka": {"sent": "the same, to 2,000 at a time: {tell}; then a stop"},
        },
    ),
    Fairness(
        ("fork_join",), "to 60 in turn: {tell}", _TOLD, "the last message of each"
    ),
    Fairness(
        ("big", "big_long"),
        "a ping to one of 120 by chance, the next when a pong has come",
        "the count of the pongs",
        "the last pong of each",
    ),
    Fairness(
        ("chameneos",),
        "a message to the mall, one to each of the two who meet",
        "the sum of meetings is twice their number",
        "what each has counted",
    ),
    Fairness(
        ("skynet_10k", "skynet_100k", "skynet_1m"),
        "its part to each child, its sum to the parent: {tell}",
        "the sum of the numbers of all leaves",
        "the sum at the root",
        {"erlang": {"sent": _PROCESSES}},
    ),
    Fairness(
        ("memory_10k", "memory_100k", "memory_1m", "supervised_memory_dynamic"),
        "once to each: {tell}",
        "each has handled it",
        "all are idle; then the difference of resident memory",
        {
            "erlang": {"waited_for": "all are idle; then that of erlang:memory(total)"},
            "pykka": {"sent": "once to each of 2,000 at most: {tell}"},
        },
    ),
    Fairness(
        ("restart", "supervised_restart"),
        "a crash, and a message behind it: {tell}",
        "each crash has a successor that handles the message",
        "the message, from the raise on",
        {
            "erlang": {"sent": _AFTERWARDS},
            "fauxtp": {"sent": _AFTERWARDS},
            "triotp": {"sent": "a crash, and a message again and again until it fits"},
        },
    ),
    Fairness(
        ("restart_1000", "supervised_restart_1000"),
        "a crash, and 1,000 messages behind it: {tell}",
        "none of them is lost",
        "the first of them, from the raise on",
        {
            "erlang": {
                "sent": "the same, and a message when the new one is there",
                "proved": "each crash has a successor; the 1,000 are lost",
                "waited_for": "the message, from the crash on",
            }
        },
    ),
    Fairness(
        ("storm_1000", "storm_5000"),
        "to each child, which crashes on it: {tell}",
        "each child has come back once, and runs",
        "the last to be started again, who says so",
    ),
    Fairness(
        ("escalation_1000", "escalation_5000"),
        "to each child, which crashes on it: {tell}",
        "three came back, and none is left",
        "the end of the supervisor, from the first crash on",
        {
            "ours": {"proved": "three came back, and none is left; each by a call"},
            "erlang": {
                "proved": "three came back, and none is left; each by a message"
            },
        },
    ),
    Fairness(
        ("cascade_3x10", "cascade_5x5", "cascade_10x2", "cascade_flat"),
        "a stop to the root",
        "all have ended in the reverse order of their start, as their hooks have noted",
        "the end of the root, which is the last",
        {
            "erlang": {
                "proved": "the same, as the monitor of each tells",
                "waited_for": "the end of each",
            }
        },
    ),
    Fairness(
        ("start_stop_children",),
        "a request to start a child, then one to stop it",
        "each child has ended",
        "the answer to each request",
        {
            "triotp": {
                "sent": "a request to start a child, then a stop to the child",
                "proved": "each child was told to stop",
                "waited_for": "its mailbox to be there, and to be gone",
            }
        },
    ),
    Fairness(
        ("mass_crash", "mass_finish"),
        "to each child, which ends: {tell}",
        "how each has ended, and that the supervisor has none left",
        "the end of each, and the supervisor's answer",
        {
            "erlang": {
                "waited_for": (
                    "the end of each, by a monitor, and the supervisor's answer"
                )
            }
        },
    ),
    Fairness(
        ("watch_10k",),
        "a stop to the one who is watched",
        "each watcher was told once",
        "the last notice to be handled, which says so",
    ),
    Fairness(
        ("busy",),
        "to 1,000 in turn, beside one in a long await: {tell}",
        _TOLD,
        _LAST,
        {"erlang": {"sent": _PROCESSES}},
    ),
    Fairness(
        ("suspend",), "to 100 in turn, each suspends for it: {tell}", _TOLD, _LAST
    ),
    Fairness(
        ("turn1", "turn1s"), "one session: {prompt}", _RIGHT, _NO_DEADLINES, _POOLED
    ),
    Fairness(
        ("turn100", "turn100s"),
        "100 clients, a session each: {prompt}",
        _RIGHT,
        _NO_DEADLINES,
        _POOLED,
    ),
    Fairness(
        ("stream100",),
        "{prompt}; 64 chunks may wait for their reader",
        "each chunk in its order, and the result",
        _NO_DEADLINES,
        {
            **_POOLED,
            "erlang": {"sent": "{prompt}; chunks are messages, with credit for 64"},
        },
    ),
    Fairness(
        ("churn",),
        "to each of 500 new sessions: {prompt}; then a close",
        f"{_RIGHT}, and that none is left",
        "all outcomes, then the end of all sessions",
    ),
    Fairness(
        ("memsession",),
        "to each session, 100 at a time: {prompt}",
        f"{_RIGHT}, and the number of sessions",
        "all are idle; then the difference of resident memory",
        {"erlang": {"waited_for": "all are idle; then that of erlang:memory(total)"}},
    ),
)
"""Each scenario that a peer takes part in."""
