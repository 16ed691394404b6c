"""Readers: they leave, come back, and are several, over HTTP too."""
