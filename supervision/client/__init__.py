"""Asking a service, from another process: plain blocking calls to its control socket.

Speaks the shapes of `supervision._view` over HTTP, with nothing but the standard
library; of a service it knows the exit statuses.  Must not know what is drawn of the
answers, nor the commands.  In reading order:

    failures        how asking fails
    answers         is what a server sent what its words say?
    connection      HTTP over a Unix socket
    exchange        requests and answers
    asking          Client: what a control socket is asked
    directory       where control sockets are, and which one is meant
"""

from .asking import Client as Client
from .failures import ClientError as ClientError
from .failures import NobodyThereError as NobodyThereError
from .failures import RefusedRequestError as RefusedRequestError
from .failures import SilentServiceError as SilentServiceError
from .failures import StrangeAnswerError as StrangeAnswerError

__all__ = (
    "Client",
    "ClientError",
    "NobodyThereError",
    "RefusedRequestError",
    "SilentServiceError",
    "StrangeAnswerError",
)
