"""The handles for threads without an event loop: what crosses blocks.

Any number of threads may use one handle.  In reading order:

    waiting     how a thread waits for what another one puts down
    turn        BlockingReceipt, BlockingTurn: an accepted prompt, an answer being read
    anywhere    the verbs for a key of any node
    sending     how prompts are sent and answers read
    router      BlockingRouter: that, and verbs
    tree        BlockingTree: the tree, and what can be asked of its actors
    opening     open_blocking_tree: its block
"""
