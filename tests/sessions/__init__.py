"""One conversation, without a router where that is possible.

`turns`: the parts of a turn, each alone.

`test_chunks`, `test_chunks_latest` (the stream to a reader), `test_watchdog` (the
clocks), `test_bad_turns` (misuse inside a turn, by the `doers`). What a session does in
the end is told by the scenarios, in `tests/conformance/sessions`.
"""
