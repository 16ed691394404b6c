"""A router with a store that other nodes share: what is its own, and what is not.

Every key is in a partition, and every partition is one node's.  What is sent to a key
of another node is stored here, run there, and its outcome is looked up here.  Nodes do
not speak to each other: all of it goes through the store.

    accept -> stored -> its owner finds it, runs it, commits it -> whoever waits here
    finds the outcome

Whatever an owner writes depends on its *lease*: it is fenced when another node has
taken the partition meanwhile.  Its lanes are *dropped* then, without an outcome of
their own: what the store comes to have is what their receipts get.

Nothing here waits: questions go to the store, and what follows comes with the answer,
in a later step.  In reading order:

    members    which partitions are this node's; beats, takes and gives
    dropping   lanes whose partition is another's now, or is to be
    storing    prompts for keys of others
    following  what others have sent, and what they have answered
    ordering   prompts of one key through different nodes, in their order
    verbs      what is asked of the owner of a key, and done for others
    others     `Others`: all of it, as router and writer see it
"""
