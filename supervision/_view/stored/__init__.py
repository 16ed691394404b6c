"""What a service says of the stores of its routers, and of the nodes that share them.

May know routers, sessions as shapes, and why something is not shown; not the view that
has it.  Unlike the rest of the view it asks somebody.  In reading order:

    shapes   the words
    nodes    keys of other nodes: where they are, what their owners say and do
    contents what conversations hold, as JSON
    found    a key or a prompt of a store
    stores   keys that may be nowhere else, prompts, copies
"""
