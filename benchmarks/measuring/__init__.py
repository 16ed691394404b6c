"""From what is to be measured to a report: who runs when, and what is kept.

May know the vocabulary at the top (`run`, `scenario`, `amounts`, `figures`), and loads
scenarios by their names. Must not know goals, tables or the command line. In reading
order:

- `catalogue`: which scenarios there are, of the standard set and of a user's modules
- `orders`: what was asked for becomes a report
- `rounds`: each contender once, then all again, interleaved
- `worker`: one contender, once, in a process of its own
- `store`: a report, in memory and as JSON
- `conditions`, `interpreter`: what figures depend on
- `progress`: what is seen while it lasts
"""
