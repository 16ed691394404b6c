"""`actors check module:Tree`: what is wrong with a tree, found without starting it.

What a constructor or `actors run` refuses is decided there, and asked for here.  Must
not know the command line.  In reading order:

    findings        what is wrong or doubtful, where, and what would be right
    unborn          what an actor is given that only a running one has
    stored          whether a store can keep what sessions deal with
    routers         what a router is declared with
    trees           a supervisor, its children, and theirs
    unit            a unit file of systemd, beside the tree
    folders         where that unit may write, beside the files of stores
    kept            whether this code can read what a store has
    command         looks, and says what it has found
"""
