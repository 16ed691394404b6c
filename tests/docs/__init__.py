"""What is said: the README, the pages of `docs/`, and `help()`."""
