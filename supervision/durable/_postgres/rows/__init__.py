"""The statements of what is kept, a page for each; see `carrying` for their order.

Nothing here waits for the server: a page adds statements to a message, and says who
reads what they find.  In reading order:

    message      what a batch is sent as, and how values stand in it
    prompts      prompts: accepted, marked, ended, found, brought
    turns        all that turns leave
    sessions     what is kept of keys: tokens, crashes, why they are held; forgetting
    histories    entries of histories
    journals     chunks of answers
    reminders    reminders, those that are due, those that came
    looks        keys as whoever looks sees them, and those with open prompts
    pruning      what is no longer kept
"""
