"""Between a router and its store: what is accepted, begun and ended goes through here.

A prompt's way, and who waits for whom:

    accepted - submitted - in a batch - answered -> `Receipt.durable` returns
    has a slot - marked -> its turn begins
    its turn has ended - committed -> receipts, events, the next turn, the slot

Nothing here waits: every hook submits a record and says what follows its answer, which
comes in a later step of Trio's loop.  Everything else of the router goes on meanwhile,
so each answer looks first whether what it was for is still there.

May know the router's parts, by their names, and what a store is told; must not know
which store it is.  In reading order:

    ground/     the clock of what outlives the process, values as bytes, places
    bringing    what a store has of a key becomes a lane's
    finding     prompts by their address, and receipts that follow others
    arriving    prompts come
    later/      what turns leave: prompts for others, and reminders
    turning     turns: their mark, their seal, their commit
    vanishing   turns that do not count
    settling    outcomes that no turn gives, and what is forgotten
    shared/     keys of other nodes, where the store is shared
    recovery    keys with open prompts are brought, as places are free
    pruning     what is old is deleted
    recalling   what is remembered of a key, for whoever only reads it
    looking     what is said of the store, and what an operator does of it
    making      what a router with a store is given
    kept        `Kept`: all of it, as the router sees it
"""
