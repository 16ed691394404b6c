"""A PostgreSQL server of one's own, for benchmarks, chaos and tests.

- `server`: made in a folder, started and stopped by its pid

May know nothing of ours.
"""
