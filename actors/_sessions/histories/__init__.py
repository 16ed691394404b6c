"""The history of a conversation: entries that are appended, and never changed.

May know the policies of a conversation; must not know turns, sessions or routers: a
turn is asked for its parts.  In reading order:

    draft      what a turn has appended, until it is kept: pure
    log        what is kept of a key: what a house has, and one in memory
    history    what users see of it
"""
