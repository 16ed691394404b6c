"""Sessions by key: the router, and what its sessions share.

`test_census`, `test_tokens`, `test_shared`, `test_shared_by_turns`; `test_bad_input`,
`test_bad_calls` (misuse); `test_property` (random plans for `chatty` sessions).
"""
