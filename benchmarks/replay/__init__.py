"""`python -m benchmarks.replay`: an hour of real traffic in virtual time.

May know `actors`, `supervision` and the recorded traffic; of the harness only `run`. In
reading order:

- `replaying`: every recorded turn through one router, and what must hold of it
- `players`: who sends, reads, leaves and aborts, and the sessions that answer
- `book`: what is written down while it lasts
"""
