"""What is decided from figures: goals, the guard, and that none is in vain."""
