"""What a prompt for an agent may be, and what the protocol makes of it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

from acp.schema import (
    AudioContentBlock,
    EmbeddedResourceContentBlock,
    ImageContentBlock,
    ResourceContentBlock,
    TextContentBlock,
)

from .agent import Capabilities

ContentBlock: TypeAlias = (
    TextContentBlock
    | ImageContentBlock
    | AudioContentBlock
    | ResourceContentBlock
    | EmbeddedResourceContentBlock
)
"""A piece of a prompt, as in `acp.schema`."""

PromptLike: TypeAlias = str | ContentBlock | Sequence[str | ContentBlock]
"""A prompt for an agent."""

_BLOCKS = (
    TextContentBlock,
    ImageContentBlock,
    AudioContentBlock,
    ResourceContentBlock,
    EmbeddedResourceContentBlock,
)


def content_of(prompt: object) -> list[ContentBlock]:
    """A prompt as the blocks of the protocol.

    Raises:
        TypeError: it is no prompt for an agent.
    """
    if isinstance(prompt, str):
        return [TextContentBlock(type="text", text=prompt)]
    if isinstance(prompt, _BLOCKS):
        return [prompt]
    if isinstance(prompt, list | tuple) and prompt:
        parts = cast("Sequence[object]", prompt)
        if all(isinstance(part, (str, *_BLOCKS)) for part in parts):
            return [block for part in parts for block in content_of(part)]
    msg = (
        "a prompt for an agent must be a str, a content block of acp.schema, or a "
        f"non-empty sequence of these, got {prompt!r:.100}"
    )
    raise TypeError(msg)


def not_taken(blocks: Sequence[ContentBlock], can: Capabilities) -> str | None:
    """The type of the first block that this agent does not take; None: it takes all.

    Text and links every agent takes.
    """
    for block in blocks:
        match block:
            case ImageContentBlock() if not can.image:
                return "image"
            case AudioContentBlock() if not can.audio:
                return "audio"
            case EmbeddedResourceContentBlock() if not can.embedded:
                return "resource"
            case _:
                pass
    return None


def text_of(blocks: Sequence[ContentBlock]) -> str:
    """The text of a prompt."""
    return "".join(b.text for b in blocks if isinstance(b, TextContentBlock))
