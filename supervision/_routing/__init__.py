"""Sessions by key: who may come in, who gets a place, who gets a slot, who goes.

May know `actors`, its hosting room, and the words of `_trees`.  In reading order:

    limits slots idle tokens    words, and decisions that are pure
    core turns places ends entry waiting verbs router   the router, in layers
    census                      which routers there are
    stream sending handle       what users hold
"""
