"""A store on a server: PostgreSQL, three connections for each node.

It knows neither a router nor a codec.  Only what is imported when a `PostgresStore` is
made needs psycopg.  In reading order:

    target      where the server is, without a secret
    rows/       the message that a batch is sent as, and the statements in it
    link        a connection, and what its failures mean
    schema      the tables, their version, how they are made beside other nodes
    carrying/   from a batch to a message, and from what is found to answers
    database    batches: sealed, carried out, and what is done when one is not
    ending      how a thread ends that waits for a server
    nodes/      questions of a node, hints from others
    opening     claimed, opened, closed
    store       PostgresStore: the value that describes it
"""
