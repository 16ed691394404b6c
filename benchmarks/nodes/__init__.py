"""Many nodes on one server, measured, and what others would take instead of it.

    python -m benchmarks run --module benchmarks/nodes/handing.py

Not in the standard set: they take minutes, and a PostgreSQL server must be installed.
May know `chaos`, `postgres` and `peers`, and public names of ours.  In reading order:

- `cast`: a server, nodes, sessions
- `node`: a node that is told to work
- `handing`: a node is killed, drains, the server is away
- `sharing`: keys of other nodes; more nodes
- `rivals`: durable turns of ours and of others
"""
