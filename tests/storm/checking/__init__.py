"""What is checked when a storm is over.

May know the world of storms.  In reading order:

    rest                    what must be true of a service at rest
    replay                  the tape, turn by turn
    of_actors of_prompts of_turns   the promises, by whose they are
    checks                  all of them, a sentence each
"""
