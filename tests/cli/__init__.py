"""The command: what it makes of its options, prints and draws.

`test_run`, `test_client`, `test_commands`, `test_frame` (one picture), `test_top`
(many); the service they ask is a `story`.
"""
