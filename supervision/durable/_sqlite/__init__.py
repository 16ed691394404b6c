"""A store in a file: SQLite, one connection, one thread that writes.

It knows neither a router nor a codec.  Only what is imported when a `SqliteStore` is
made needs apsw.  In reading order:

    lock        whose file it is, and which opening: a lock file beside it
    sql         what of apsw is used
    schema      the tables, their version, how an older one is brought up
    rows/       histories, journals, reminders, looks: the statements of each
    carrying    what each record does to the tables: few statements a batch
    database    the file: transactions, what their failures mean, the log, copies
    opening     claimed, opened, closed
    reader      a file, or a copy, that is read and nothing else
    store       SqliteStore: the value that describes it
"""
