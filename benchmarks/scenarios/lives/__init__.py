"""Lives: what it costs that actors come, rest, fail and go.

Knows what all scenarios know, and `scenarios.cast`. In reading order:

- `starting`: start and stop, trees
- `memory`: actors at rest
- `failing`, `watching`: ends, and who is told of them
- `supervised`, `storming`, `cascading`: the same under supervisors
"""
