"""What is submitted goes to the store in batches, one at a time, until it is there.

May know what a store is told and answers, and Trio; must not know what the records are
about.  In reading order:

    book      which records become one batch, and what is unwritten; pure
    writer    one batch at a time, again until there is an answer
    waiter    a task that waits for one, and why there will be none
"""
