"""One conversation: the session, its turns, and what becomes of a prompt.

May know `actors` below it and the seat of an actor; must not know routers.  In reading
order:

    outcomes policies phase receipt events
                        vocabulary: what becomes of a prompt, policies
    errors/             why a prompt, a turn or a stream fails
    sizes values        how much a value holds; whether it can be changed in place
    histories/          what has been said: entries that stay
    streams/            what a turn says, on its way to who reads it
    turns/              a turn's inner side
    leaves/             what a turn leaves if it completes
    facts turn          what users see of it
    state               the types of a session; what its first state may be
    host session        what a session needs of its owner; the class users subclass
"""
