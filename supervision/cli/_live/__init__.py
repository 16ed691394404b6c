"""The live view: `actors top`, drawn anew as long as somebody looks.

May know the client, what is drawn and how commands print; must not know the command
line.  In reading order:

    keyboard screen     single keys, a page of its own, and a sane terminal after
    top             asking, keys and drawing, together
"""
