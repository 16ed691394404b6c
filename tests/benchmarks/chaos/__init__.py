"""Chaos: what its checker finds, what it reads, and one short run."""
