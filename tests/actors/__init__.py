"""One actor: what its senders, its owner and its watchers can rely on.

`test_messages`, `test_mailbox`, `test_threads`: on the way in.  `test_life`,
`test_owner`: hooks, children, ends.  `test_events`, `test_snapshot`: what is seen.
`test_bad_input`: misuse.  The `cast` plays in all of them, and in the engine's tests.
"""
