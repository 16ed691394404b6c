"""Other people's actors, on the same work as ours.

A module for each peer: a table `{scenario's name: contender}`. A module whose peer is
not installed cannot be imported, which is the reason that the harness shows. Peers
share nothing but the words below and the shape of the load. May know `run`, `scenario`,
`load`, and where the loop is the peer, floors. Must not know `actors`. In reading
order:

- `erlang_peer`: compiles and runs the programs in `erlang/`
- `triotp_peer`, with `triotp_parts` and `triotp_children`: an OTP on Trio
- `fauxtp_peer`: an OTP on AnyIO
- `pykka_peer`: actors in threads
- `uvloop_peer`: the floors of asyncio on another loop
- `restate_peer`, with `restate_service`: a server that keeps and pushes
- `tantra_peer`: durable actors for agents
"""


class MissingPeerError(ImportError):
    """The peer cannot be had here: not on the PATH, or it does not compile."""


def whole_tree(count: int) -> int:
    """The leaves of the largest tree of tens that has at most `count` of them."""
    return int(10 ** (len(str(count)) - 1))


def sum_below(count: int) -> int:
    """The sum of the numbers from 0 to `count - 1`: what the leaves of a tree hold."""
    return count * (count - 1) // 2
