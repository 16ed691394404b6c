"""Sessions: prompts and turns, routed by key.

Knows what all scenarios know, and `scenarios.cast`. In reading order:

- `cast`: sessions that several share, and routers that refuse nothing
- `pooling`: turns, streams and lives beside pools that are written by hand
- `routing`: what a send costs, whatever the number of sessions
- `conversing`: the time of a turn, its clocks, a thousand streams, sessions that go
- `reading`: answers whose readers may come back
- `memory`: sessions at rest
- `sharing`: who waits how long for a slot
- `replaying`: an hour of real traffic
- `keeping`: prompts, outcomes and states in a file
- `remembering`: a conversation that is long, and to read one
- `passivating`: keys that only the store knows, and copies of it
"""
