#!/usr/bin/env bash
# httpx2 and httpx: `aiter_lines` cuts an event of JSON in two, at U+2028 and others.
#
# A model's answer comes as lines, `data: {...}`, and `response.aiter_lines()` reads lines:
# the guess is that each is one event, as JSON escapes the line ends that are in a text.
# It escapes "\n" and "\r".  U+2028, U+2029 and U+0085 may stand in JSON as they are (many
# servers do not write in ASCII, and models do emit them), and end no line of an event;
# httpx takes all that `str.splitlines` takes for an end.  So `json.loads` gets a half,
# once in some thousand answers, and never in a test.  Split the bytes at b"\n" instead.
#
# Seen with httpx2 2.16.2, httpx 0.28.1 on Python 3.11:
#
#     httpx2 2.16.2: the event is 1 line of bytes, aiter_lines gives 2: ['data: "one', 'two"']
#     httpx 0.28.1: the event is 1 line of bytes, aiter_lines gives 2: ['data: "one', 'two"']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet httpx2==2.16.2 httpx==0.28.1

"$work/venv/bin/python" - <<'PY'
import asyncio
import json

import httpx
import httpx2


async def lines_of(library: object) -> list[str]:
    body = ('data: ' + json.dumps('one\u2028two', ensure_ascii=False) + '\n').encode()
    assert body.count(b"\n") == 1
    response = library.Response(200, content=body)
    return [line async for line in response.aiter_lines()]


for library in (httpx2, httpx):
    lines = asyncio.run(lines_of(library))
    said = f"the event is 1 line of bytes, aiter_lines gives {len(lines)}: {lines}"
    print(f"{library.__name__} {library.__version__}: {said}")
    assert lines == ['data: "one', 'two"'], "it behaves otherwise now"
PY
