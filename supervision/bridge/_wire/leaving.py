"""What leaves the block of a tree: its body's exception, the tree's crash, or both.

As with `open_system`: a crash leaves as the original exception; together with one of
the body, as a group of both, the crash first.  What the body got *because* of the crash
is none.
"""

from __future__ import annotations

from collections.abc import Callable

from supervision.bridge.errors import TreeEndedError


def what_leaves(
    body: BaseException | None,
    crash: BaseException | None,
    is_consequence: Callable[[BaseException], bool],
) -> BaseException | None:
    """Give the exception that leaves; None: none.

    Args:
        body: what the body has raised.
        crash: what the tree has crashed with.
        is_consequence: whether the body's exception is only the crash's doing.
    """
    if crash is None:
        return body
    if body is None or isinstance(body, TreeEndedError) or is_consequence(body):
        return crash
    if body is crash:
        return crash
    text = "the body of the block and the tree both failed"
    return BaseExceptionGroup(text, [crash, body])
