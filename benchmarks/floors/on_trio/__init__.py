"""By hand on Trio: tasks with boxes, which are parked queues or memory channels.

Knows what all floors know. In reading order:

- `table`: what there is
- `boxes`, `tasks`: what every workload begins with
- `telling`, `waiting`, `living`, `savina`, `conversing`: the workloads, by theme
"""
