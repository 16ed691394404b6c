"""The control socket: HTTP on a Unix socket that only its owner can talk to.

It stands on `supervision._view`: a `View` says and does everything, nothing of that is
known here, and nothing of the service that has it.  Needs starlette and hypercorn:
`pip install 'trio-actors[control]'`.  In reading order:

    socket          a listening socket at a path: no other can have it meanwhile
    _endpoints/     what is asked over it, and what is answered
    connection      one accepted connection, which no client can hold up
    server          all of them, in a Trio task
    _described/     the same in an OpenAPI file, and for people

Raises:
    ImportError: they are not installed.
"""

try:
    from ._endpoints.app import make_app as make_app
    from ._endpoints.encode import encode_event as encode_event
    from .server import serve_control as serve_control
    from .server import serve_metrics as serve_metrics
    from .socket import BoundSocket as BoundSocket
    from .socket import SocketHeldError as SocketHeldError
    from .socket import SocketPathError as SocketPathError
    from .socket import bind_socket as bind_socket
except ModuleNotFoundError as _error:
    if _error.name is None or _error.name.startswith(("actors", "supervision")):
        raise  # a fault of ours
    _text = (
        f"the control socket needs {_error.name}, which is not installed: "
        "pip install 'trio-actors[control]'"
    )
    raise ImportError(_text, name=_error.name) from _error

__all__ = (
    "BoundSocket",
    "SocketHeldError",
    "SocketPathError",
    "bind_socket",
    "encode_event",
    "make_app",
    "serve_control",
    "serve_metrics",
)
