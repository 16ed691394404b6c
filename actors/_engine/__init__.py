"""How messages get handled: the cell, the workers, the timers, the one trick.

May know the vocabulary of `actors` (messages, mailbox, exits, events), Trio and outcome.
Must not know sessions, turns, supervision.  In reading order:

    park timers slice       the one trick; one heap of deadlines; how long a turn lasts
    seat hub                what actor and engine know of each other; what cells share
    state inbox life owning starting following ending sending cell
                            the seat of an actor, in layers
    attend drain worker     the tasks that handle messages
"""
