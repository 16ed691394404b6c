"""What a turn leaves beside its state: it counts if and only if the turn completes.

May know a turn's inner side; must not know what becomes of what is left.

    reminder    why a turn runs that nobody has sent a prompt for
    leaves      the part of `Turn` by which it is left
"""
