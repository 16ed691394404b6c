"""The statements, and what carries out those beside prompts and states; a page each.

In a transaction that is the caller's; each knows its own tables.  In reading order:

    statements   prompts and states, as text
    histories    entries of histories
    journals     chunks of answers
    reminders    reminders, those that are due, those that came
    looks        prompts by their address, keys as whoever looks sees them
"""
