"""An agent's process and what goes through its pipes.

May know JSON-RPC, processes and Trio; must not know what the methods mean, nor
sessions.  In reading order:

    wire            JSON-RPC by lines, pure
    errors          how an agent fails its session
    settings        how an agent is run
    starting        a process, and the thread that it needs
    family          which processes belong to an agent, and how they are ended
    process         a program with three pipes, for the length of a block
    noise           what it writes that is no message
    connection      calls to and fro
"""
