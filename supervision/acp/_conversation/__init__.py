"""What is said to an agent and by it, until a prompt is answered.

May know the pipe and the protocol's types; must not know routers, nor whose session it
is.  In reading order:

    content chunks  what a prompt may be, and what it is answered with
    permissions     what the agent asks whether it may
    prompt          one prompt that is being answered
    client          an agent with one conversation
    answering       what a turn makes of the chunks
"""
