"""A system that is no Unix: what is imported there, what works, what is refused.

`windows` takes away what Windows has not; it runs in a process of its own, and is no
Windows: how files, signals and consoles behave there it does not know.
"""
