"""By hand on asyncio: a task and a queue for each actor, a future for each reply.

Knows what all floors know. In reading order:

- `table`: what there is
- `tasks`: what every workload begins with
- `telling`, `waiting`, `living`, `savina`, `conversing`: the workloads, by theme
- `pool`, `pooling`: sessions as a careful team writes them, and their workloads
"""
