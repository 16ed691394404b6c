"""What is written down of a service, so that writing can harm nobody.

A filter, a handler or a formatter is a stranger's code, and what it raises must not
reach who decides something.  Every other room of this package logs through this one.
Knows only what of actors is needed to say whose record it is.  In reading order:

    safe            loggers whose calls cannot fail
    rate            so many records a second, and then their number
    whose           the router, the key and the turn in whose code a record is made
"""
