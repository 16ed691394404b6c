"""How a service is run, and how it has ended: values, and their words.

May know what actors count; must not know the service.  In reading order:

    exit_codes      what the exit status means
    settings        the options, checked when they are made
    report          how it went, as a value, in words and in a table
"""
