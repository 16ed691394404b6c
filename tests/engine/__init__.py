"""The engine: how the promises to an actor are kept, under many orders of scheduling.

Without a system: `test_park` (the one trick), `test_cell_life` (the table of a life),
`test_cell_parts` (each alone), `test_slice`.  With one: `test_guarantees`, `test_work`,
`test_short_cuts` and `test_short_and_long` (each short cut against its long way); then
what is rare or random: `test_corner_cases`, `test_ctrl_c`, `test_property`.
"""
