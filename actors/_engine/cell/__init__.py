"""The seat of an actor: identity, mailbox, life, children; it outlives restarts.

May know the parts, the hub and what users import of `actors`.  Must not know the
workers, but that one may hold a cell (`hub.TaskHolder`).  Each room is a set of plain
functions over the fields of a cell, about one thing.  In reading order:

    fields                  what a cell has, and the invariants that all rests on
    inbox                   how messages come in, and leave unhandled
    moves                   how it is asked to end: the table of `parts.life` at work
    owner                   what it does as an owner: its hooks, its verbs
    beginning               how incarnations begin
    succession ending       what comes after one; how one ends
    reach                   what an actor reaches: timers, watches, stash, child tasks
    asking                  asks that go by mail, and senders that wait
    shown                   what a person sees
    cell                    `Cell`: all of it in one class, and the short cuts
"""
