"""Servers for tests: made in a folder, run as nobody who matters, stopped by pid."""
