"""A node's other way to the store: questions, and hints from other nodes.

In reading order:

    asking       each question as a message, and what the server says as a reaction
    listening    hints, and whether they come
    sharing      the way itself: one question after the other, in a thread of its own
"""
