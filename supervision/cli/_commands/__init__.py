"""What the commands do that come to an end: ask, print, say how it went.

May know the client, what is drawn and, for `run`, the service; must not know the
command line.  In reading order:

    printing        tables for a person, JSON for a program
    asking          those that only look: ps, tree, inspect, sessions, events, ...
    telling         those that do something: stop, restart, cancel, reset, close
    run             `actors run`: becomes the service
"""
