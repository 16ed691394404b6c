"""A seeded storm over a whole service: the net under every change of the inside.

A storm is played from a plan, on a virtual clock, in an order of scheduling that its
seed fixes; then all that has been seen is checked.  It knows the public API only
(`actors`, `supervision`, `actors.testing`), so that what is inside may move freely.

General layout, in reading order:

    plan        what a storm is, as pure data, and how a seed becomes one
    words       what prompts and messages say, and how often each of them comes
    story       what is seen while it is played: one tape, in the order of events
    sessions    the cast: sessions that do what their prompts say
    clerks      the cast: plain actors that do what they are told
    tree        the cast: the supervisors above all of them
    players     who plays the steps of a plan; those about actors are in `orders`
    hangs       how a storm that never ends is noticed, and left
    play        one storm from its beginning to its end
    rest        what must be true of a service at rest
    checks      the promises, a sentence each; looked up in `check_*`
    known       faults that are known and not mended yet; a storm without them
    shrinking   how a failing plan is cut down
    run         many storms, as a program
    faults      faults that are planted, to see that storms find them
"""
