"""What turns leave: their record, prompts that they send, and reminders.

May know what a store is told, and a router's way in by its name; must not know how a
turn ends.  In reading order:

    sending     prompts for others, in a turn's commit
    beats       when a reminder is due, and how many times were missed; pure
    reminding   one timer for all reminders, and their prompts
    leaving     all that a turn leaves, on its way into the store
"""
