"""The server of `openai_scripted.py` on a port of this machine, for any client.

`python -m examples.openai_server` (SCRIPTED_PORT, 8080) says what it is told.
"""

import os
from contextlib import aclosing, suppress
from functools import partial

import h11
import trio

from actors.testing import Answer, words
from examples.openai_scripted import Body, Script, answer


async def serve(model: Script, line: trio.abc.Stream) -> None:
    """Answer one request over HTTP; who does not wait for it gets none."""
    peer, body = h11.Connection(h11.SERVER), b""
    with suppress(trio.BrokenResourceError):
        async with line:
            while not isinstance(came := peer.next_event(), h11.EndOfMessage):
                if came is h11.NEED_DATA:
                    peer.receive_data(bytes(await line.receive_some()))
                elif isinstance(came, h11.Data):
                    body += came.data
                elif isinstance(came, h11.ConnectionClosed):
                    return
            response = await answer(model, body)
            headers = [*response.headers.items(), ("connection", "close")]
            begun = h11.Response(status_code=response.status_code, headers=headers)
            await line.send_all(peer.send(begun) or b"")
            async with aclosing(response):
                if not isinstance(response.stream, Body):
                    await line.send_all(
                        peer.send(h11.Data(data=response.content)) or b""
                    )
                else:
                    async for data in response.stream:
                        await line.send_all(peer.send(h11.Data(data=data)) or b"")
            await line.send_all(peer.send(h11.EndOfMessage()) or b"")


async def main(port: int) -> None:
    """Serve for ever."""
    echo = Script(lambda asked: Answer(*words(asked["messages"][-1]["content"])))
    await trio.serve_tcp(partial(serve, echo), port, host="127.0.0.1")


if __name__ == "__main__":
    trio.run(main, int(os.getenv("SCRIPTED_PORT", "8080")))
