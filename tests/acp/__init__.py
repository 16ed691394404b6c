"""Agents that others wrote, as real processes on the real clock.

The `yard` is where they live and the `puppet` is one that does what its prompt says.
`test_turns`, `test_aborts`, `test_resuming`, `test_processes`, `test_faults`,
`test_bad_input`; `test_real_agent` takes one from outside, if there is one.
"""
