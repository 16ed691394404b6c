"""What the commands do that come to an end: ask, print, say how it went.

May know the client, what is drawn and, for `run`, the service; must not know the
command line.  In reading order:

    printing        tables for a person, JSON for a program
    pipe            is standard output read by anybody?
    process         `actors stack --pid`: a process looked into from outside
    source stack    `actors stack`, with lines of source
    stores          what is in stores, also what is in no memory; copies of them
    asking          those that only look: ps, tree, inspect, sessions, events, ...
    telling         those that do something: stop, restart, cancel, reset, close
    completion      `actors completion`: a script for a shell
    limits          `actors limits`: shown, or changed
    early           a signal that comes before there is a tree
    run             `actors run`: becomes the service
"""
