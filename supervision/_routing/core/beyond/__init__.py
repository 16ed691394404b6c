"""A router's parts where its store is shared with other nodes.

Below the other parts: they are found behind `core`.  In reading order:

    dropping   lanes end without outcomes, because their keys are other nodes'
    joining    prompts that other nodes have stored stand in the queues of this one
"""
