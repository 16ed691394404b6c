"""The tasks that handle messages.

May know the cell, its parts and the hub.  Nothing else knows them, but the system that
starts them.  In reading order:

    slice                   how long a worker goes on before others have their turn
    hand                    what a worker has in hand
    attend                  the careful way: one unusual thing at a time
    drain                   the loop over one cell's messages
    sweep                   the loop over the ready queue, and one message's short cut
    worker                  the task
"""
