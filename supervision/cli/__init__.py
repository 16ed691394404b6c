"""The program `actors`: runs services, and watches, questions and stops them.

General layout, from the bottom up; a room imports only rooms above it in this list:

    _answers            is what a server sent what its words say?
    _failures           how asking fails
    client              Client: what a control socket is asked, as plain calls
    _directory          where control sockets are, and which one is meant
    _text _look         numbers and names for a person; what is wrong, and its colour
    _columns            tables without lines
    _tree_rows _session_rows    the tree and the sessions as rows
    _rates _head frame  one picture of a service, from what it said
    _picture            the same as an SVG
    _keyboard _screen _top      the live view
    _printing _asking _telling  the other commands
    _run                `actors run`
    _arguments _main    the command line

Clients speak the words of `supervision.service` over HTTP, with nothing but the
standard library; `rich` draws.  Only `actors run` is ever the service itself.
"""

from ._failures import ClientError as ClientError
from ._failures import NobodyThereError as NobodyThereError
from ._failures import RefusedRequestError as RefusedRequestError
from ._failures import StrangeAnswerError as StrangeAnswerError
from ._main import main as main
from ._picture import save_picture as save_picture
from .client import Client as Client
from .frame import Extras as Extras
from .frame import frame as frame

__all__ = (
    "Client",
    "ClientError",
    "Extras",
    "NobodyThereError",
    "RefusedRequestError",
    "StrangeAnswerError",
    "frame",
    "main",
    "save_picture",
)
