"""A turn's inner side: a child actor of its session, and the parts that it holds.

May know the words of a conversation (outcomes, errors, policies, receipts), an actor
and its seat; must not know sessions or routers.  In reading order:

    ends                what ends a turn, and what its outcome is
    steering            the prompts that wait for its checkpoint
    watchdog clocks looks   its clocks: sums, one timer, and one timer for many
    early probe         what ends it early; whether its session lives
    family extra        its child turns; what few turns have
    run                 the turn itself
"""
