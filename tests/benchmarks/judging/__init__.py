"""Goals, baselines and the guard."""
