"""What a report is held against: goals, and what was before.

May know the vocabulary at the top and the reports of `measuring`. Must not measure: who
needs fresh figures is handed a way to get them. In reading order:

- `goal`: what a goal is
- `aims`, `aims_sessions`: the goals that we set ourselves
- `goals`: which of them a report reaches
- `baseline`: what ours was, by its floor; `baseline.json`
- `guard`: whether anything has become clearly slower
"""
