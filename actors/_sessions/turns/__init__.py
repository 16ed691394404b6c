"""A turn's inner side: a child actor of its session, and the parts that it holds.

May know the words of a conversation (outcomes, errors, policies, receipts), an actor
and its seat; must not know sessions or routers.  In reading order:

    verdicts            what ends a turn, and what its outcome is
    steering            the prompts that wait for its checkpoint
    watchdog clocks looks   its clocks: sums, one timer, and one timer for many
    partial             the latest of what it has emitted
    early probe         what ends it early; whether its session lives
    careful             the end of one that has something to do there
    family extra        its child turns; what few turns have
    run                 the turn itself
"""
