"""How one talks with an agent, until a prompt is answered.

May know the pipe, the words and the protocol's types; must not know routers, nor whose
session it is.  In reading order:

    questions       what the agent asks of a person
    permissions     whether it may do something
    elicitation     a form to fill in, a page to visit
    opening         how a conversation begins, or is gone on with
    prompt          one prompt that is being answered
    client          an agent with one conversation
    others          the conversations that it has beside that one
    answering       what a turn makes of the chunks
    driving         a turn, and its prompt on the way to its end
"""
