"""Who restarts whom: the pure machines by tables and random lives, then real trees.

`test_child_spec`, `test_restart_policies` (the words), `test_machine`,
`test_machine_property` (in the `machine_shell`, which has no Trio), `test_group_races`,
`test_journal`, `test_bad_input`.  The rules of OTP are in `tests/conformance`.
"""
