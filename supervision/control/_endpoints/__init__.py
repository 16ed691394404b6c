"""What is asked over the control socket, and what is answered: requests and responses.

May know the view of a service, events and starlette; must not know sockets, connections
or the service.  In reading order:

    words           JSON as it goes over the wire, and answers that say no
    encode          any event as plain JSON
    request         what a request asks for: paths, parameters, bodies
    metrics         the statistics as Prometheus reads them
    stream          events to a client, as long as it listens
    gate            what every request passes: bounded bodies, time, faults of ours
    audit           a line in the log for what is done
    stores          the endpoints about stores
    app             the other endpoints
"""
