"""What becomes of one conversation in runtimes that people would take instead.

    python -m benchmarks.apart

Three questions, the same for each: five prompts at once to one conversation; what turn
600 costs beside turn 1; what an idle conversation takes.  A model that answers at once
stands in for the real one.  Each runtime keeps its conversations in memory, as its own
documentation says, and plays in a process of its own; one that is not installed is
left out, with what to install.  May know public names of ours, in `runtimes` only.  In
reading order:

- `model`: what stands in for a model, and counts
- `runtimes/`: one file each: say something in a conversation, and what it remembers
- `play`: the three questions, put to one of them
- `report`: the table
"""
