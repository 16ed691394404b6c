"""What crosses between the threads; which side waits, and how, is not known here.

Each piece is written by one thread and read by another, under a lock that is held for a
few lines and never while anybody waits.  Whoever waits leaves a `wake`, a plain call
that any thread may make; it is made once.  In reading order:

    boxes       a place for one result
    calls       one call into Trio: its result, and its caller who may leave
    flow        the chunks of one answer, and how far a turn may run ahead
    pumping     the task in Trio that reads a turn for somebody in another thread
    host        the other direction: from Trio into the host's event loop
    thread      the thread that the tree lives in
    leaving     what leaves its block
"""
