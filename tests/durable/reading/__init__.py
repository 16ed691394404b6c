"""Conversations that are read without a session of theirs, and put away."""
