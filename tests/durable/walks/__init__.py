"""Routers that live through anything, all verbs together, and end in every way.

`world`: what has happened, and what must be true at each commit and at each turn's
first step. `walk`: one walk under one seed: processes, senders, verbs, faults.
`test_walks`: some walks.  More: `python -m tests.durable.walks 1000 5000`.
"""
