"""A prompt that is put into a turn that runs, where the agent offers that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from acp.schema import ImageContentBlock

from actors import Completed, Outcome, Steered
from tests.acp.scenes import Scene, calls, hands, params, scripted
from tests.acp.yard import open_yard, texts

STEERS = hands(_meta={"steering": {"supported": True}})
IMAGE = ImageContentBlock(type="image", data="", mime_type="image/png")


async def steer(
    diary: Path | None, answer: list[Any], prompt: Any = "left"
) -> tuple[list[str], Outcome, Outcome]:
    """Steer a turn; what was said, and what became of the prompts."""
    scenes: dict[str, list[Scene]] = {
        "initialize": STEERS,
        "session/prompt": [
            [
                ["say", "one"],
                ["await", "_session/steering"],
                ["reply", answer],
                ["end"],
            ],
            [["say", "two"], ["end"]],
        ],
    }
    if prompt is IMAGE:
        scenes["session/prompt"][0][1:3] = [["await", "session/cancel"]]
    async with (
        open_yard(scripted(diary, scenes)) as yard,
        yard.router.open_turn("k", "go") as stream,
    ):
        chunks = [await anext(stream)]
        steering = stream.steer(prompt)
        steered = await steering.outcome()
        if prompt is IMAGE:
            yard.router.cancel("k", hard=False)
        chunks.extend([chunk async for chunk in stream])
        outcome = await stream.outcome()
    return texts(chunks), steered, outcome


async def test_a_steering_prompt_is_put_into_the_turn(tmp_path: Path) -> None:
    """It is taken, and the turn goes on."""
    diary = tmp_path / "diary"
    said, steered, outcome = await steer(diary, ["result", {"outcome": "injected"}])

    assert said == ["one"]
    assert isinstance(steered, Steered)
    assert isinstance(outcome, Completed)
    (asked,) = params(diary, "_session/steering")
    assert asked["prompt"] == [{"type": "text", "text": "left"}]
    assert asked["_meta"] == {"steering": {"idleBehavior": "promptRequired"}}


@pytest.mark.parametrize(
    "answer",
    [
        ["result", {"outcome": "promptRequired", "reason": "noRunningTurn"}],
        ["result", {"outcome": "startedNewTurn"}],
        ["result", "?"],
        ["error", {"code": -32601, "message": "what?"}],
    ],
)
async def test_what_the_agent_has_not_taken_is_put_to_it_again(
    tmp_path: Path, answer: list[Any]
) -> None:
    """In the same turn: nothing is lost, and the outcome is true."""
    diary = tmp_path / "diary"
    said, steered, outcome = await steer(diary, answer)

    assert said == ["one", "two"]
    assert isinstance(steered, Steered)
    assert isinstance(outcome, Completed)
    assert steered.turn == outcome.turn
    assert outcome.result == "onetwo"
    assert calls(diary).count("session/prompt") == 2


async def test_what_it_cannot_take_is_noted() -> None:
    """The turn does not suffer."""
    _, steered, outcome = await steer(None, [], IMAGE)

    assert isinstance(steered, Steered)
    assert isinstance(outcome, Completed)
    assert "'image'" in outcome.notes["steering_refused"]
