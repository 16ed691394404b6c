"""Bodies that nobody else can read, and in which thread.

`boxes`: toys of seals. `test_seals`: one body. `test_sealed`: routers with a seal.
"""
