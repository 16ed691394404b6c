"""Messages: how fast they come and are answered.

Knows what all scenarios know, and `scenarios.cast`. In reading order:

- `telling`, `asking`: one actor, or few
- `savina`, `meeting`: the longer programs that others measure
- `mailboxes`: what happens when they are full
- `neighbours`, `observing`: what others cost who are busy, wait, or watch
"""
