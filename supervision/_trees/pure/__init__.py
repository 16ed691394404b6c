"""The rules of restarting as code that knows no Trio and no actors: tables, not tasks.

May know the words of `actors` and of `_trees`; must not know who carries it out.  Time
comes in as a number, what is to be done goes out as commands.  In reading order:

    child ledger            a child and its commands; the books of restarts
    rules group machine     an ordered set of children
    dynamic                 many children of one kind
"""
