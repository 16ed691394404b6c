"""What a router decides, without a router: no Trio, no actor, no clock but a number.

May know the words of `actors` and of `_trees`; must not know who carries it out.  Each
part is a class with its own state and its own page.  In reading order:

    known fates lane    what a key remembers; what follows a session's end; its entry
    busy admission      what a prompt does about those before it; what may come in
    places slots        who gets a place, who gets a slot
    idle                who is reaped, and who is evicted
    readers             who reads, and what may be read again
    books               what has been counted
    telling             which failures are written down, in which words
    burning             which turns were given up, and go on all the same
"""
