"""What prompts and messages say, and how often each of it comes.

A prompt's script is a row of words: `say sleep:2 tool:1 raise`.  Each word stands here
as often as it is to come, in relation to the others.  What a word means is said where
it is done: in `sessions`, `clerks` and `players`.
"""

from __future__ import annotations

WORDS = (
    *("say",) * 12,
    *("sleep:1",) * 4,
    *("sleep:2", "sleep:2", "sleep:5", "sleep:12"),
    *("point",) * 6,
    *("tool:1", "tool:2", "tool:30", "bad-tool"),
    *("raise", "group", "hang", "hang", "reject"),
    *("deaf:1", "deaf:4", "deaf:9"),
    *("run-child:quick", "run-child:raising", "run-child:nested", "run-child:spender"),
    *("start-child:slow", "start-child:deaf", "start-child:hang", "direct:quick"),
    *("critical:quick", "critical:slow", "critical:deaf", "critical:raising"),
    *("critical:hang", "task:2", "task:deaf", "bad-task", "loop-child"),
    *("crash", "crash-later", "dead", "finish", "finish-later"),
    *("spend:1", "spend:2", "keep", "keep", "write", "note"),
    *("bad-end", "slow-end", "deaf-end", "drain", "end-drain", "late-use"),
    *("follow", "follow", "bind", "unbind", "timer", "bad-timer"),
    *("consult", "progress", "deliver"),
)

PHRASES = (
    "sleep:1 point sleep:1 point say",
    "point sleep:2 point sleep:2 point",
    "say say sleep:1 say say sleep:1 say",
    "tool:2 point tool:2 point",
    "sleep:1",
    "sleep:3 say",
    "say run-child:quick say",
    "critical:slow sleep:1",
    "write keep write sleep:1 raise",
)
"""Scripts that are whole."""

CHILDREN = {
    "quick": "sleep:1 say write",
    "slow": "say sleep:6",
    "deaf": "deaf:6",
    "hang": "hang",
    "raising": "sleep:1 raise",
    "nested": "sleep:1 run-child:quick start-child:slow",
    "spender": "spend:2 say",
}
"""What child turns do, by name."""

VERBS = (
    *("send",) * 14,
    *("steer",) * 7,
    *("follow-up",) * 3,
    *("aside",) * 4,
    *("exclusive",) * 2,
    *("send-wait",) * 5,
    *("open",) * 6,
    *("open-latest",) * 3,
    *("open-replay",) * 3,
    *("repeat", "repeat", "repeat", "job", "job", "job", "attempts", "attempts"),
    *("withdraw",) * 4,
    *("abort",) * 3,
    *("abort-softly", "abort-softly", "abort-within", "abort-child"),
    *("cancel", "cancel", "cancel-softly", "cancel-all", "cancel-all"),
    *("reset", "reset", "close", "close", "configure", "configure", "look", "look"),
    *("kill-session", "stop-session", "crash-session", "tick-session", "end-router"),
)
"""What is done to sessions."""

TREE_VERBS = (
    *("tell",) * 12,
    *("tell-nowait",) * 6,
    *("tell-cancel", *("burst",) * 6),
    *("ask",) * 6,
    *("ask-within", "ask-within", "ask-cancel"),
    *("kill-clerk", "stop-clerk", "stop-child", "restart-child", "hire", "hire"),
    *("fire", "resize", "list", "crash-backend", "kill-router", "stop-supervisor"),
)
"""What is done to plain actors and to the tree."""

ACTS = (
    *("put",) * 10,
    *("nap", "nap", "nap", "boom", "task", "bad-task", "after", "every", "no-timer"),
    *("child", "stash", "stash", "stash", "unstash", "unstash", "watch", "watch"),
    *("unwatch", "finish", "peer"),
)
"""What clerks are told."""

QUESTIONS = ("total", "total", "total", "later", "never", "hard", "boom", "stash")
"""What clerks are asked."""
