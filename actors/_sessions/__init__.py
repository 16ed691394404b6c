"""One conversation: the session, its turns, and what becomes of a prompt.

May know `actors` below it and the seat of an actor; must not know routers.  In reading
order:

    outcomes errors policies phase receipt events
                        vocabulary: what becomes of a prompt, errors, policies
    chunks              the stream to a reader
    turns/              a turn's inner side
    facts turn          what users see of it
    host session        what a session needs of its owner; the class users subclass
"""
