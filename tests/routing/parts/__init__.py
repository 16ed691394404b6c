"""What a router decides, part by part: no event loop, no actor, no clock but a number.

In the order of the parts: `test_known`, `test_ends`, `test_lane`, `test_admission`,
`test_places`, `test_slots`, `test_idle`, `test_books`; `making` makes what they take.
"""
