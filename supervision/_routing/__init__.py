"""Sessions by key: who may come in, who gets a place, who gets a slot, who goes.

May know `actors`, its hosting room, the words and the journal of `_trees`; must not
know who shows it.  In reading order:

    errors limits reports   the words
    tokens/                 what sessions have bound under their keys
    nodes/                  whose a key is, where nodes share a store
    parts/                  what it decides: no Trio, no actor
    core/                   what follows from each decision, in one step each
    failures                the log of turns that fail
    doing                   what they have done to the world
    router                  the actor around them
    census                  which routers there are
    offering stream sending reading handle
                            what users hold
"""
