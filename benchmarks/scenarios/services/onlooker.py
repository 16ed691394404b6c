"""Somebody who looks at a service from a process of its own, as `actors top` does.

A program of its own, given the path of a socket: each line on standard input is one
look, a frame of the live view, each over a connection of its own; each is answered with
a line of JSON, or with why nobody could be seen. So whoever measures decides when there
is a look, and is slowed down by nothing but the look itself. It ends with its input.
"""

import json
import sys
import time
from collections.abc import Sequence

from benchmarks.load import SHOWN
from supervision.cli.client import Client, ClientError


def main(words: Sequence[str]) -> int:
    """Look whenever a line comes."""
    client = Client(words[0])
    for _ in sys.stdin:
        sys.stdout.write(json.dumps(looked(client)) + "\n")
        sys.stdout.flush()
    return 0


def looked(client: Client) -> dict[str, float | str]:
    """Look once: the seconds, how many sessions there are, and how many were shown."""
    started = time.perf_counter()
    try:
        frame = client.top(rows=SHOWN, sessions=SHOWN)
    except ClientError as error:
        return {"error": str(error)}
    seconds = time.perf_counter() - started
    sessions = frame["sessions"]
    matching, shown = sessions["matching"], len(sessions["sessions"])
    return {"seconds": seconds, "sessions": matching, "shown": shown}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
