"""The scenarios: each runs, each result is right."""
