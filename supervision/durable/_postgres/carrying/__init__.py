"""From a batch to a message, and from what the server says to answers.

Pure: nothing here knows a connection.  In reading order:

    refusing     what PostgreSQL does not take, beside what no store takes
    grouping     which records of a batch are carried out together
    looking      records that are carried out one by one
    carrying     a batch: its statements, and its answers
    usual        statements that stand in functions of the schema
"""
