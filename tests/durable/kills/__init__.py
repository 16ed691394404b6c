"""A router whose process dies at every point of its store, again and again.

`play`: one story under one seed: senders, a store, kills, restarts. `checking`: what
must be true of the store at its end, and of what senders were told. `test_kills`: many
stories. `__main__`: as many more as one likes, `python -m tests.durable.kills`.
"""
