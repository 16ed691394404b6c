"""How messages get handled: the cell and its parts, the workers, the one trick.

May know the vocabulary of `actors` (messages, mailbox, exits, events), Trio and
outcome.  Must not know sessions, turns, supervision.  The rooms, each standing on those
before it:

    park timers crashes     the one trick; one heap of deadlines; what counts as a crash
    carrying                errors stay whole when they are copied or sent
    checks explaining       what a number must be; the words of fields, for `help()`
    objects                 what they are in JSON
    seat hub                what actor and engine know of each other; what cells share
    parts/                  what a cell is made of, each piece to be looked at alone
    cell/                   the seat of an actor, put together from its parts
    workers/                the tasks that handle messages
"""
