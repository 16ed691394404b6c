"""The router without its actor: what follows from each decision, in one step each.

May know `parts`, and the world through `world` alone; must not know who holds it.
Trio is here for one event, which `core` holds and `draining` waits for.  In reading
order:

    world keeping       the door out; what is kept before the next step
    accepting waiting   prompts come in, now or when there is room
    sessions leaving reaping    sessions come, end, and go when nobody needs them
    beyond/             what goes on elsewhere, where nodes share a store
    turns               turns begin and end
    verbs               cancel, reset, close
    looking             what it says of itself
    draining            stop in order; put a key away
    core                the parts together
"""
