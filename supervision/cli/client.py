"""Where `supervision.client` was first: its names, for who has written them so."""

from supervision.client import (
    Client,
    ClientError,
    NobodyThereError,
    RefusedRequestError,
    StrangeAnswerError,
)

__all__ = (
    "Client",
    "ClientError",
    "NobodyThereError",
    "RefusedRequestError",
    "StrangeAnswerError",
)
