"""A store in memory that outlives simulated processes, and fails when it is told to.

For tests, users' too.  It knows neither a router nor a codec, and of Trio only what
tells the answers in a later step.  In reading order:

    histories  entries of histories, and what each record does to them: pure
    journals   blocks of chunks, the same way
    prompts    prompts, and what is done to them; one, as a test sees it
    reminders  prompts that are to come at a time
    looks      keys as whoever looks sees them
    tables     what is kept, and what each record does to it: no Trio
    faults     how it is to fail: a script that a test writes
    cluster    what nodes of a store have in common: no Trio
    questions  what a node asks beside its batches
    opening    one router's: batches on their way, until it is closed or killed
    store      MemoryStore: the value that outlives them
    server     MemoryServer: what many nodes share
"""
