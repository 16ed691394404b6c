"""The tree of the demo's service: what anybody's service might look like.

May know `actors` and `supervision` as users do, and the traffic; must not know that it
is a demo, watched from outside.  In reading order:

    tools chat      what turns use, and the session whose turns they are
    senders         the traffic, as an actor
    faults          what goes wrong with the tree
    tree            all of it
"""
