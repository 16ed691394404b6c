"""Many nodes on one store, of which each is told what it is to do.

In reading order:

    placement  which node is to own which partition
    leases     what one node does about what it sees
    life       many nodes that come, stop, go, and a server that is away: virtual time
"""
