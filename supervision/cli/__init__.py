"""The program `actors`: runs services, and watches, questions and stops them.

It asks with `supervision.client` and draws with `supervision._drawing`; nobody but the
one who types knows it.  General layout, from the bottom up; a room imports only rooms
above it in this list:

    _keyboard _screen _top      the live view
    _printing _asking _telling  the other commands
    _run                `actors run`
    _arguments _main    the command line

Only `actors run` is ever the service itself; `actors demo` is `supervision.demo`.
"""

from supervision._drawing.frame import Extras as Extras
from supervision._drawing.frame import frame as frame
from supervision._drawing.picture import save_picture as save_picture
from supervision.client.asking import Client as Client
from supervision.client.failures import ClientError as ClientError
from supervision.client.failures import NobodyThereError as NobodyThereError
from supervision.client.failures import RefusedRequestError as RefusedRequestError
from supervision.client.failures import StrangeAnswerError as StrangeAnswerError

from ._main import main as main

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
