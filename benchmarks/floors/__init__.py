"""The same work written by hand, on bare Trio and on asyncio.

`trio_by_hand.py` and `asyncio_by_hand.py` have the tables that the harness looks into,
`{scenario's name: contender}`. Nothing here knows `actors`, nor the peers.
"""
