"""The course of a demo: start the service, watch it, ask it to stop, account for it.

May know the traffic, the client and what is drawn; the tree runs in another process.
In reading order:

    outside         the service's process, seen from outside
    calling         the senders' line to it
    audit           what its store says in the end
    summary         all accounts, and whether they add up
    course          from its start to the summary
    watching        what is shown meanwhile
    terminal        who shows it, and what is said in the end
"""
