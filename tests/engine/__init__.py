"""The engine: how the promises to an actor are kept, under many orders of scheduling.

`test_park` (the one trick), `test_guarantees`, `test_short_cuts`, `test_work`; then
what is rare or random: `test_corner_cases`, `test_ctrl_c`, `test_property`.
"""
