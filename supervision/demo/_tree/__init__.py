"""The tree of the demo's service: what anybody's service might look like.

May know `actors` and `supervision` as users do, and the traffic; must not know that it
is a demo, watched from outside.  In reading order:

    ledger          what the service can say of each prompt, and of itself
    tools chat      what turns use, and the session whose turns they are
    desk door       where senders are served, in this process and from another
    faults          what goes wrong with the tree
    tree            all of it
"""
