"""The streams between a turn and whoever reads its answer.

Know the policies and errors of a conversation; must not know turns, sessions, routers.
A turn sees one of them through `put`, `put_nowait`, `put_if_room`, `begin` and `close`,
and, where it is quick, through `queue`, `room`, `reader` and a `burst`.  In reading
order:

    sleeper             a place to wait in
    first               waiting until a turn has its first step
    writers             who waits for room
    burst               what is said between waking the reader and its next step
    keeper              what keeps chunks where they outlive the process: a protocol
    chunks              one reader: what is read is gone
    place log           any number of readers: chunks are numbered and kept for a while
"""
