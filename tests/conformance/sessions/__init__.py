"""The scenarios of sessions, each test named after its number.

`prompts`: the way of a prompt until it has its turn. `turns`: what a turn does and how
it ends. `lives`: how sessions come, go and come back. `test_observing` and
`test_figures`: who looks on, and whether it adds up. `field`: faults that were
met in the field. The cast: `conversing`, `diaries`, `agent_double`.
"""
