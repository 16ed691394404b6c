"""What you need to test your own actors."""
