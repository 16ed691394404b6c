"""Answers that outlive their process."""
