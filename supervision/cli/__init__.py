"""The program `actors`: runs services, and watches, questions and stops them.

It asks with `supervision.client` and draws with `supervision._drawing`; nobody but the
one who types knows it.  Only `actors run` is ever the service itself; `actors demo` is
`supervision.demo`.  In reading order:

    said            what each command says of itself
    values, parser  what an option takes; how a line is refused, and its help drawn
    making          the commands that ask no service
    arguments       all of them: which there are, what each may be told
    _commands/      what they do, one after the other
    _live/          `actors top`, as long as somebody looks
    _check/         `actors check`: what is wrong with a tree
    _new/           `actors new`: a small service to begin with
    _pages/         the manual, and the reference of the command line
    program         `main`, from the command line to the exit status
    client          `supervision.client`, where it was first
"""

from supervision._drawing.frame import Extras as Extras
from supervision._drawing.frame import frame as frame
from supervision._drawing.picture import save_picture as save_picture
from supervision.client.asking import Client as Client
from supervision.client.failures import ClientError as ClientError
from supervision.client.failures import NobodyThereError as NobodyThereError
from supervision.client.failures import RefusedRequestError as RefusedRequestError
from supervision.client.failures import StrangeAnswerError as StrangeAnswerError

from .program import main as main

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
