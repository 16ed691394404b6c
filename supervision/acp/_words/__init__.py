"""What is said to an agent and by it, as values.  Pure.

May know the protocol's types, and what a line is; must not know processes, Trio, nor
who speaks.  In reading order:

    agent       what an agent says of itself
    content     what a prompt may be
    chunks      what it is answered with
    updates     chunks, read from what the agent says
    sorting     whose a chunk is
    usage       what a count of tokens is about
"""
