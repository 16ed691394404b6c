"""The room for many actors: who restarts whom, who stops whom, and in which order.

Nothing is exported yet. What moves in here may import `actors`, trio and what
`actors` itself stands on; `actors` never imports this package, because an actor
does not know that it is supervised.
"""
