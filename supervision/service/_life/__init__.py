"""A service's tree, from its start to its end, under one budget.

May know supervisors, routers and the view of them; must not know signals, logs, sockets
or processes.  In reading order:

    collector       how the garbage collector is to treat it
    drain           all routers finish what they have accepted, at once
    measures        how long turns took, if somebody wants to know
    service         a beginning, a drain and an end
"""
