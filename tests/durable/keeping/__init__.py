"""A router with a store: what is accepted, begun, completed and found again.

`stage` is the cast: sessions that play their prompts, and processes that die.  Tests
bear the number of the scenario that they hold to.
"""
