"""The control socket: HTTP on a Unix socket that only its owner can talk to.

General layout, from the bottom up; a room imports only rooms above it in this list:

    _socket             a listening socket at a path: no other can have it meanwhile
    _words              JSON as it goes over the wire, and answers that say no
    _encode             any event as plain JSON
    _request            what a request asks for: paths, parameters, bodies
    _metrics            the statistics as Prometheus reads them
    _stream             events to a client, as long as it listens
    _gate               what every request passes: bounded bodies, time, faults of ours
    _app                the endpoints
    _connection         one accepted connection, which no client can hold up
    _server             all of them, in a Trio task

It stands on `supervision._view`: a `View` says and does everything, nothing of that is
known here, and nothing of the service that has it.  Needs starlette and hypercorn:
`pip install 'trio-actors[control]'`.

Raises:
    ImportError: they are not installed.
"""

try:
    from ._app import make_app as make_app
    from ._encode import encode_event as encode_event
    from ._server import serve_control as serve_control
    from ._socket import BoundSocket as BoundSocket
    from ._socket import SocketHeldError as SocketHeldError
    from ._socket import SocketPathError as SocketPathError
    from ._socket import bind_socket as bind_socket
except ModuleNotFoundError as _error:
    if _error.name is None or _error.name.startswith(("actors", "supervision")):
        raise  # a fault of ours
    _text = (
        f"the control socket needs {_error.name}, which is not installed: "
        "pip install 'trio-actors[control]'"
    )
    raise ImportError(_text, name=_error.name) from _error
