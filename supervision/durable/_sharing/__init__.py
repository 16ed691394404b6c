"""Many nodes, one store: what they say to it, and who is to own what.

Pure: no Trio, no SQL, and of clocks only numbers.  In reading order:

    words      questions of a node beside its batches, and what the store says
    policy     how long, how many: `SharingPolicy`
    placement  which node is to own which partition
    watching   since when something has been as it is
    leases     what one node knows of the others, and what it is to do
"""
