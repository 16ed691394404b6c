"""What a cell is made of: pieces with a state of their own, each to be looked at alone.

May know the vocabulary of `actors`, the timers and the one trick.  Must not know the
cell, the hub, the workers: a part that wants something of its world is given a function
or a small interface for it.  All are made when first needed, because a million cells at
rest are ordinary.  In reading order:

    life                    the phases of a cell and what moves it on: a table
    entry overflow ages     what is queued; what a full mailbox does; ages
    senders stash           who waits for room; what was set aside
    notices                 what goes before messages: notices, news of children
    children watches        whom it owns; whom it watches and who watches it
    ticks tasks             its timers; its child tasks
"""
