"""Sessions by key: the router, and what its sessions share.

`parts`: what it decides, without an event loop. `core`: what follows, in a world that
writes down what was done.

`sharing`, `reading`; `test_census`, `test_tokens`; `test_bad_input`, `test_bad_calls`
(misuse); `test_property` (random plans for `chatty` sessions).
"""
