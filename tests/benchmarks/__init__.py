"""The harness: what it measures, how it judges, what it shows, and its commands.

`test_run`, `test_figures`, `test_peers`, `test_replay`; then `measuring`, `scenarios`,
`judging`, `showing`, as in the code; `test_cli`, `test_commands`, `test_bad_input`: the
commands.  The `reports` of several tests are made by hand.
"""
