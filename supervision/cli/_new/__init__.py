"""`actors new NAME`: a small service to begin with, which passes all its checks.

May know the client's errors; must not know the command line.  In reading order:

    templates/      the files, with `$name` where the name stands
    names           which names a service may have
    project         `{file: its text}`
    command         writes them, and says what comes next
"""
