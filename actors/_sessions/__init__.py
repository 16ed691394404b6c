"""One conversation: the session, its turns, and what becomes of a prompt.

May know `actors` below it and the seat of an actor; must not know routers.  In reading
order:

    outcomes errors policies receipt events
                            vocabulary: what becomes of a prompt, errors, policies
    chunks watchdog lane    the stream to a reader; a turn's clocks; a session's queue
    state run family        a turn's inner side: clocks, course, children
    facts turn              what users see of it
    host session            what a session needs of its owner; the class users subclass
"""
