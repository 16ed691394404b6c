"""Play many stories: `python -m tests.durable.kills --seeds 25000 --first 1000`.

Ends with status 1 if anything in any of them was not as it must be; says which.
"""

from __future__ import annotations

import argparse
import sys

from actors.testing import run_seeded

from .checking import wrong
from .play import play


def main() -> int:
    """Play them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.durable.kills")
    parser.add_argument("--seeds", type=int, default=1000, help="how many stories")
    parser.add_argument("--first", type=int, default=0, help="the first one's seed")
    options = parser.parse_args()
    kills = prompts = bad = 0
    for seed in range(options.first, options.first + options.seeds):
        story = run_seeded(play, seed, seed=seed)
        found = wrong(story)
        kills += story.kills
        prompts += len(story.prompts)
        if found:
            bad += 1
            sys.stdout.write(f"seed {seed}: {found}\n")
            sys.stdout.flush()
    text = f"{options.seeds} stories, {prompts} prompts, {kills} kills: {bad} wrong\n"
    sys.stdout.write(text)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
