"""A tree beside asyncio and beside threads: real loops, real threads, and no sleeps.

`ground` is the tree and what tests need around it, `test_wire` has the pieces alone.
Then the two faces: `test_asyncio`, `test_threads`; how turns are read from there:
`test_reading`; how a block is entered and left: `test_blocks`; from Trio to the host:
`test_host`; who may call what from where: `test_sides`; and what a program sees:
`test_programs`.
"""
