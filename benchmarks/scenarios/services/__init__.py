"""Services: a tree as a process, and what it costs to look at it and to stop it.

Knows what all scenarios know, and of `scenarios.sessions` `cast` and `pooling`. In
reading order:

- `cast`: the service, its load, and who looks at it
- `onlooker`: that one, a program of its own
- `looking`: what a frame of the live view costs
- `serving`: being watched, drained, stopped
- `tracing`: turns that are spans of OpenTelemetry
"""
