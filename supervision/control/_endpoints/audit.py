"""A line in the log for everything that is done through the control socket.

Who (the kernel says it of the other end of a Unix socket), what, to whom, with which
words, and what was answered: logger `supervision.audit`, level INFO.  Looking leaves no
line.  What strangers have typed is made safe and cut.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from supervision._view.errors import ViewError
from supervision._words.text import cut, printable

from .request import part

Endpoint = Callable[[Request], Awaitable[Response]]

_LONGEST: Final = 300  # characters of each text
_FINE: Final = 400  # statuses below it

logger = logging.getLogger("supervision.audit")


def audited(verb: str, endpoint: Endpoint) -> Endpoint:
    """The same endpoint, which leaves a line.

    Args:
        verb: what it does, in a word.
        endpoint: does it.
    """

    async def doing(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except ViewError as error:
            # who has hung up is told of no error either
            await _tell(request, verb, str(error), done=False)  # noqa: ASYNC120
            raise
        except BaseException as error:
            text = f"not answered: {type(error).__name__}"
            _write(request, verb, "", text, done=False)
            raise
        said: dict[str, Any] = json.loads(bytes(response.body))
        text = str(said.get("done", said.get("error", "")))
        await _tell(request, verb, text, done=response.status_code < _FINE)
        return response

    return doing


async def _tell(request: Request, verb: str, answer: str, *, done: bool) -> None:
    # the gate has read all of it: no checkpoint that anybody waits at
    body = (await request.body()).decode("utf-8", "replace")
    query = request.scope["query_string"].decode("latin-1")
    _write(request, verb, " ".join(filter(None, (query, body))), answer, done=done)


def _write(request: Request, verb: str, words: str, answer: str, *, done: bool) -> None:
    pid, uid = request.scope.get("state", {}).get("peer") or (None, None)
    target = "/".join(part(request, name) for name in request.path_params)
    safe = [printable(cut(each, _LONGEST)) for each in (target, words, answer)]
    logger.info(
        "%s%s by user %s, process %s: %s",
        verb,
        f" {safe[0]}" if target else "",
        "?" if uid is None else uid,
        "?" if pid is None else pid,
        safe[2] if done else f"refused: {safe[2]}",
        extra={
            "verb": verb,
            "target": safe[0],
            "words": safe[1],
            "uid": uid,
            "pid": pid,
            "done": done,
        },
    )
