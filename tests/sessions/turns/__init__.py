"""The parts of a turn, each without the others.

In the order of the parts: `test_ends`, `test_steering`, `test_signed` (the watchdog of
a turn that has run for a while), `test_clocks`, `test_looks`, `test_early`,
`test_family`; `double` is the house around them, with a clock that is moved by hand.
"""
