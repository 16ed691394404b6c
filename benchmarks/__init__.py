"""Measure the actors against floors written by hand and against peers.

`python -m benchmarks` prints the table, `python -m benchmarks memory` the figures of
a million actors. This package may import `actors`, trio, asyncio, attrs, rich and the
peers; nothing imports it.

Read ratios, not absolute numbers: the machine drifts by 20-50 % between runs, and the
rounds are interleaved so that the drift meets every contender alike.
"""
