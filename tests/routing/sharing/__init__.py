"""What the turns and actors of a tree share."""
