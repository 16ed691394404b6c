"""Walk more: `python -m tests.durable.walks FIRST COUNT`; status 1 if any was wrong."""

from __future__ import annotations

import sys

from actors.testing import run_seeded

from .walk import walk

first, count = map(int, sys.argv[1:])
bad = 0
for seed in range(first, first + count):
    wrong = run_seeded(walk, seed, seed=seed).wrong
    if wrong:
        bad += 1
        sys.stdout.write(f"seed {seed}: {wrong}\n")
        sys.stdout.flush()
sys.stdout.write(f"{count} walks: {bad} wrong\n")
sys.exit(1 if bad else 0)
