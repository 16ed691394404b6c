"""A router's core in a world that writes down what was done: no Trio, no actor.

`double` is that world, its sessions and a store that takes its time.  In reading order:
`test_course` (accept, begin, over), `test_lives` (sessions come and go),
`test_short_ways` (what is quick is as what is slow), `test_keeping` (nothing before its
`go`), `test_ends` (the end of a router, and many stranded turns), `test_machine`
(any plan).
"""
