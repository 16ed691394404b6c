"""Bodies that nobody else can read: sealed and opened in the store's thread.

May know what a store is told and answers; must not know how values become bytes, nor
any store's tables.  A store with a `seal=` has its batches go through here.  In reading
order:

    seals      `Sealer`: a user's seal, and the place that a body is bound to
    bodies     which bodies are in a record, and in an answer
    sealing    `Sealing`: a batch is sealed, carried out, its answers opened
    asking     `Asked`: the same of what a node asks beside its batches
"""
