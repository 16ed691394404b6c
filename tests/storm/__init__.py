"""A seeded storm over a whole service: the net under every change of the inside.

A storm is played from a plan, on a virtual clock, in an order of scheduling that its
seed fixes; then all that has been seen is checked.  It knows the public API only
(`actors`, `supervision`, `actors.testing`), so that what is inside may move freely.

General layout, in reading order:

    world/      what a storm is, who plays in it, and one storm played
    checking/   what is checked when it is over
    known       faults that are known and not mended yet; a storm without them
    shrinking   how a failing plan is cut down
    run         many storms, as a program
    faults      faults that are planted, to see that storms find them
"""
