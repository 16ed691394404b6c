"""Agents that others wrote, as real processes on the real clock.

The `yard` is where they live.  The `puppet` does what its prompt says, and one that is
`scripted` what its `scenes` say.  `test_turns`, `test_aborts`, `test_resuming`;
`test_processes`; `test_faults`, `test_bad_input`; `quirks`: how agents differ;
`test_real_agent` takes one from outside, if there is one.
"""
