"""Routers whose store is shared: which node has which key, and what is asked of it.

May know what a router says of itself.  In reading order:

    words      nodes, where a key is, what is said to whoever came to the wrong one
    anywhere   the verbs for a key wherever its owner is
"""
