"""The handles for asyncio: what crosses is awaited.

They belong to no loop: each call waits in the loop that it was made in.  In reading
order:

    waiting     how a coroutine waits for what another thread puts down
    turn        AsyncReceipt, AsyncTurn: an accepted prompt, an answer being read
    anywhere    the verbs for a key of any node
    sending     how prompts are sent and answers read
    router      AsyncRouter: that, and verbs
    tree        AsyncTree: the tree, and what can be asked of its actors
    opening     open_tree: its block
"""
