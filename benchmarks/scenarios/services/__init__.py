"""Services: a tree as a process, and what it costs to look at it and to stop it.

Knows what all scenarios know, and `scenarios.sessions.cast`. In reading order:

- `cast`: the service, its load, and who looks at it
- `onlooker`: that one, a program of its own
- `looking`: what a frame of the live view costs
- `serving`: being watched, drained, stopped
"""
