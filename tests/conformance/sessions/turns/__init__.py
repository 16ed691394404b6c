"""One turn: its answer as it grows, its clocks, its children, and its one end."""
