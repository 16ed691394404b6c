"""What a storm is, who plays in it, and one storm from its beginning to its end.

Knows the public API only.  In reading order:

    plan words story        a storm as pure data; what is said; what is seen of it
    sessions clerks tree    the cast
    players orders          who plays the steps of a plan
    hangs play              a storm that never ends; one storm, played
"""
