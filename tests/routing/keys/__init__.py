"""What can be done about a key, and how its session comes: with hand-made worlds."""
