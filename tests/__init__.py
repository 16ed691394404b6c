"""What is promised, and the facts that hold it: a folder a room, as in the code.

A fact is a test, and its name a sentence. Doubles stand beside those who use them most;
a room may use those of another. Nothing here is installed.

On this floor: what holds for the house as a whole. Then, from below: `actors` (what a
sender and an owner can rely on), `engine` (how that is kept), `kit` (the tools for
tests), `sessions`, `trees`, `routing`, `words`, `view`, `control`, `service`, `cli`
(with `client` and what is drawn), `demo`, `acp`; `benchmarks`; `examples` and `typing`
as strangers would use us; and `conformance`, what others hold themselves to.
"""
