"""Who restarts whom: words, the pure machine, and the actors around it.

May know `actors`; must not know sessions or routers.  In reading order:

    policies errors requests spec   the words
    calling                         whether a class takes the arguments it is given
    pure/                   the machine: events in, commands out, no Trio
    draining                a system that drains: what is not undone by it
    journal shell supervisor dynamic partition      the actors around it
    draining                what is not undone while a service drains
"""
