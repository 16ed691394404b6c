"""What belongs to a process that is a service, and not to its tree.

May know how it is run; must not know actors, routers or the service.  In reading order:

    outlet          a stream that holds up nobody who writes
    logging         the log, for a person or a machine
    blocked         what blocks the event loop
    notify          what the service manager is told
    progress        how far a drain has come
    signals         what SIGTERM and Ctrl-C mean
"""
