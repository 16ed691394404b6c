#!/usr/bin/env bash
# openai + Trio: an answer that was read to its end, in its block, leaves generators behind.
#
# `async with await client.chat.completions.create(stream=True) as stream`, and `async for`
# until it ends by itself: the guess is that all is closed then, as it is for a turn of a
# few lines.  The library's reader breaks out of its own loop at `data: [DONE]`, and what it
# reads by (a generator of its own; with what is inside, when it is left early) is suspended
# there and never closed.  asyncio closes such things silently later; Trio closes them too, and warns
# of each: a ResourceWarning for every answer, which fails tests under `-W error`.  The same
# when the block is left early.  Reading the lines of `stream.response` to their end leaves
# nothing.
#
# Seen with openai 3.57.0, Trio 0.35.0 on Python 3.11, over a socket of this machine:
#
#     lines of the response: 2 chunks, generators left: 0
#     by the library:        2 chunks, generators left: 4
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet openai==3.57.0 trio==0.35.0

"$work/venv/bin/python" - <<'PY'
import gc
import json
import sys
import warnings

import trio
from openai import AsyncOpenAI

CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"

async def serve(line):
    asked = b""
    while not asked.endswith(b"}"):
        asked += await line.receive_some()
    said = HEAD
    for word in ("hello", "there"):
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        said += b"data: %s\n\n" % json.dumps(CHUNK | {"choices": [choice]}).encode()
    await line.send_all(said + b"data: [DONE]\n\n")
    await line.aclose()

async def read(client, how):
    said = []
    create = client.chat.completions.create
    messages = [{"role": "user", "content": "hi"}]
    async with await create(model="m", messages=messages, stream=True) as stream:
        if how == "lines":
            async for data in stream.response.aiter_lines():
                if data.startswith("data: {"):
                    said.append(data)
        else:
            async for chunk in stream:
                said.append(chunk)
    return len(said)

async def main():
    seen = []
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(lambda task_status: trio.serve_tcp(
            serve, 0, host="127.0.0.1", task_status=task_status))
        port = listeners[0].socket.getsockname()[1]
        async with AsyncOpenAI(api_key="none", base_url=f"http://127.0.0.1:{port}/v1") as client:
            for how in ("lines", "whole"):
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    chunks = await read(client, how)
                    gc.collect()
                    for _ in range(100):  # one that is closed lets go of the next
                        await trio.lowlevel.checkpoint()
                left = [str(each.message).split("'")[1] for each in caught if "Async gen" in str(each.message)]
                seen.append((chunks, left))
        nursery.cancel_scope.cancel()
    return seen

seen = trio.run(main)
for name, (chunks, left) in zip(("lines of the response:", "by the library:       "), seen):
    print(f"{name} {chunks} chunks, generators left: {len(left)}")
(_, lines), (_, whole) = seen
sys.exit(not (whole and not lines))
PY
