"""Values as bytes, and back: what a store keeps, and nothing that runs code.

May know the words of a conversation and of a store; must not know a router, a store's
tables, Trio.  Whatever would not come back as it is is refused when it is written; what
cannot be read is a `CodecError`, whatever the bytes are.  In reading order:

    protocol    `Codec`, and `Where` a value stands
    models      models of pydantic, taken apart and made
    classes     the classes that may be in a body, by name
    plain       bodies of a tagged walk: for types that nobody has declared
    columns places  whether a value is of a declared type, before msgspec writes it
    typed       bodies that msgspec writes, where the type is declared
    declared    what a session class says of its types
    versions    states that an older release has written
    failures    exceptions as data
    outcomes    outcomes as data
    values      `Values`: the codec of a session class
"""
