"""The same work written by hand, on bare Trio and on asyncio: `on_trio`, `on_asyncio`.

`on_trio/table.py` and `on_asyncio/table.py` have what the harness looks into, tables
`{scenario's name: contender}`. May know `run`, `scenario` and `load`. Must know neither
`actors` nor the peers.
"""
