"""Play many stories: `python -m tests.durable.nodes --seeds 1000 --first 5000`.

Ends with status 1 if anything in any of them was not as it must be; says which.
"""

from __future__ import annotations

import argparse
import sys

from actors.testing import run_seeded

from .story import play


def main() -> int:
    """Play them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.durable.nodes")
    parser.add_argument("--seeds", type=int, default=1000, help="how many stories")
    parser.add_argument("--first", type=int, default=0, help="the first one's seed")
    options = parser.parse_args()
    kills = lives = prompts = bad = 0
    for seed in range(options.first, options.first + options.seeds):
        story = run_seeded(play, seed, seed=seed)
        kills += story.kills
        lives += story.lives
        prompts += len(story.accepted)
        if story.wrong:
            bad += 1
            sys.stdout.write(f"seed {seed}: {story.wrong}\n")
            sys.stdout.flush()
    told = f"{prompts} prompts, {kills} kills, {lives} new nodes"
    sys.stdout.write(f"{options.seeds} stories, {told}: {bad} wrong\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
